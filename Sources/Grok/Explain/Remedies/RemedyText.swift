/// Texts of expressions.
enum RemedyText {
    /// Characters that stand for themselves, as an operator would write them.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\t": result += "\\t"
            case "\\", "^", "$", ".", "|", "?", "*", "+", "(", ")", "[", "]", "{", "}": result += "\\\(character)"
            default:
                if character.value < 0x20 || character.value == 0x7F {
                    result += "\\x" + hexadecimal(UInt8(character.value))
                } else {
                    result.unicodeScalars.append(character)
                }
            }
        }
        return result
    }

    /// One character of two, as a class.
    static func either(_ one: Unicode.Scalar, _ other: Unicode.Scalar) -> String {
        func member(_ scalar: Unicode.Scalar) -> String {
            switch scalar {
            case "\\", "^", "[", "]", "-", "&": "\\\(scalar)"
            case "\t": "\\t"
            default: String(Character(scalar))
            }
        }
        return "[\(member(one))\(member(other))]"
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count < 2 ? "0" + digits : digits
    }

    /// A mark that may be there.
    static func optional(_ mark: String) -> String {
        mark.unicodeScalars.count == 1 ? RemedyText.escaped(mark) + "?" : "(?:\(RemedyText.escaped(mark)))?"
    }

    /// Whether a text is one group from its first to its last character.
    static func isGroup(_ text: String) -> Bool {
        guard text.hasPrefix("("), text.hasSuffix(")") else { return false }
        var depth = 0
        for (index, byte) in text.utf8.enumerated() {
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 { return index + 1 == text.utf8.count }
        }
        return false
    }
}

extension String {
    /// Without blanks at its ends.
    var trimmingBlanks: String {
        var bytes = Array(utf8)[...]
        while let first = bytes.first, LineTokens.isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, LineTokens.isBlank(last) { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
