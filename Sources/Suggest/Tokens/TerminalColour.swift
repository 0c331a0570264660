import Grok

/// Colours and other attributes of terminals: `ESC [ 3 1 m` (ECMA-48, SGR).
enum TerminalColour {
    /// Where the code at a place ends; nil when there is none.
    static func end(in line: [UInt8], at start: Int, limit: Int) -> Int? {
        guard start + 2 < limit, line[start] == 0x1B, line[start + 1] == UInt8(ascii: "[") else { return nil }
        var index = start + 2
        while index < limit, index - start < 24, line[index].isDigit || line[index] == UInt8(ascii: ";") { index += 1 }
        guard index < limit, line[index].isLetter else { return nil }
        return index + 1
    }

    /// As a regular expression.
    static let expression = #"\e\[[\d;]*[A-Za-z]"#
}
