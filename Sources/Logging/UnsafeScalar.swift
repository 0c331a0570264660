/// Characters that a terminal obeys, that break a line, or that change how others are read without being seen: never
/// written as they are where a person reads a stranger's text.
package enum UnsafeScalar {
    /// C0, DEL and C1 (ECMA-48: escape sequences, line breaks), line and paragraph separators, the directional marks,
    /// embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9), and characters without a form
    /// that hide text (UTS #39 calls them default-ignorable). The two joiners U+200C and U+200D belong to the
    /// spelling of some languages and to emoji, and stay.
    package static func contains(_ scalar: UInt32) -> Bool {
        if scalar < 0x7f { return scalar < 0x20 }
        if scalar < 0x600 { return scalar <= 0x9f || scalar == 0xad }
        switch scalar {
        case 0x061c, 0x180e, 0x200b, 0x200e, 0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff, 0xfff9...0xfffb,
            0xe0000...0xe0fff:
            return true
        default: return false
        }
    }

    /// As in JSON (RFC 8259 §7): `\n`, `\u001b`, two units for what is beyond U+FFFF.
    package static func escape(_ scalar: UInt32) -> String {
        switch scalar {
        case 0x0a: return "\\n"
        case 0x0d: return "\\r"
        case 0x09: return "\\t"
        case 0x10000...:
            let rest = scalar - 0x10000
            return unit(0xd800 + (rest >> 10)) + unit(0xdc00 + (rest & 0x3ff))
        default: return unit(scalar)
        }
    }

    private static func unit(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
