/// Characters that look like one that the language knows, and are another: what word processors, chats and input
/// methods put in the place of a blank, a quote or a sign.
enum Lookalike {
    enum Kind {
        /// Wide or narrow, and no blank to the parser: U+00A0, U+3000.
        case blank
        /// Nothing to be seen: U+200B, a byte order mark in the middle.
        case invisible
        case quote
        /// A full-width form of a sign or letter of ASCII.
        case wide
    }

    static func kind(_ scalar: Unicode.Scalar) -> Kind? {
        switch scalar.value {
        case 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: .blank
        case 0xAD, 0x180E, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2064, 0xFEFF: .invisible
        case 0x2018...0x201F, 0xAB, 0xBB, 0x2039, 0x203A, 0xB4, 0xFF02, 0xFF07: .quote
        case 0xFF01...0xFF5E: .wide
        default: nil
        }
    }

    /// `U+3000, an ideographic space`
    static func name(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        guard let name = scalar.properties.name?.lowercased(), let first = name.first else { return code }
        return "\(code), \("aeiou".contains(first) ? "an" : "a") \(name)"
    }

    /// What is meant by it; nil for a blank and for what should not be there at all.
    static func meant(_ scalar: Unicode.Scalar) -> String? {
        switch kind(scalar) {
        case .quote: [0x2018, 0x2019, 0x201A, 0x201B, 0x2039, 0x203A, 0xB4, 0xFF07].contains(scalar.value) ? "'" : "\""
        case .wide: String(UnicodeScalar(UInt8(scalar.value - 0xFEE0)))
        default: nil
        }
    }

    /// The first of some kinds in the bytes of a range, and where; the bytes are valid UTF-8.
    static func first(
        _ kinds: [Kind], in file: SourceFile, _ range: Range<Int>
    ) -> (scalar: Unicode.Scalar, place: Place)? {
        guard file.bytes[range].contains(where: { $0 > 0x7F }) else { return nil }
        var offset = range.lowerBound
        for scalar in file.text(range).unicodeScalars {
            let length = UTF8.width(scalar)
            if let kind = kind(scalar), kinds.contains(kind) { return (scalar, Place(file, offset, offset + length)) }
            offset += length
        }
        return nil
    }
}
