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
        /// The first group, which is the explainer's own where captures were taken out.
        let marked: Range<Int>?
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
        let marked = program.captureCount > 0 ? range(1) : nil
        return Match(whole: range(0) ?? 0..<0, marked: marked)
    }

    private func range(_ group: Int) -> Range<Int>? {
        let start = scratch.start(of: group)
        return start < 0 ? nil : start..<max(start, scratch.end(of: group))
    }

    /// Any text, as short as can be, in the explainer's group.
    static let anything = PatternNode(
        .capture(
            name: nil, number: 0,
            PatternNode(
                .repetition(
                    Repetition(minimum: 0, maximum: nil, mode: .lazy),
                    PatternNode(.any(newline: true), offset: 0, length: 0)), offset: 0, length: 0)),
        offset: 0, length: 0)

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

    /// Nodes in the explainer's group.
    static func marked(_ nodes: [PatternNode]) -> PatternNode {
        PatternNode(
            .capture(name: nil, number: 0, PatternNode(.sequence(nodes), offset: 0, length: 0)), offset: 0, length: 0)
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
}
