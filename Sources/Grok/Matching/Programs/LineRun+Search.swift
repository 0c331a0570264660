import Glibc

/// The places where a match may begin.
extension LineRun {
    mutating func search(from first: Int, _ places: LineProgram.Places) -> LineProgram.Outcome {
        unsafe program._withUnsafeGuaranteedRef { search($0, from: first, places) }
    }

    private mutating func search(
        _ program: LineProgram, from first: Int, _ places: LineProgram.Places
    ) -> LineProgram.Outcome {
        for index in 0..<program.looseGroups.count {
            let group = Int(program.looseGroups[index])
            unsafe slots[2 &* group] = -1
            unsafe slots[2 &* group &+ 1] = -1
        }
        let last = count &- program.minimumLength
        if places == .first || program.anchor == .start {
            guard places != .allButFirst, first <= last, canBegin(program, at: first) else { return .noMatch }
            return attempt(at: first)
        }
        var start = first
        if places == .allButFirst {
            start = program.anchor == .line ? nextLine(behind: first) : first &+ 1
            if start < 0 { return .noMatch }
        }
        while start <= last {
            if program.startLiteral.count > 0 {
                start = nextLiteral(program, from: start)
                if start < 0 || start > last { return .noMatch }
            } else if program.anchor == .anywhere {
                start = nextBeginning(program, from: start, through: last)
                if start < 0 { return .noMatch }
            }
            if canBegin(program, at: start) {
                let outcome = attempt(at: start)
                if outcome != .noMatch { return outcome }
                if fuel < 0 { return .unsure }
            }
            start = program.anchor == .line ? nextLine(behind: start) : start &+ 1
            if start < 0 { return .noMatch }
        }
        return .noMatch
    }

    @inline(__always)
    private func canBegin(_ program: LineProgram, at place: Int) -> Bool {
        guard place &+ LineStart.depth <= count else { return Self.has(program.startMask, byteClass(place)) }
        let tables = unsafe UnsafePointer(program.start.address)
        let kinds = unsafe tables[Int(text[place])] & tables[256 &+ Int(text[place &+ 1])]
        return unsafe kinds != 0 && canBegin(program, tables, kinds, at: place)
    }

    /// The same, where the first two bytes have left some kinds.
    @inline(__always)
    private func canBegin(
        _ program: LineProgram, _ tables: UnsafePointer<UInt16>, _ kinds: UInt16, at place: Int
    ) -> Bool {
        let left = unsafe kinds & tables[512 &+ Int(text[place &+ 2])] & tables[768 &+ Int(text[place &+ 3])]
        guard left != 0, unsafe text[place] & 0xC0 != 0x80 else { return false }
        return unsafe left & program.startInsideWords != 0 || place == 0 || !text[place &- 1].isWord
    }

    /// The next place where a match can begin, -1 when there is none.
    private func nextBeginning(_ program: LineProgram, from first: Int, through last: Int) -> Int {
        var place = first
        let whole = min(last, count &- LineStart.depth)
        let (text, tables) = unsafe (text, UnsafePointer(program.start.address))
        while place <= whole {
            let kinds = unsafe tables[Int(text[place])] & tables[256 &+ Int(text[place &+ 1])]
            if kinds != 0, unsafe canBegin(program, tables, kinds, at: place) { return place }
            place &+= 1
        }
        while place <= last {
            if canBegin(program, at: place) { return place }
            place &+= 1
        }
        return -1
    }

    /// Where the line behind the one of a place begins; -1 when there is none.
    private func nextLine(behind place: Int) -> Int {
        guard place < count, let feed = unsafe memchr(text + place, 0x0A, count &- place) else { return -1 }
        return unsafe UnsafePointer(feed.assumingMemoryBound(to: UInt8.self)) - text + 1
    }

    /// Where the bytes that every match begins with stand next; -1 when nowhere.
    private func nextLiteral(_ program: LineProgram, from place: Int) -> Int {
        let literal = program.startLiteral
        var from = place
        while from < count, let hit = unsafe memchr(text + from, Int32(literal[0]), count &- from) {
            let at = unsafe UnsafePointer(hit.assumingMemoryBound(to: UInt8.self)) - text
            if unsafe at &+ literal.count <= count && memcmp(text + at, literal.address, literal.count) == 0 {
                return at
            }
            from = at &+ 1
        }
        return -1
    }
}
