/// Parts of expressions that a step of its own matches. Each matches at a place in one way or in none.
enum KnownPart: UInt8, CaseIterable, Sendable {
    /// `%{BASE10NUM}` behind its look-behind.
    case number
    /// `%{QUOTEDSTRING}` behind its look-behind.
    case quoted
    /// `%{IPV4}` between its look-arounds.
    case address

    /// The regular expression.
    private var source: String {
        switch self {
        case .number: #"(?>[+-]?(?:\d+(?:\.\d+)?|\.\d+))"#
        case .quoted:
            #"(?>"[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+'|`[^`\\]*+(?:\\.[^`\\]*+)*+`)"#
        case .address:
            #"(?:(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})\.){3}(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})(?!\d)"#
        }
    }

    /// The same as elements.
    var element: LineElement { Self.elements[Int(rawValue)] }

    /// How many elements of a sequence it is.
    private var parts: [LineElement] { if case .sequence(let items) = element { items } else { [element] } }

    private static let elements = allCases.map { part -> LineElement in
        guard let pattern = try? RubyPattern(part.source) else { preconditionFailure("a known part is misspelt") }
        var reader = LineElementReader(knowsParts: false)
        guard let element = try? reader.read(pattern.root) else { preconditionFailure("a known part is not covered") }
        return element
    }

    /// Elements one after the other with steps of their own where there are any.
    static func replacing(in items: [LineElement]) -> [LineElement] {
        var result: [LineElement] = []
        var index = 0
        outer: while index < items.count {
            for part in allCases {
                let parts = part.parts
                if items[index...].starts(with: parts) {
                    result.append(.known(part))
                    index += parts.count
                    continue outer
                }
            }
            result.append(items[index])
            index += 1
        }
        return result
    }
}

/// How the known parts are matched.
extension LineRun {
    /// Where the part that begins at a place ends, or that there is none.
    @inline(never)
    func end(of part: KnownPart, from start: Int) -> Int {
        switch part {
        case .number: endOfNumber(from: start)
        case .quoted: endOfQuoted(from: start)
        case .address: endOfAddress(from: start)
        }
    }

    @inline(__always)
    private func isDigit(_ place: Int) -> Bool { unsafe place < count && text[place] &- 0x30 < 10 }

    @inline(__always)
    private func endOfDigits(from start: Int) -> Int {
        var place = start
        while isDigit(place) { place &+= 1 }
        return place
    }

    private func endOfNumber(from start: Int) -> Int {
        var place = start
        if place < count, unsafe text[place] == 0x2B || text[place] == 0x2D { place &+= 1 }
        let whole = endOfDigits(from: place)
        if whole < count, unsafe text[whole] == 0x2E, isDigit(whole &+ 1) { return endOfDigits(from: whole &+ 1) }
        return whole > place ? whole : Self.nowhere
    }

    private func endOfQuoted(from start: Int) -> Int {
        guard start < count else { return Self.nowhere }
        let quote = unsafe text[start]
        guard quote == 0x22 || quote == 0x27 || quote == 0x60 else { return Self.nowhere }
        let each: UInt64 = 0x0101_0101_0101_0101
        let (quotes, slashes) = (UInt64(quote) &* each, 0x5C &* each)
        let low = 0x7F &* each
        var place = start &+ 1
        while place < count {
            if place &+ 8 <= count {
                let word = unsafe UnsafeRawPointer(text + place).loadUnaligned(as: UInt64.self)
                let (a, b) = (word ^ quotes, word ^ slashes)
                // The high bit of each byte that is one of the two.
                let hits = ~((((a & low) &+ low) | a) & (((b & low) &+ low) | b) | low)
                if hits == 0 {
                    place &+= 8
                    continue
                }
                place &+= hits.trailingZeroBitCount &>> 3
            }
            let byte = unsafe text[place]
            if byte == quote { return place &+ 1 }
            place &+= 1
            if byte == 0x5C {
                // One character, but no line feed.
                guard place < count, unsafe text[place] != 0x0A else { return Self.nowhere }
                place &+= unsafe Self.length(text[place])
            }
        }
        return Self.nowhere
    }

    private func endOfAddress(from start: Int) -> Int {
        var place = start
        for part in 0..<4 {
            let end = endOfDigits(from: place)
            let digits = end &- place
            guard digits > 0, digits < 4 else { return Self.nowhere }
            if digits == 3 {
                // 0 to 199, 200 to 249, 250 to 255.
                let value = unsafe (text[place], text[place &+ 1], text[place &+ 2])
                guard value.0 < 0x32 || value.0 == 0x32 && (value.1 < 0x35 || value.1 == 0x35 && value.2 < 0x36) else {
                    return Self.nowhere
                }
            }
            place = end
            if part == 3 { return place }
            guard place < count, unsafe text[place] == 0x2E else { return Self.nowhere }
            place &+= 1
        }
        return Self.nowhere
    }
}
