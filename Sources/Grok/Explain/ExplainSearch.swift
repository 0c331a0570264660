/// Tries parts of an expression on one line, within bounds.
final class ExplainSearch {
    /// Bytes of PCRE2 source that may be compiled for one explanation; the search ends early beyond.
    static let maximumCompiledBytes = 8 << 20
    /// Steps that one attempt may take for each place of the line.
    static let maximumMatchSteps: UInt32 = 400_000
    /// Processor time of all attempts together, in nanoseconds. A single one may take a share of what is left.
    static let timeoutNanoseconds: Int64 = 2_000_000_000
    private static let attemptShares: Int64 = 20

    let reading: GrokCompiler.Reading
    let line: [UInt8]
    let hasReferences: Bool
    private let isUnicode: Bool
    private let bounds: Bounds

    /// What all searches of one explanation share.
    private final class Bounds {
        let scratch: MatchScratch
        var remainingBytes = maximumCompiledBytes
        var hasGivenUp = false

        init(captures: Int, now: @escaping @Sendable () -> Int64) {
            var limits = MatchLimits()
            limits.matchSteps = maximumMatchSteps
            limits.timeoutNanoseconds = timeoutNanoseconds
            scratch = MatchScratch(captures: captures, limits: limits, now: now)
        }
    }

    private var scratch: MatchScratch { bounds.scratch }
    /// An attempt stopped at a limit, so that what was found may not be the best.
    var hasGivenUp: Bool { bounds.hasGivenUp }

    init(
        _ reading: GrokCompiler.Reading, line: [UInt8], isUnicode: Bool, now: @escaping @Sendable () -> Int64
    ) {
        self.reading = reading
        self.line = line
        self.isUnicode = isUnicode
        hasReferences = reading.pattern.root.containsReference
        bounds = Bounds(captures: reading.pattern.groups.count + 1, now: now)
    }

    /// The same for another text, or for another expression too, within the bounds of `search`.
    init(_ search: ExplainSearch, _ reading: GrokCompiler.Reading? = nil, line: [UInt8]) {
        self.reading = reading ?? search.reading
        self.line = line
        isUnicode = line.contains { $0 > 0x7F }
        hasReferences = self.reading.pattern.root.containsReference
        bounds = search.bounds
    }

    struct Match {
        let whole: Range<Int>
        /// What the explainer's own group took.
        let marked: Range<Int>?
        /// The named groups; of several with one name the last that took part.
        let fields: [String: Range<Int>]
    }

    /// The first place where the nodes follow one another; nil when there is none or a bound is reached.
    func match(_ nodes: [PatternNode]) -> Match? {
        var emitter = PatternEmitter(unicode: isUnicode, groups: reading.pattern.groups, watched: true)
        do {
            try emitter.emitWhole(PatternNode(.sequence(nodes), offset: 0, length: 0))
        } catch {
            return nil
        }
        bounds.remainingBytes -= emitter.text.count
        guard bounds.remainingBytes > 0, let program = try? CompiledPattern(emitter.text, unicode: isUnicode) else {
            return nil
        }
        scratch.reserve(program.captureCount + 1)
        unsafe scratch.budget.pointee.grant(oneOf: Self.attemptShares)
        // The line was checked to be what the program is for.
        let outcome = unsafe line.withUnsafeBytes { unsafe program.handle.runWatched($0, from: 0, scratch).outcome }
        if case .gaveUp = outcome { bounds.hasGivenUp = true }
        guard outcome == .matched else { return nil }
        var marked: Range<Int>?
        var fields: [String: Range<Int>] = [:]
        for (index, group) in Self.groups(of: nodes).enumerated() where index < program.captureCount {
            guard let place = range(index + 1) else { continue }
            if let name = group.name { fields[name] = place } else if group.isMark { marked = place }
        }
        return Match(whole: range(0) ?? 0..<0, marked: marked, fields: fields)
    }

