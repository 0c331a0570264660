/// Reads a numbered tree into elements. What has no element is thrown as `NotCovered`; the expression is PCRE2's alone then.
struct LineElementReader {
    /// An expression that has a part without an element, or more parts than `maximumElements`.
    struct NotCovered: Error {}

    /// Elements of one expression, counted repetitions written out; a bound for the memory of a program.
    static let maximumElements = 4_000

    /// What surely stands before a place.
    private enum Edge {
        case unknown, word
        /// An ASCII character that is none of a word.
        case nonWord
    }

    /// False when letters without case occur: beyond ASCII they match what only PCRE2 knows.
    private(set) var coversUnicode = true
    private var count = 0
    private var edge = Edge.unknown
    private let knowsParts: Bool

    /// - Parameter knowsParts: parts that have a step of their own are read as such.
    init(knowsParts: Bool = true) { self.knowsParts = knowsParts }

    mutating func read(_ root: PatternNode) throws(NotCovered) -> LineElement { try element(root) }

    private mutating func element(_ node: PatternNode) throws(NotCovered) -> LineElement {
        count += 1
        guard count <= Self.maximumElements else { throw NotCovered() }
        switch node.kind {
        case .empty: return .empty
        case .literal, .any, .oneOf:
            guard let set = try oneCharacter(node) else { throw NotCovered() }
            if case .literal(let scalar, false) = node.kind, let value = Unicode.Scalar(scalar) {
                edge = scalar > 0x7F ? .unknown : ByteSet.word.contains(UInt8(scalar)) ? .word : .nonWord
                return .literal(Array(String(value).utf8))
            }
            edge = Self.edge(of: set)
            return .run(set, minimum: 1, maximum: 1, .greedy)
        case .anchor(let anchor): return try check(anchor, before: nil).map { .check($0) } ?? .empty
        case .sequence(let items): return try sequence(items)
        case .alternation(let branches):
            let before = edge
            var after: Edge?
            var elements: [LineElement] = []
            for branch in branches {
                edge = before
                elements.append(try element(branch))
                after = after == nil || after == edge ? edge : .unknown
            }
            edge = after ?? before
            return Self.choice(elements)
        case .group(let body), .scoped(_, let body): return try element(body)
        case .capture(_, let number, let body): return Self.capture(number, try element(body))
        case .atomic(let body):
            let whole = try Self.atomic(try element(body))
            return knowsParts ? known(whole) : whole
        case .look(let ahead, let isNegative, let body):
            guard let set = try oneCharacter(body) else { throw NotCovered() }
            return .check(ahead ? .ahead(set, isNegative: isNegative) : .behind(set, isNegative: isNegative))
        case .repetition(let repetition, let body): return try repeated(body, repetition)
        case .lineBreak, .grapheme, .backreference, .call, .conditional, .absent: throw NotCovered()
        }
    }

    // MARK: - Sequences and checks

    private mutating func sequence(_ items: [PatternNode]) throws(NotCovered) -> LineElement {
        var elements: [LineElement] = []
        for (index, item) in items.enumerated() {
            if case .anchor(let anchor) = item.kind {
                guard let check = try check(anchor, before: WordEdge.of(items[(index + 1)...], leading: true)) else {
                    continue
                }
                if case .wordEnd(let unicode) = check, endWord(of: &elements, unicode: unicode) { continue }
                elements.append(.check(check))
            } else {
                elements.append(try element(item))
            }
        }
        let whole = LineElement.joined(elements)
        guard knowsParts, case .sequence(let parts) = whole else { return knowsParts ? known(whole) : whole }
        return .joined(KnownPart.replacing(in: parts))
    }

    private func known(_ element: LineElement) -> LineElement { .joined(KnownPart.replacing(in: [element])) }

