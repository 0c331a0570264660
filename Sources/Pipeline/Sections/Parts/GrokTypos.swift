/// Damaged references in a grok expression: `%WORD:a}`, `{WORD:a}`, `%{WORD:a`. They compile, as text that no line
/// holds, and so the expression silently stops to match.
enum GrokTypos {
    struct Typo {
        /// Bytes from the beginning of the expression.
        var offset: Int
        var length: Int
        var message: String
        var hint: String
    }

    /// The first one, or nil.
    static func first(in expression: String) -> Typo? {
        let bytes = Array(expression.utf8)
        let (percent, open) = (UInt8(ascii: "%"), UInt8(ascii: "{"))
        var index = 0
        while index < bytes.count {
            defer { index += 1 }
            if bytes[index] == UInt8(ascii: "\\") {
                // An escape and its letter: \p{Alpha} and \x{41} are no references.
                index += 1
                continue
            }
            let hasPercent = bytes[index] == percent
            let bracket = hasPercent ? index + 1 : index
            let hasBracket = bracket < bytes.count && bytes[bracket] == open
            guard hasPercent || hasBracket else { continue }
            let start = hasBracket ? bracket + 1 : bracket
            // A pattern's name: two capitals at least, so that {2,3} and 100% are none.
            var end = start
            while end < bytes.count, isName(bytes[end]) { end += 1 }
            let isCapital = end - start >= 2 && bytes[start..<min(start + 2, end)].allSatisfy(isCapitalLetter)
            guard isCapital || (hasPercent && hasBracket) else { continue }
            while end < bytes.count, isName(bytes[end]) || ":.@[]-".utf8.contains(bytes[end]) { end += 1 }
            let isClosed = end < bytes.count && bytes[end] == UInt8(ascii: "}")
            let name = String(decoding: bytes[start..<end], as: UTF8.self)
            let typo: (message: String, hint: String)? =
                switch (hasPercent, hasBracket, isClosed) {
                case (true, true, false) where isCapital && !endsLate(bytes, end):
                    ("'%{\(name)' has no '}'", "did you mean '%{\(name)}'?")
                case (true, false, true): ("'%\(name)}' is text, not a pattern", "did you mean '%{\(name)}'?")
                case (false, true, true): ("'{\(name)}' is text, not a pattern", "did you mean '%{\(name)}'?")
                default: nil
                }
            if let typo {
                return Typo(
                    offset: index, length: end - index + (isClosed ? 1 : 0), message: typo.message, hint: typo.hint)
            }
            index = max(index, end - 1)
        }
        return nil
    }

    /// Whether a '}' comes before the next reference begins: a type such as `time:%Y-%m-%d %H:%M` holds any character.
    private static func endsLate(_ bytes: [UInt8], _ from: Int) -> Bool {
        guard let close = bytes[from...].firstIndex(of: UInt8(ascii: "}")) else { return false }
        return !bytes[from..<close].contains(UInt8(ascii: "{"))
    }

    private static func isCapitalLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }

    private static func isName(_ byte: UInt8) -> Bool {
        isCapitalLetter(byte) || (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
    }
}
