import Glibc

/// What a run looks for from a place on, and what it asks of a place.
extension LineRun {
    /// In the place of an offset: there is none.
    static let nowhere = -1
    /// In the place of an offset: it takes the engine to know.
    static let unsure = -2

    /// How many bytes a character has that begins with this one; the subject was checked to be UTF-8.
    @inline(__always)
    static func length(_ first: UInt8) -> Int { first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4 }

    private func isBeyondASCII(_ start: Int, _ end: Int) -> Bool {
        var place = start
        while place < end {
            if unsafe text[place] > 0x7F { return true }
            place &+= 1
        }
        return false
    }

    /// The class of the byte at a place.
    @inline(__always)
    func byteClass(_ place: Int) -> UInt64 {
        place < count ? unsafe UInt64(classes[Int(text[place])]) : LineClass.end
    }

    /// Whether the bytes of a short literal stand at a place of the last few bytes.
    @inline(never)
    func isLiteral(_ bytes: UInt64, _ length: Int, at place: Int) -> Bool {
        var value = bytes
        for index in 0..<length {
            guard unsafe text[place &+ index] == UInt8(truncatingIfNeeded: value) else { return false }
            value &>>= 8
        }
        return true
    }

    func isLongLiteral(_ op: UnsafePointer<LineOp>, at place: Int) -> Bool {
        unsafe program._withUnsafeGuaranteedRef {
            unsafe memcmp(text + place, $0.bytes.address + Int(op.pointee.second), Int(op.pointee.first)) == 0
        }
    }

    @inline(__always)
    func ways(_ op: UnsafePointer<LineOp>, _ byteClass: UInt64) -> UInt32 {
        unsafe program._withUnsafeGuaranteedRef { unsafe $0.masks[Int(op.pointee.first) &+ Int(byteClass)] }
    }

    /// The step of the first of some ways.
    @inline(__always)
    func target(_ op: UnsafePointer<LineOp>, _ ways: UInt32) -> Int {
        unsafe program._withUnsafeGuaranteedRef {
            unsafe Int($0.targets[Int(op.pointee.second) &+ ways.trailingZeroBitCount])
        }
    }

    // MARK: - Runs

    /// Where the longest run from a place on ends, or that it is too short or not certain.
    @inline(__always)
    mutating func endOfRun(_ op: UnsafePointer<LineOp>, from start: Int) -> Int {
        let limit = unsafe op.pointee.second == .max ? count : min(count, start &+ Int(op.pointee.second))
        let end = unsafe scan(op, from: start, to: limit)
        fuel &-= end &- start
        if unsafe op.pointee.isUnsure, end < limit, unsafe text[end] > 0x7F { return Self.unsure }
        if unsafe op.pointee.countsCharacters, isBeyondASCII(start, min(end &+ 1, count)) { return Self.unsure }
        return unsafe end &- start >= Int(op.pointee.first) ? end : Self.nowhere
    }

    @inline(__always)
    private func scan(_ op: UnsafePointer<LineOp>, from start: Int, to limit: Int) -> Int {
        var place = start
        switch unsafe op.pointee.scan {
        case .all: return limit
        case .line:
            guard start < limit, let feed = unsafe memchr(text + start, 0x0A, limit &- start) else { return limit }
            return unsafe UnsafePointer(feed.assumingMemoryBound(to: UInt8.self)) - text
        case .inside, .outside:
            let high: UInt64 = 0x8080_8080_8080_8080
            let flip = unsafe op.pointee.scan == .inside ? high : 0
            let bounds = unsafe op.pointee.bounds
            while place &+ 8 <= limit {
                let word = unsafe UnsafeRawPointer(text + place).loadUnaligned(as: UInt64.self)
                let low = word & ~high
                // The high bit of each byte that is in one of two ranges of ASCII.
                let ranges =
                    ((low &+ bounds.from0) & ~(low &+ bounds.to0)) | ((low &+ bounds.from1) & ~(low &+ bounds.to1))
                let stops = ((ranges & ~word) ^ flip) & high
                if stops != 0 { return place &+ stops.trailingZeroBitCount &>> 3 }
                place &+= 8
            }
        case .table: break
        }
        let mask = unsafe op.pointee.low
        while place < limit, unsafe Self.has(mask, UInt64(classes[Int(text[place])])) { place &+= 1 }
        return place
    }

    /// Where a run that may give back ends first; ways to go on are noted.
    @inline(__always)
    mutating func firstCandidate(_ op: UnsafePointer<LineOp>, from start: Int) -> Int {
        if unsafe op.pointee.code == .lazy { return unsafe firstLazyCandidate(op, from: start) }
        let end = unsafe endOfRun(op, from: start)
        guard end >= 0 else { return end }
        var least = unsafe start &+ Int(op.pointee.first)
        // A run that must not be empty keeps its first character whole.
        if unsafe op.pointee.first == 1 && text[start] > 0x7F { least = unsafe start &+ Self.length(text[start]) }
        let candidate = unsafe lastCandidate(op, from: end, downTo: least)
        if candidate > least, unsafe !note(op, rest: Int32(truncatingIfNeeded: least), candidate) { return Self.unsure }
        return candidate
    }

