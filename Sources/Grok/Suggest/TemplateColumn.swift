/// What is known about one column of a cluster of lines: the kinds and texts that stand there.
struct TemplateColumn: Sendable {
    private(set) var kinds: TokenKinds
    /// The text of the first line.
    let text: [UInt8]
    let form: Int
    /// All lines have the same text.
    private(set) var isConstant = true
    private(set) var minimumBlanks: Int
    private(set) var maximumBlanks: Int
    private(set) var isTabbed: Bool
    private(set) var facts: Facts

    /// What holds for every text of the column.
    struct Facts: Sendable {
        /// Three digits, 100…599.
        var isStatus = true
        var isWord = true
        /// Letters, digits, dots and hyphens, a letter or digit first.
        var isHostName = true
        /// A Java name with at least one dot.
        var isClass = true
        var isRequestLine = true
        /// `http://…` or a hyphen, in quotes.
        var isReferrer = true
        /// A number that stays itself as an integer: no leading zero, and at most 18 digits.
        var isPlainNumber = true
        var isUppercase = true
        /// A quantity without a fraction.
        var isWhole = true
        var hasBlank = false
        var hasEscape = false
        var hasQuery = false
        var hasAgent = false
        /// Seconds since 1970, as they were written from 2001 to 2033.
        var isEpoch = true
        /// The unit of a quantity; nil when they differ.
        var unit: [UInt8]?
    }

    init(_ token: SampleToken, in line: [UInt8]) {
        kinds = TokenKinds(token.kind)
        text = Array(line[token.start..<token.end])
        form = token.form
        minimumBlanks = token.blanks
        maximumBlanks = token.blanks
        isTabbed = token.isTabbed
        facts = Self.facts(of: line[token.start..<token.end], token.kind)
    }

    /// A column of one key.
    init(key: [UInt8]) {
        self.init(SampleToken(kind: .key, start: 0, end: key.count + 1), in: key + [UInt8(ascii: "=")])
    }

    /// A column of anything between two brackets.
    init(text: [UInt8], blanks: Int) {
        kinds = TokenKinds(.text)
        self.text = text
        form = 0
        isConstant = false
        minimumBlanks = 0
        maximumBlanks = blanks
        isTabbed = false
        facts = Self.facts(of: text[...], .text)
    }

    var isPunctuation: Bool { kinds.contains(.punctuation) }
    var isKey: Bool { kinds.contains(.key) }

    /// The byte of a punctuation column.
    var byte: UInt8? { isPunctuation ? text.first : nil }

    /// Takes in the token of one more line.
    mutating func add(_ token: SampleToken, in line: [UInt8]) {
        let bytes = line[token.start..<token.end]
        kinds.insert(TokenKinds(token.kind))
        minimumBlanks = min(minimumBlanks, token.blanks)
        maximumBlanks = max(maximumBlanks, token.blanks)
        isTabbed = isTabbed || token.isTabbed
        if isPunctuation || isKey { return }
        if isConstant, bytes.elementsEqual(text) { return }
        isConstant = false
        if token.kind == .dash || token.kind == .empty { return }
        let more = Self.facts(of: bytes, token.kind)
        if TokenKinds.missing.isSuperset(of: kinds.subtracting(TokenKinds(token.kind))), kinds != TokenKinds(token.kind)
        {
            facts = more
            return
        }
        facts.isStatus = facts.isStatus && more.isStatus
        facts.isWord = facts.isWord && more.isWord
        facts.isHostName = facts.isHostName && more.isHostName
        facts.isClass = facts.isClass && more.isClass
        facts.isRequestLine = facts.isRequestLine && more.isRequestLine
        facts.isReferrer = facts.isReferrer && more.isReferrer
        facts.isPlainNumber = facts.isPlainNumber && more.isPlainNumber
        facts.isUppercase = facts.isUppercase && more.isUppercase
        facts.isWhole = facts.isWhole && more.isWhole
        facts.isEpoch = facts.isEpoch && more.isEpoch
        facts.hasBlank = facts.hasBlank || more.hasBlank
        facts.hasEscape = facts.hasEscape || more.hasEscape
        facts.hasQuery = facts.hasQuery || more.hasQuery
        facts.hasAgent = facts.hasAgent || more.hasAgent
        if facts.unit != more.unit { facts.unit = nil }
    }

    /// Takes in a range of tokens as text.
    mutating func addText(blanks: Int) {
        isConstant = false
        minimumBlanks = 0
        maximumBlanks = max(maximumBlanks, blanks)
    }

    private static func facts(of text: ArraySlice<UInt8>, _ kind: SampleToken.Kind) -> Facts {
        var facts = Facts()
        let isDigits = text.allSatisfy { $0.isDigit } && !text.isEmpty
        facts.isStatus =
            isDigits && text.count == 3 && (UInt8(ascii: "1")...UInt8(ascii: "5")).contains(text.first ?? 0)
        facts.isWord = !text.isEmpty && text.allSatisfy { $0.isWord }
        let isName = text.allSatisfy { $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
        facts.isHostName = isName && text.first?.isWord == true && !text.contains(0x5F) && text.last?.isWord == true
        facts.isClass =
            text.contains(UInt8(ascii: ".")) && (text.first.map { $0.isLetter } ?? false)
            && text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
                part.first.map { $0.isLetter || $0 == 0x5F } == true
                    && part.allSatisfy { $0.isWord || $0 == UInt8(ascii: "$") }
            }
        let digits = text.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        facts.isPlainNumber = digits.count <= 18 && (digits.count == 1 || digits.first != 0x30 || kind == .decimal)
        facts.isUppercase = text.allSatisfy { $0.isUppercase || $0 == 0x5F }
        facts.isWhole = !text.contains(UInt8(ascii: "."))
        facts.hasBlank = text.contains { $0.isBlank }
        facts.hasEscape = text.contains(UInt8(ascii: "\\"))
        facts.hasQuery = text.contains(UInt8(ascii: "?"))
        facts.isEpoch =
            (text.count == 10 || text.count == 13 || text.count > 10 && kind == .decimal) && text.first == 0x31
            && (kind == .integer || kind == .decimal)
        if kind == .quantity { facts.unit = Array(text.drop { $0.isDigit || [0x2B, 0x2D, 0x2E].contains($0) }) }
        if kind == .quoted || kind == .apostrophes {
            let inner = text.dropFirst().dropLast()
            let parts = inner.split(separator: 0x20, omittingEmptySubsequences: false)
            facts.isRequestLine =
                parts.count == 3 && LineTokenizer.kind(of: parts[0]) == .method && parts[2].starts(with: "HTTP/".utf8)
                && parts[2].count > 5 && !parts[1].isEmpty
            facts.isReferrer = inner.starts(with: "http".utf8) || inner.elementsEqual("-".utf8)
            facts.hasAgent = inner.starts(with: "Mozilla/".utf8) || inner.starts(with: "curl/".utf8)
        } else {
            facts.isRequestLine = false
            facts.isReferrer = false
        }
        return facts
    }
}
