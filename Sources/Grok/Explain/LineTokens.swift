/// Where a number, a word, a date or an address of a line would be cut in two.
enum LineTokens {
    /// Whether a place lies inside a token: between two letters or two digits, or at a mark that joins two of them
    /// (`1,234`, `14/03/2026`, `192.0.2.1`, `eu-1`, `2+1`).
    static func splits(_ line: [UInt8], at place: Int) -> Bool {
        guard place > 0, place < line.count else { return false }
        let (before, after) = (line[place - 1], line[place])
        if isDigit(before) && isDigit(after) || isLetter(before) && isLetter(after) { return true }
        if isJoint(after), isWord(before), place + 1 < line.count { return isWord(line[place + 1]) }
        if isJoint(before), isWord(after), place > 1 { return isWord(line[place - 2]) }
        return false
    }

    /// Whether a place lies in a number whose first digits could be taken for all of it: `1|,234`, `0|x1f`.
    static func splitsNumber(_ line: [UInt8], at place: Int) -> Bool {
        guard place > 0, place + 1 < line.count, isDigit(line[place - 1]) else { return false }
        if ".,".utf8.contains(line[place]) { return isDigit(line[place + 1]) }
        let isHexadecimal = isDigit(line[place + 1]) || (0x61...0x66).contains(line[place + 1] | 0x20)
        return line[place] | 0x20 == UInt8(ascii: "x") && line[place - 1] == UInt8(ascii: "0") && isHexadecimal
            && (place == 1 || !isWord(line[place - 2]))
    }

    /// Whether a sign of a number stands at a place: `-7` behind a blank.
    static func isSign(_ line: [UInt8], at place: Int) -> Bool {
        guard place >= 0, place + 1 < line.count, "+-".utf8.contains(line[place]), isDigit(line[place + 1]) else {
            return false
        }
        return place == 0 || isBlank(line[place - 1])
    }

    /// Whether a text is a number with its sign: `-7`, `+1.5`.
    static func isSignedNumber(_ text: ArraySlice<UInt8>) -> Bool {
        guard let sign = text.first, "+-".utf8.contains(sign) else { return false }
        let parts = text.dropFirst().split(omittingEmptySubsequences: false) { ".,".utf8.contains($0) }
        return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) }
    }

    /// Whether a hyphen or a dot between two letters stands at a place: `two-part`.
    static func isHyphen(_ line: [UInt8], at place: Int) -> Bool {
        guard place > 0, place + 1 < line.count, "-.".utf8.contains(line[place]) else { return false }
        return isLetter(line[place - 1]) && isLetter(line[place + 1])
    }

    @Sendable static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    @Sendable static func isLetter(_ byte: UInt8) -> Bool { byte > 0x7F || (0x61...0x7A).contains(byte | 0x20) }

    @Sendable static func isWord(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: "_") }

    @Sendable static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isJoint(_ byte: UInt8) -> Bool { ".,:/-+'".utf8.contains(byte) }

    /// Whether half of a text or more stands at a place, its beginning behind the place or its end before it; or the marks at
    /// its end, `=` of `OUT=`.
    static func isThereInPart(_ literal: String, _ line: [UInt8], at place: Int) -> Bool {
        let wanted = Array(literal.utf8)
        let behind = zip(wanted, line[place...]).prefix { $0 == $1 }.count
        let before = zip(wanted.reversed(), line[..<place].reversed()).prefix { $0 == $1 }.count
        let marks = wanted.reversed().prefix { !isWord($0) && !isBlank($0) }.reversed()
        if !marks.isEmpty, marks.count < wanted.count, line[place...].starts(with: marks) { return true }
        return wanted.count > 1 && 2 * max(behind, before) >= wanted.count
    }
}
