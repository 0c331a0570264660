internal import Events

/// Bytes, words and white space.
extension ProgramParser {
    var isAtEnd: Bool { position >= end }
    var current: UInt8? { position < end ? bytes[position] : nil }

    func peek(at place: Int) -> UInt8? { place >= 0 && place < end ? bytes[place] : nil }

    func starts(with text: String) -> Bool { position <= end && bytes[position..<end].starts(with: text.utf8) }

    func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 &- 0x30 < 10 } ?? false }

    /// Letters, digits, `_` and what is beyond ASCII.
    func isName(_ byte: UInt8?) -> Bool {
        byte.map { ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x5F || $0 >= 0x80 } ?? false
    }

    mutating func take(_ text: String) -> Bool {
        guard starts(with: text) else { return false }
        position += text.utf8.count
        return true
    }

    /// The word that stands here; empty when none does.
    func peekWord() -> String {
        if isDigit(current) { return "" }
        var end = position
        while isName(peek(at: end)) { end += 1 }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }

    mutating func word() -> String {
        let word = peekWord()
        position += word.utf8.count
        return word
    }

    mutating func skipBlank() {
        while let byte = current {
            if byte == 0x20 || byte == 0x09 || byte == 0x0D {
                position += 1
            } else if byte == UInt8(ascii: "\\"), peek(at: position + 1) == 0x0A {
                position += 2
            } else {
                return
            }
        }
    }

    mutating func skipSpace() {
        while true {
            skipBlank()
            guard current == 0x0A else { return }
            position += 1
        }
    }

    mutating func skipSeparators() {
        while true {
            skipSpace()
            guard current == UInt8(ascii: ";") else { return }
            position += 1
        }
    }

    /// Blanks, and line ends when the next line goes on with `.method`.
    mutating func skipBlankBeforeOperator() {
        skipBlank()
        guard current == 0x0A else { return }
        var ahead = position
        while let byte = peek(at: ahead), byte == 0x20 || byte &- 9 < 5 { ahead += 1 }
        let isCall =
            peek(at: ahead) == UInt8(ascii: ".") && peek(at: ahead + 1) != UInt8(ascii: ".")
            || peek(at: ahead) == UInt8(ascii: "&") && peek(at: ahead + 1) == UInt8(ascii: ".")
        if isCall { position = ahead }
    }

    /// Whether a word stands here that ends the statement before it.
    var isClauseKeyword: Bool {
        ["end", "else", "elsif", "when", "then", "rescue", "ensure", "in"].contains(peekWord())
    }

    func error(_ place: Int, _ message: String, length: Int = 1, hint: String? = nil) -> ExpressionError {
        ExpressionError(
            offset: min(place, end), length: min(length, max(end - place, 0)), message: message,
            hint: hint)
    }

    func unexpected() -> ExpressionError {
        let word = peekWord()
        if !word.isEmpty { return error(position, "'\(word)' is not expected here", length: word.utf8.count) }
        guard let byte = current else { return error(position, "the expression ends too early") }
        if byte == UInt8(ascii: ";") || byte == 0x0A {
            return error(
                position, "several statements in one expression are not covered",
                hint: "write one expression: a condition, 'a || b', or a chain of methods")
        }
        let text = byte < 0x80 ? "'\(String(UnicodeScalar(byte)))'" : "this character"
        return error(position, "\(text) is not expected here")
    }
}
