import Grok

/// What stands at one place of all lines of a shape.
struct ShapeColumn: Sendable {
    /// What the tokens of a column have in common, so that one expression takes them.
    enum Alignment: Hashable, Sendable {
        case end
        case timestamp(TimestampShape)
        case value
        case group(UInt8)
        case quoted(UInt8)
        case pair([UInt8])
        /// `name:12`, which may as well be a host and its port.
        case numbered([UInt8])
        case mark([UInt8])
        case tag
    }

    /// What is between brackets or quotes, behind a key, in a cell.
    indirect enum Content: Sendable {
        case value(ValueSummary)
        case columns([ShapeColumn])
        case text
    }

    /// Columns between brackets; more are one text.
    private static let maximumInnerColumns = 5

    let alignment: Alignment
    /// The tokens as a whole.
    let summary: ValueSummary
    /// The inner part of groups, quoted texts and pairs, and of tags the name.
    let content: Content
    let lineCount: Int
    /// Tags and endpoints: how many have a number.
    let numberCount: Int
    /// Not every line of the shape has it.
    var isOptional = false
    let minimumBlanks: Int
    let maximumBlanks: Int
    let isTabbed: Bool
    let isColoured: Bool
    /// A pair's value or a text is in quotes in some lines.
    let hasQuotes: Bool
    let hasBareValues: Bool

    static func alignment(of token: SampleToken, in line: [UInt8]) -> Alignment {
        switch token.kind {
        case .timestamp: .timestamp((token.shape ?? TimestampShape(letters: [])).base)
        case .group: .group(line[token.start])
        case .quoted: .quoted(line[token.start])
        case .pair:
            line[token.other.upperBound] == UInt8(ascii: ":")
                ? .numbered(Array(line[token.other])) : .pair(Array(line[token.other]))
        case .mark: .mark(Array(line[token.start..<token.end]))
        case .tag: .tag
        case .dash: .mark([UInt8(ascii: "-")])
        default: .value
        }
    }

    init(_ alignment: Alignment, _ tokens: [(line: Int, token: SampleToken)], _ lines: [TokenizedLine], depth: Int) {
        self.alignment = alignment
        lineCount = tokens.count
        var summary = ValueSummary()
        var names = ValueSummary()
        var numbers = 0
        var least = Int.max
        var most = 0
        var tabbed = false
        var coloured = false
        var quotes = false
        var bare = false
        for (index, token) in tokens {
            let line = lines[index].bytes
            summary.add(token, in: line)
            if token.kind == .tag { names.add(text: line[token.inner], in: line) }
            if !token.other.isEmpty { numbers += 1 }
            least = min(least, token.blanks)
            most = max(most, token.blanks)
            tabbed = tabbed || token.isTabbed
            coloured = coloured || token.isColoured
            if token.kind == .quoted || token.valueKind == .quoted { quotes = true } else { bare = true }
        }
        self.summary = summary
        numberCount = numbers
        minimumBlanks = least == Int.max ? 0 : least
        maximumBlanks = most
        isTabbed = tabbed
        isColoured = coloured
        hasQuotes = quotes
        hasBareValues = bare
        switch alignment {
        case .tag: content = .value(names)
        case .group, .quoted, .pair, .numbered:
            // A hyphen for a missing value is no content.
            let own = tokens.filter { $0.token.kind != .dash }
            content = Self.content(own.map { ($0.line, $0.token.inner) }, lines, depth: depth)
        default: content = .value(summary)
        }
    }

    var isMark: Bool { if case .mark = alignment { true } else { false } }

    /// The byte of a mark.
    var mark: UInt8? { if case .mark(let text) = alignment, text.count == 1 { text[0] } else { nil } }