    /// nil when it surely holds.
    private func check(_ anchor: Anchor, before following: WordEdge?) throws(NotCovered) -> LineElement.Check? {
        switch anchor {
        case .lineStart: return .lineStart
        case .lineEnd: return .lineEnd
        case .subjectStart: return .subjectStart
        case .subjectEnd: return .subjectEnd
        case .subjectEndOrLastNewline: return .subjectEndOrLastNewline
        case .wordBoundary(let unicode):
            if edge == .word { return .wordEnd(unicode: unicode) }
            guard following?.isCertainWord == true else { return .wordBoundary(unicode: unicode) }
            return edge == .nonWord ? nil : .wordStart(unicode: unicode)
        case .notWordBoundary(let unicode): return .notWordBoundary(unicode: unicode)
        case .searchStart, .keep: throw NotCovered()
        }
    }

    /// A run of word characters before a `\b` gives nothing back: inside it there is no boundary.
    ///
    /// - Returns: whether its end is a boundary for sure.
    private func endWord(of elements: inout [LineElement], unicode: Bool) -> Bool {
        guard case .run(let set, let minimum, let maximum, .greedy)? = elements.last, set.isASCIISubset(of: .word)
        else {
            return false
        }
        var isInside = minimum > 0
        if !isInside, elements.count > 1, case .run(let before, let least, _, _) = elements[elements.count - 2] {
            isInside = least > 0 && before.isASCIISubset(of: .word)
        }
        guard isInside else { return false }
        var ending = set
        let isWhole = set == .word && maximum == .max
        // A character beyond ASCII right behind it may be one of a word.
        if isWhole && unicode { ending.beyond = .unsure }
        elements[elements.count - 1] = .run(ending, minimum: minimum, maximum: maximum, .possessive)
        return isWhole
    }

    private static func edge(of set: ByteSet) -> Edge {
        set.isASCIISubset(of: .word) ? .word : set.beyond == .none && set.isDisjoint(with: .word) ? .nonWord : .unknown
    }

    // MARK: - Characters

    /// The set of a part that takes exactly one character; nil when it is none.
    private mutating func oneCharacter(_ node: PatternNode) throws(NotCovered) -> ByteSet? {
        switch node.kind {
        case .literal(let scalar, let ignoringCase):
            guard scalar <= 0x7F else {
                if ignoringCase { throw NotCovered() }
                return ByteSet(ScalarSet([scalar...scalar]), ignoringCase: false)
            }
            guard ignoringCase, UInt8(scalar).isLetter else {
                return ByteSet(ScalarSet([scalar...scalar]), ignoringCase: false)
            }
            coversUnicode = false
            return ByteSet(ScalarSet([scalar...scalar]).closedUnderASCIICase(), ignoringCase: true)
        case .any(let newline):
            return ByteSet(newline ? .all : ScalarSet([0x0A...0x0A]).complement(), ignoringCase: false)
        case .oneOf(let expression, let ignoringCase):
            if let set = expression.evaluated(ignoringCase: ignoringCase, members: { _ in nil }) {
                return ByteSet(set, ignoringCase: ignoringCase)
            }
            guard
                let set = expression.evaluated(
                    ignoringCase: ignoringCase, members: CompiledPattern.asciiMembers(ofProperty:))
            else { throw NotCovered() }
            var known = ByteSet(set.intersection(.ascii), ignoringCase: false)
            known.beyond = .unsure
            return known
        case .group(let body): return try oneCharacter(body)
        default: return nil
        }
    }

    // MARK: - Repetitions

    private mutating func repeated(_ body: PatternNode, _ repetition: Repetition) throws(NotCovered) -> LineElement {
        let before = edge
        let (minimum, maximum) = (repetition.minimum, repetition.maximum ?? .max)
        if let set = try oneCharacter(body) {
            guard !(set.beyond == .unsure && Self.isLiteralBeyondASCII(body)) else { throw NotCovered() }
            let after = Self.edge(of: set)
            edge = minimum > 0 || after == before ? after : .unknown
            return .run(set, minimum: minimum, maximum: maximum, repetition.mode)
        }
        let isLazy = repetition.mode == .lazy
        var parts: [LineElement] = []
        for _ in 0..<minimum { parts.append(try element(body)) }
        let certain = edge
        edge = .unknown
        if maximum == .max {
            let round = try element(body)
            guard round.minimumLength > 0 else { throw NotCovered() }
            parts.append(.loop(round, isLazy: isLazy))
        } else if maximum > minimum {
            // All rounds beyond the first of these stand behind others.
            if maximum == minimum + 1 { edge = certain }
            let first = try element(body)
            count += (maximum - minimum) * 2
            guard count <= Self.maximumElements else { throw NotCovered() }
            if maximum > minimum + 1 { try countAgain(body, maximum - minimum - 1) }
            var optional = LineElement.empty
            for _ in minimum..<maximum {
                let round = LineElement.joined([first, optional])
                optional = Self.choice(isLazy ? [.empty, round] : [round, .empty])
            }
            parts.append(optional)
        }
        edge = maximum == minimum ? certain : edge == certain ? certain : .unknown
        let whole = LineElement.joined(parts)
        return repetition.mode == .possessive ? try Self.atomic(whole) : whole
    }