    private mutating func firstLazyCandidate(_ op: UnsafePointer<LineOp>, from start: Int) -> Int {
        let limit = unsafe op.pointee.second == .max ? count : min(count, start &+ Int(op.pointee.second))
        let least = unsafe start &+ Int(op.pointee.first)
        guard least <= limit else { return Self.nowhere }
        if unsafe op.pointee.countsCharacters, isBeyondASCII(start, limit) { return Self.unsure }
        var place = start
        while place < least {
            let byte = unsafe text[place]
            guard unsafe Self.has(op.pointee.low, UInt64(classes[Int(byte)])) else {
                return unsafe byte > 0x7F && op.pointee.isUnsure ? Self.unsure : Self.nowhere
            }
            place &+= 1
        }
        let candidate = unsafe nextCandidate(op, from: place, upTo: limit)
        if candidate >= 0, unsafe !note(op, rest: Int32(truncatingIfNeeded: limit), candidate) { return Self.unsure }
        return candidate
    }

    /// The last place where what follows a greedy run can begin.
    @inline(__always)
    mutating func lastCandidate(_ op: UnsafePointer<LineOp>, from: Int, downTo least: Int) -> Int {
        if unsafe op.pointee.code == .greedyBefore { return unsafe lastLiteral(op, from: from, downTo: least) }
        let mask = unsafe op.pointee.mask
        var place = from
        while place >= least {
            if Self.has(mask, byteClass(place)) {
                fuel &-= from &- place
                return place
            }
            place &-= 1
        }
        fuel &-= max(from &- least, 0)
        return Self.nowhere
    }

    /// The last place where the literal behind a greedy run begins.
    private mutating func lastLiteral(_ op: UnsafePointer<LineOp>, from: Int, downTo least: Int) -> Int {
        let literal = unsafe program._withUnsafeGuaranteedRef { unsafe $0.bytes.address + Int(op.pointee.more) }
        // Its length, the place of its rarest byte, its bytes.
        let (length, rarest) = unsafe (Int(literal[0]), Int(literal[1]))
        let wanted = unsafe literal[2 &+ rarest]
        var end = min(from, count &- length)
        fuel &-= max(end &- least, 0)
        while end >= least {
            let place = lastByte(wanted, from: end &+ rarest, downTo: least &+ rarest) &- rarest
            if place < least { break }
            if unsafe isLiteral(literal + 2, length, at: place) {
                fuel &+= place &- least
                return place
            }
            end = place &- 1
        }
        return Self.nowhere
    }

    @inline(__always)
    private func isLiteral(_ bytes: UnsafePointer<UInt8>, _ length: Int, at place: Int) -> Bool {
        var index = 0
        while index < length, unsafe text[place &+ index] == bytes[index] { index &+= 1 }
        return index == length
    }

    /// The last place of a byte: eight bytes at a time, as glibc's `memrchr`, which Swift does not see.
    private func lastByte(_ wanted: UInt8, from: Int, downTo least: Int) -> Int {
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        let pattern = UInt64(wanted) &* 0x0101_0101_0101_0101
        var place = from
        while place &- 7 >= least {
            let word = unsafe UnsafeRawPointer(text + place - 7).loadUnaligned(as: UInt64.self) ^ pattern
            // The high bit of each byte that is zero, and of no other.
            let hits = ~(((word & low) &+ low) | word | low)
            if hits != 0 { return place &- hits.leadingZeroBitCount &>> 3 }
            place &-= 8
        }
        while place >= least {
            if unsafe text[place] == wanted { return place }
            place &-= 1
        }
        return Self.nowhere
    }

    /// The first place where what follows a lazy run can begin, up to where the run may reach.
    @inline(__always)
    mutating func nextCandidate(_ op: UnsafePointer<LineOp>, from: Int, upTo limit: Int) -> Int {
        let (mask, low) = unsafe (op.pointee.mask, op.pointee.low)
        var place = from
        while true {
            let next = byteClass(place)
            if Self.has(mask, next) { break }
            guard place < limit, Self.has(low, next) else {
                fuel &-= place &- from
                return unsafe place < limit && op.pointee.isUnsure && text[place] > 0x7F ? Self.unsure : Self.nowhere
            }
            place &+= 1
        }
        fuel &-= place &- from
        return place
    }

    // MARK: - Numbers

    /// The entry of the number that stands at a place.
    @inline(__always)
    func digitEntry(_ op: UnsafePointer<LineOp>, at place: Int) -> UInt8 {
        let first = digit(place)
        if first == 10 { return 0 }
        var index = first
        if unsafe op.pointee.second > 1 {
            let second = digit(place &+ 1)
            index = index &* 11 &+ second
            if unsafe op.pointee.second > 2 { index = index &* 11 &+ (second == 10 ? 10 : digit(place &+ 2)) }
        }
        return unsafe program._withUnsafeGuaranteedRef { unsafe $0.tables[Int(op.pointee.first) &+ index] }
    }

    @inline(__always)
    private func digit(_ place: Int) -> Int {
        place < count ? unsafe min(Int(text[place] &- 0x30), 10) : 10
    }
}
