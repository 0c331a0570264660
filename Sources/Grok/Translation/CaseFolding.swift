/// Case foldings of one character to several, which Ruby's `(?i)` follows and PCRE2's does not.
///
/// Source: Unicode CaseFolding.txt, status F, those that fold to ASCII letters.
enum CaseFolding {
    private static let foldings: [(scalars: [UInt32], letters: String)] = [
        ([0xFB03], "ffi"), ([0xFB04], "ffl"), ([0xDF, 0x1E9E], "ss"), ([0xFB00], "ff"), ([0xFB01], "fi"),
        ([0xFB02], "fl"), ([0xFB05, 0xFB06], "st"),
    ]

    /// The ASCII letters a character folds to when they are several.
    static func expansion(of scalar: UInt32) -> String? {
        foldings.first { $0.scalars.contains(scalar) }?.letters
    }

    /// What a character beyond ASCII can match in an ASCII subject under `(?i)`.
    static func asciiSpelling(of scalar: UInt32) -> String? {
        switch scalar {
        case 0x212A: return "k"  // KELVIN SIGN
        case 0x017F: return "s"  // LATIN SMALL LETTER LONG S
        default: return expansion(of: scalar).map { "(?:\($0))" }
        }
    }

    /// The alternatives for letters in a row that a single character folds to, and how many literals they replace.
    static func ligature(at index: Int, in items: [PatternNode]) -> (text: String, count: Int)? {
        for folding in foldings {
            let letters = folding.letters.utf8
            guard index + letters.count <= items.count else { continue }
            let matches = zip(items[index...], letters).allSatisfy { item, letter in
                guard case .literal(let scalar, true) = item.kind else { return false }
                return scalar < 0x80 && scalar | 0x20 == letter
            }
            guard matches else { continue }
            let others = folding.scalars.map { PatternText.literal($0) }.joined(separator: "|")
            return ("(?:\(folding.letters)|\(others))", letters.count)
        }
        return nil
    }
}
