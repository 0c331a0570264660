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
}
