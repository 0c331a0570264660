import Grok

/// What holds for all the texts of one place: their kinds, and what decides which pattern and type they get.
struct ValueSummary: Sendable {
    /// Distinct texts that are counted.
    private static let maximumDistinct = 64

    private(set) var kinds = TokenKinds()
    private(set) var count = 0
    private(set) var distinct: Set<[UInt8]> = []
    private(set) var shapes: Set<TimestampShape> = []
    /// The largest number at each place of a time that may be a day or a month.
    private(set) var most: [Int] = []
    /// Three digits, 100…599.
    private(set) var isStatus = true
    /// 1…65535.
    private(set) var isPort = true
    /// Letters alone.
    private(set) var isLetters = true
    /// Some are a word of letters, as languages have them.
    private(set) var hasPlainWords = false
    private(set) var isUppercase = true
    /// A Java name with at least one dot.
    private(set) var isClass = true
    private(set) var isHostName = true
    /// A number that stays itself: no leading zero, at most 18 digits.
    private(set) var isPlainNumber = true
    /// A decimal number that may as well be a version or a month.
    private(set) var isVersion = true
    /// Seconds since 1970, as they were written from 2001 to 2039.
    private(set) var isEpochSeconds = true
    private(set) var isEpochMilliseconds = true
    private(set) var isWhole = true
    private(set) var hasBlank = false
    private(set) var hasEscape = false
    private(set) var hasQuery = false
    private(set) var unit: [UInt8]?
    private(set) var hasOneUnit = true
    /// Endpoints: how many have a port.
    private(set) var portCount = 0
    private(set) var hostKinds = TokenKinds()

    /// The text, when all have the same.
    var constant: [UInt8]? { distinct.count == 1 ? distinct.first : nil }
    /// Few texts for many lines: a state, a component, and not the words of a sentence.
    var isCategory: Bool { count >= 60 && distinct.count < Self.maximumDistinct && distinct.count * 12 <= count }
    /// Mostly different words with a capital in front: `Starting`, `Login`, `Error:`.
    var beginsSentences: Bool {
        let starts = distinct.count { text in
            text.count > 1 && text[0].isUppercase && text[1].isLowercase
        }
        return distinct.count >= 4 && starts * 10 >= distinct.count * 7
    }
    var isTime: Bool { kinds == TokenKinds(.timestamp) }
    /// Names of files with the number of a line: `CompactionTask.java:253`.
    var isSourceFile: Bool {
        kinds.contains(.endpoint) && !hostKinds.contains(.ipv4)
            && distinct.allSatisfy { text in
                guard let dot = text.lastIndex(of: UInt8(ascii: ".")) else { return false }
                let rest = text[(dot + 1)...].prefix { $0.isLetter }
                return (1...5).contains(rest.count) && text[..<dot].allSatisfy { $0.isWord }
            }
    }
    var isWord: Bool { !kinds.isEmpty && TokenKinds(.word).isSuperset(of: kinds) && isLetters }

    mutating func add(_ token: SampleToken, in line: [UInt8]) {
        let text = line[token.start..<token.end]
        count += 1
        kinds.insert(TokenKinds(token.kind))
        if distinct.count < Self.maximumDistinct { distinct.insert(Array(text)) }
        if let shape = token.shape { shapes.insert(shape) }
        for (index, number) in token.ambiguous.enumerated() {
            if index < most.count { most[index] = max(most[index], number) } else { most.append(number) }
        }
        if token.kind == .dash || token.kind == .empty { return }
        if token.kind == .endpoint {
            portCount += 1
            hostKinds.insert(TokenKinds(LineTokenizer.kind(of: line[token.inner])))
        } else {
            hostKinds.insert(TokenKinds(token.kind))
        }
        addText(text, token.kind)
    }

