/// How single characters and sets of them are spelled in PCRE2's syntax.
enum PatternText {
    /// One scalar outside a class.
    static func literal(_ scalar: UInt32) -> String {
        var text: [UInt8] = []
        append(literal: scalar, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    static func append(literal scalar: UInt32, to text: inout [UInt8]) { append(scalar, escapedFrom: 0x20, to: &text) }

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
        var text: [UInt8] = []
        for range in set.ranges {
            append(range.lowerBound, escapedFrom: 0x21, to: &text)
            if range.upperBound > range.lowerBound {
                if range.upperBound > range.lowerBound + 1 { text.append(UInt8(ascii: "-")) }
                append(range.upperBound, escapedFrom: 0x21, to: &text)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Parameter lowest: the first character that a backslash makes itself; those below are written as numbers.
    private static func append(_ scalar: UInt32, escapedFrom lowest: UInt32, to text: inout [UInt8]) {
        switch scalar {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: text.append(UInt8(scalar))
        case lowest...0x7E:
            text.append(UInt8(ascii: "\\"))
            text.append(UInt8(scalar))
        default: text.append(contentsOf: "\\x{\(String(scalar, radix: 16))}".utf8)
        }
    }
}