    /// Makes of texts what can be said about them all.
    static func content(_ cells: [(line: Int, range: Range<Int>)], _ lines: [TokenizedLine], depth: Int) -> Content {
        guard depth < 3 else { return .text }
        var tokenized: [(line: Int, tokens: [SampleToken])] = []
        for cell in cells where !cell.range.isEmpty {
            tokenized.append((cell.line, LineTokenizer.tokens(of: lines[cell.line].bytes, in: cell.range)))
        }
        guard let first = tokenized.first?.tokens.count, first > 0 else {
            return cells.isEmpty || tokenized.isEmpty ? .text : .value(ValueSummary())
        }
        let isOne = tokenized.allSatisfy { $0.tokens.count == 1 }
        if isOne, !tokenized.contains(where: { [.pair, .group, .quoted, .tag, .mark].contains($0.tokens[0].kind) }) {
            var summary = ValueSummary()
            for cell in tokenized {
                var token = cell.tokens[0]
                token.blanks = 0
                summary.add(token, in: lines[cell.line].bytes)
            }
            if tokenized.count < cells.count { summary.addMissing() }
            return .value(summary)
        }
        guard tokenized.count == cells.count, first <= maximumInnerColumns,
            tokenized.allSatisfy({ $0.tokens.count == first })
        else {
            return .text
        }
        var columns: [ShapeColumn] = []
        for index in 0..<first {
            let own = tokenized.map { (line: $0.line, token: $0.tokens[index]) }
            let alignment = Self.alignment(of: own[0].token, in: lines[own[0].line].bytes)
            guard own.allSatisfy({ Self.alignment(of: $0.token, in: lines[$0.line].bytes) == alignment }) else {
                return .text
            }
            columns.append(ShapeColumn(alignment, own, lines, depth: depth + 1))
        }
        // Words alone are a text, and so are blanks that vary.
        let isStructured = columns.contains { !$0.isPlainWord && !$0.isMark }
        let prose = columns.count { $0.isPlainWord }
        return isStructured && prose * 2 <= columns.count ? .columns(columns) : .text
    }

    /// Words of a language, or what looks like it.
    var isPlainWord: Bool { alignment == .value && summary.isWord && !summary.isUppercase }

    /// Words that differ from line to line without end, perhaps with something else in their place; a hyphen for a missing
    /// one is in no sentence.
    var isProse: Bool {
        alignment == .value && summary.kinds.contains(.word) && summary.hasPlainWords && summary.constant == nil
            && !summary.isCategory && !isPadded && !summary.isUppercase && !summary.kinds.contains(.dash)
    }

    /// A hyphen and nothing else.
    var isDash: Bool { summary.kinds == TokenKinds(.dash) }

    var isPadded: Bool { maximumBlanks >= 2 && minimumBlanks < maximumBlanks }

    /// How much a column says about the format: 0 for what chance may have put there.
    var weight: Int {
        switch alignment {
        case .timestamp: return 3
        case .tag: return 2
        case .group:
            guard case .value(let inner) = content else { return 1 }
            return inner.isTime ? 3 : inner.kinds == TokenKinds(.level) ? 2 : 1
        case .quoted, .pair: return 1
        case .numbered: return 1
        case .mark(let text):
            let sentence: [UInt8] = [0x2C, 0x2E, 0x3B, 0x21, 0x3F]
            return text.count == 1 && sentence.contains(text[0]) && minimumBlanks == 0 ? 0 : 1
        case .end: return 0
        case .value: break
        }
        let kinds = summary.kinds.subtracting(TokenKinds.missing)
        if kinds.isEmpty { return 1 }
        func within(_ allowed: [SampleToken.Kind]) -> Bool { TokenKinds(allowed).isSuperset(of: kinds) }
        if kinds == TokenKinds(.level) || within([.ipv4, .ipv6, .endpoint]) || kinds == TokenKinds(.method) {
            return 2
        }
        if within([.uuid]) || within([.mac]) || within([.email]) || within([.uri]) { return 2 }
        if within([.integer, .decimal, .quantity]) || within([.path, .uri]) || within([.hex, .integer]) { return 1 }
        if summary.isUppercase || kinds.contains(.level) && summary.isLetters { return 1 }
        if within([.name, .opaque, .hex, .endpoint, .ipv4, .path, .uri]) { return 1 }
        return 0
    }
}

extension ValueSummary {
    /// Takes in a text that is not there.
    mutating func addMissing() { add(SampleToken(.empty, 0, 0), in: []) }
}