    /// Takes in a text that is looked at as a whole.
    mutating func add(text: ArraySlice<UInt8>, in line: [UInt8]) {
        var token = SampleToken(LineTokenizer.kind(of: text), text.startIndex, text.endIndex)
        if text.contains(where: { $0.isBlank }) { token.kind = .text }
        // A letter before it belongs to another field: `I0312 08:01:02.123456`.
        let isBehindWord = text.startIndex > 0 && line[text.startIndex - 1].isWord
        let found =
            isBehindWord
            ? TimestampScanner.find(in: Array(text), at: 0) : TimestampScanner.find(in: line, at: text.startIndex)
        if let found, found.end == (isBehindWord ? text.count : text.endIndex) {
            token.kind = .timestamp
            token.shape = found.shape
            token.ambiguous = found.ambiguous
        }
        add(token, in: line)
    }

    private mutating func addText(_ text: ArraySlice<UInt8>, _ kind: SampleToken.Kind) {
        let number =
            text.allSatisfy { $0.isDigit } && text.count <= 18 ? text.reduce(0) { $0 * 10 + Int($1 - 0x30) } : -1
        isStatus = isStatus && text.count == 3 && (100...599).contains(number)
        isPort = isPort && (1...65535).contains(number)
        isLetters = isLetters && text.allSatisfy { $0.isLetter || $0 >= 0x80 || $0 == UInt8(ascii: "'") }
        hasPlainWords =
            hasPlainWords || kind == .word && text.allSatisfy { $0.isLetter } && text.contains { $0.isLowercase }
        isUppercase =
            isUppercase && text.allSatisfy { $0.isUppercase || $0 == 0x5F || $0.isDigit }
            && text.contains { $0.isUppercase }
        isClass = isClass && (kind == .name || kind == .tag) && Self.isClass(text)
        isHostName = isHostName && text.allSatisfy { $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
        hasBlank = hasBlank || text.contains { $0.isBlank }
        hasEscape = hasEscape || text.contains(UInt8(ascii: "\\"))
        hasQuery = hasQuery || text.contains(UInt8(ascii: "?"))
        let digits = text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") ? text.dropFirst() : text
        isPlainNumber =
            isPlainNumber
            && (digits.first != UInt8(ascii: "0") || digits.count == 1
                || kind == .decimal
                    && digits.dropFirst().first == UInt8(ascii: "."))
            && digits.prefix { $0.isDigit }.count <= 18
        isVersion =
            isVersion && kind == .decimal && text.count <= 7 && text.first != UInt8(ascii: "0")
            && (text.drop { $0.isDigit }.count <= 2 && text.count <= 4 && distinct.count < 4
                || Self.isYearAndMonth(text))
        isEpochSeconds =
            isEpochSeconds
            && (kind == .integer && (1_000_000_000..<2_200_000_000).contains(number)
                || kind == .decimal && text.prefix { $0.isDigit }.count == 10 && text.first == UInt8(ascii: "1"))
        isEpochMilliseconds =
            isEpochMilliseconds && text.count == 13 && (1_000_000_000_000..<2_200_000_000_000).contains(number)
        if kind == .quantity {
            let value = text.prefix { $0.isDigit || [0x2E, 0x2D, 0x2B].contains($0) }
            isWhole = isWhole && !value.contains(UInt8(ascii: "."))
            let suffix = Array(text[value.endIndex...])
            if let unit { hasOneUnit = hasOneUnit && unit == suffix } else { unit = suffix }
        }
    }

    private static func isYearAndMonth(_ text: ArraySlice<UInt8>) -> Bool {
        text.count == 7 && text[text.startIndex + 4] == UInt8(ascii: ".")
            && (text.starts(with: "20".utf8) || text.starts(with: "19".utf8))
    }

    private static func isClass(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (parts.count >= 3 || parts.count == 2 && parts[1].first?.isUppercase == true)
            && parts.allSatisfy { part in
                guard let first = part.first, first.isLetter || first == 0x5F else { return false }
                return part.allSatisfy { $0.isWord || $0 == UInt8(ascii: "$") }
            }
    }
}