    /// Written out once more for each round, a body counts as often.
    private mutating func countAgain(_ body: PatternNode, _ rounds: Int) throws(NotCovered) {
        var counter = LineElementReader(knowsParts: knowsParts)
        _ = try counter.element(body)
        count += counter.count * rounds
        guard count <= Self.maximumElements else { throw NotCovered() }
    }

    private static func isLiteralBeyondASCII(_ node: PatternNode) -> Bool {
        switch node.kind {
        case .literal(let scalar, _): scalar > 0x7F
        case .group(let body): isLiteralBeyondASCII(body)
        default: false
        }
    }

    // MARK: - Shapes that run faster

    /// A group, with checks at its edges outside of it.
    private static func capture(_ number: Int, _ body: LineElement) -> LineElement {
        guard case .sequence(let items) = body else { return .capture(number, body) }
        func isCheck(_ item: LineElement) -> Bool { if case .check = item { true } else { false } }
        let before = items.prefix(while: isCheck)
        let after = items[before.count...].reversed().prefix(while: isCheck).reversed()
        let inner = items[before.count..<(items.count - after.count)]
        return .joined(before + [.capture(number, .joined(Array(inner)))] + after)
    }

    private static func atomic(_ body: LineElement) throws(NotCovered) -> LineElement {
        if body.containsCapture { throw NotCovered() }
        switch body {
        case .literal, .check: return body
        case .run(let set, let minimum, let maximum, .greedy):
            return .run(set, minimum: minimum, maximum: maximum, .possessive)
        default: return .atomic(body)
        }
    }

    /// A choice, as a number where it is one, and with what several alternatives begin with alike taken out before them.
    static func choice(_ alternatives: [LineElement]) -> LineElement {
        var factored: [LineElement] = []
        var index = 0
        while index < alternatives.count {
            var end = index + 1
            if let prefix = singlePrefix(of: alternatives[index]) {
                while end < alternatives.count, singlePrefix(of: alternatives[end]) == prefix { end += 1 }
                if end > index + 1 {
                    let rests = alternatives[index..<end].map { rest(of: $0, after: prefix) }
                    factored.append(.joined(prefix + [choice(rests)]))
                    index = end
                    continue
                }
            }
            factored.append(alternatives[index])
            index = end
        }
        let whole = factored.count == 1 ? factored[0] : LineElement.choice(factored)
        if case .choice = whole, let table = DigitTable.known(whole) { return .digits(table) }
        return whole
    }

    /// The beginning of an alternative that can match in one way only: a run and a character that ends it.
    private static func singlePrefix(of element: LineElement) -> [LineElement]? {
        guard case .sequence(let items) = element, items.count >= 2, case .run(let set, _, _, .greedy) = items[0],
            case .literal(let bytes) = items[1], let byte = bytes.first, byte < 0x80, !set.contains(byte)
        else { return nil }
        return [items[0], .literal([byte])]
    }

    private static func rest(of element: LineElement, after prefix: [LineElement]) -> LineElement {
        guard case .sequence(var items) = element, case .literal(let bytes) = items[1] else { return element }
        items.removeFirst()
        items[0] = .literal(Array(bytes.dropFirst()))
        return .joined(items)
    }
}