    /// The groups in the order in which they are written, which gives them their numbers.
    private static func groups(of nodes: [PatternNode]) -> [(name: String?, isMark: Bool)] {
        var result: [(name: String?, isMark: Bool)] = []
        func collect(_ node: PatternNode) {
            if case .capture(let name, let number, _) = node.kind { result.append((name, number == markNumber)) }
            for child in node.children { collect(child) }
        }
        for node in nodes { collect(node) }
        return result
    }

    /// The number that tells the explainer's own group from those of the expression.
    private static let markNumber = -1

    private func range(_ group: Int) -> Range<Int>? {
        let start = scratch.start(of: group)
        return start < 0 ? nil : start..<max(start, scratch.end(of: group))
    }

    /// Any text, as short as can be, in the explainer's group.
    static let anything = PatternNode(
        .capture(
            name: nil, number: markNumber,
            PatternNode(
                .repetition(
                    Repetition(minimum: 0, maximum: nil, mode: .lazy),
                    PatternNode(.any(newline: true), offset: 0, length: 0)), offset: 0, length: 0)),
        offset: 0, length: 0)

    /// What is of the kind of a literal, in the explainer's group, the nearest first: itself in another case, other words
    /// with the same marks, another mark for a mark, any blanks for a blank. None for other elements.
    static func alike(_ element: ExplainElement) -> [PatternNode] {
        func oneOrMore(_ expression: ClassExpression, upTo maximum: Int? = nil) -> PatternNode {
            PatternNode(
                .repetition(
                    Repetition(minimum: 1, maximum: maximum, mode: .greedy),
                    PatternNode(.oneOf(expression, ignoringCase: false), offset: 0, length: 0)), offset: 0, length: 0)
        }
        let blank = ClassExpression.scalars(.space)
        guard element.kind == .literal else {
            return element.kind == .space ? [marked([oneOrMore(blank)])] : []
        }
        let letters = element.literal.utf8
        guard letters.contains(where: LineTokens.isLetter) else {
            guard element.nodes.count == 1, let mark = element.literal.unicodeScalars.first,
                let family = MarkFamily(mark.value)
            else { return [] }
            // Marks of lists are taken for one another before any other mark: `SOFT,restart-service` for a value and `;`.
            let near = MarkFamily.listSet.contains(mark.value) ? [MarkFamily.listSet] : []
            return (near + [family.set]).map { marked([oneOrMore(.scalars($0), upTo: 1)]) }
        }
        var words: [PatternNode] = []
        var isInWord = false
        for node in element.nodes {
            let isWord = if case .literal(let scalar, _) = node.kind { ScalarSet.word.contains(scalar) } else { false }
            if isWord, !isInWord { words.append(oneOrMore(.scalars(.word))) }
            if !isWord { words.append(node) }
            isInWord = isWord
        }
        let anyCase = element.nodes.map { node -> PatternNode in
            guard case .literal(let scalar, _) = node.kind else { return node }
            return PatternNode(.literal(scalar, ignoringCase: true), offset: node.offset, length: node.length)
        }
        return [marked(anyCase), marked(words)]
    }

    /// A text of the line and at least a character more, as short as can be, in the explainer's group.
    static func longer(than text: Range<Int>, of line: [UInt8]) -> PatternNode {
        let own = String(decoding: line[text], as: UTF8.self).unicodeScalars.map {
            PatternNode(.literal($0.value, ignoringCase: false), offset: 0, length: 0)
        }
        let more = PatternNode(
            .repetition(
                Repetition(minimum: 1, maximum: nil, mode: .lazy),
                PatternNode(.any(newline: true), offset: 0, length: 0)), offset: 0, length: 0)
        return marked(own + [more])
    }

    /// The word that begins here, or the blanks; may be empty.
    static func word(isBlank: Bool) -> PatternNode {
        let blank = ClassExpression.scalars(.space)
        let one = PatternNode(
            .oneOf(isBlank ? blank : .complement(blank), ignoringCase: false), offset: 0, length: 0)
        return marked([
            PatternNode(
                .repetition(Repetition(minimum: 0, maximum: nil, mode: .greedy), one), offset: 0, length: 0)
        ])
    }

