/// How single characters and sets of them are spelled in PCRE2's syntax.
enum PatternText {
    /// One scalar outside a class.
    static func literal(_ scalar: UInt32) -> String {
        switch scalar {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: return String(character(scalar))
        case 0x20...0x7E: return "\\" + String(character(scalar))
        default: return hexadecimal(scalar)
        }
    }

    /// One scalar of the set: a shorthand where PCRE2 has a quick one, else brackets.
    static func oneOf(_ set: ScalarSet) -> String {
        if set.isEmpty { return "(?!)" }
        if set == .word { return "\\w" }
        if set == .digits { return "\\d" }
        if set == .space { return "\\s" }
        if set == .all { return "." }
        if set.reachesHighest {
            let excluded = set.complement()
            if excluded == .word { return "\\W" }
            if excluded == .digits { return "\\D" }
            if excluded == .space { return "\\S" }
            return "[^\(classBody(excluded))]"
        }
        if set.ranges.count == 1, let only = set.ranges.first, only.count == 1 { return literal(only.lowerBound) }
        return "[\(classBody(set))]"
    }

    /// The ranges of a set as they stand between brackets.
    static func classBody(_ set: ScalarSet) -> String {
        var text = ""
        for range in set.ranges {
            text += inClass(range.lowerBound)
            if range.upperBound > range.lowerBound {
                if range.upperBound > range.lowerBound + 1 { text += "-" }
                text += inClass(range.upperBound)
            }
        }
        return text
    }

    private static func inClass(_ scalar: UInt32) -> String {
        switch scalar {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: return String(character(scalar))
        case 0x21...0x7E: return "\\" + String(character(scalar))
        default: return hexadecimal(scalar)
        }
    }

    private static func hexadecimal(_ scalar: UInt32) -> String { "\\x{" + String(scalar, radix: 16) + "}" }

    /// The scalars that come here are printable ASCII, so the conversion cannot fail.
    private static func character(_ scalar: UInt32) -> Character { Character(Unicode.Scalar(UInt8(scalar))) }
}