    /// Nodes with nothing between them where a blank or a mark is wanted. Where two words have become one, neither ends at the
    /// edge of a word.
    static func joined(_ before: [PatternNode], _ after: [PatternNode]) -> [PatternNode] {
        var (before, after) = (before, after)
        if let last = before.popLast() { before.append(last.withoutEdges) }
        for index in after.indices {
            let isOptional = after[index].isOptional
            after[index] = after[index].withoutEdges
            if !isOptional { break }
        }
        return before + after
    }

    /// A place that is not between two digits, nor between two letters.
    static let tokenEdge: PatternNode = {
        let letters = ScalarSet([0x41...0x5A, 0x61...0x7A])
        let edges = [ScalarSet([0x30...0x39]), letters].map { set in
            let one = PatternNode(.oneOf(.scalars(set), ignoringCase: false), offset: 0, length: 0)
            return PatternNode(
                .alternation(
                    [true, false].map {
                        PatternNode(.look(ahead: $0, negative: true, one), offset: 0, length: 0)
                    }), offset: 0, length: 0)
        }
        return PatternNode(.sequence(edges), offset: 0, length: 0)
    }()

    /// Nodes in the explainer's group.
    static func marked(_ nodes: [PatternNode]) -> PatternNode {
        PatternNode(
            .capture(name: nil, number: markNumber, PatternNode(.sequence(nodes), offset: 0, length: 0)), offset: 0,
            length: 0)
    }

    /// Nodes in a group with a name.
    static func group(_ nodes: [PatternNode], named name: String) -> PatternNode {
        PatternNode(
            .capture(name: name, number: 0, PatternNode(.sequence(nodes), offset: 0, length: 0)), offset: 0, length: 0)
    }

    /// How many of the nodes, from the first, occur in the line one after the other behind `before`.
    ///
    /// A beginning matches whenever a longer one does, so the longest is found by halving.
    func longestBeginning(of nodes: [PatternNode], after before: [PatternNode] = []) -> Int {
        var known = 0
        var failing = nodes.count + 1
        while failing - known > 1 {
            let middle = (known + failing) / 2
            if match(before + nodes.prefix(middle)) != nil { known = middle } else { failing = middle }
        }
        return known
    }

    /// Whether an element is content with nothing.
    func mayBeEmpty(_ element: ExplainElement) -> Bool {
        ExplainSearch(self, line: []).match(element.nodes) != nil
    }

    /// Whether an element takes a text as a whole, when it is asked to take what it can.
    func takes(_ text: [UInt8], _ element: ExplainElement) -> Bool {
        ExplainSearch(self, line: text).match(element.nodes)?.whole == 0..<text.count
    }

    /// What an element takes behind others, whatever it asks of the text around it; nil: nothing.
    func text(of element: ExplainElement, behind before: [PatternNode]) -> Range<Int>? {
        let found = match(before + [Self.marked(element.nodes.map(\.withoutEdges))])?.marked
        return found?.isEmpty == false ? found : nil
    }

    /// Whether an element takes any text.
    func takesAnything(_ element: ExplainElement) -> Bool {
        let whole =
            [PatternNode(.anchor(.subjectStart), offset: 0, length: 0)]
            + element.nodes + [PatternNode(.anchor(.subjectEnd), offset: 0, length: 0)]
        return ExplainSearch(self, line: Array("a -1: ".utf8)).match(whole) != nil
    }

    /// Blanks, however they are written.
    func isSeparator(_ element: ExplainElement) -> Bool {
        if element.kind == .space { return true }
        guard element.kind == .expression, element.anchor == nil else { return false }
        func takes(_ text: String) -> Bool { self.takes(Array(text.utf8), element) }
        return takes(" ") && !takes("a") && !takes("-")
    }
}
