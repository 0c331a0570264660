/// Candidates put in the order for first-hit matching, and what each of them gets when the engine runs them all.
struct SuggestedSet {
    private let lines: [[UInt8]]
    private let scratch: MatchScratch
    private let limits: SuggestLimits
    private let series: PatternSeries
    private let compiler: GrokCompiler
    private var candidates: [GrokSuggester.Candidate]
    private let leftOut: Int

    init(
        _ candidates: [GrokSuggester.Candidate], lines: [[UInt8]], compiler: GrokCompiler, scratch: MatchScratch,
        limits: SuggestLimits, series: PatternSeries
    ) {
        self.lines = lines
        self.scratch = scratch
        self.limits = limits
        self.compiler = compiler
        self.series = series
        let byLines = candidates.enumerated().sorted {
            ($1.element.lines.count, $0.offset) < ($0.element.lines.count, $1.offset)
        }
        self.candidates = byLines.prefix(limits.maximumPatterns).map(\.element)
        leftOut = candidates.count - self.candidates.count
    }

    struct Result {
        var proposals: [GrokSuggestion.Proposal] = []
        var uncovered: [Int] = []
        var notes: [String] = []
        /// By expression: the field that holds running text, and its texts.
        var messages: [String: (field: String, texts: [[UInt8]])] = [:]
    }

    /// Runs the set over lines: those that no other parser reads.
    func proposals(for open: [Int]) -> Result {
        var result = Result()
        if leftOut > 0 {
            result.notes.append(
                "\(GrokSuggester.count(leftOut, "more pattern")) for fewer lines left out (maximumPatterns \(limits.maximumPatterns)); give the formats one at a time"
            )
        }
        var ordered = orderedForFirstHit(open)
        // A known format needs no anchors when nothing else is there to take its lines.
        if ordered.count > 1 { ordered = ordered.map(Self.anchored) }
        var hits = firstHits(ordered, open)
        let used = ordered.indices.filter { !hits.lines[$0].isEmpty }
        if used.count < ordered.count {
            ordered = used.map { ordered[$0] }
            hits = firstHits(ordered, open)
        }
        result.uncovered = hits.uncovered
        for index in ordered.indices {
            let candidate = ordered[index]
            var proposal = GrokSuggestion.Proposal(
                parser: .grok, expression: candidate.expression, title: candidate.title, time: candidate.time)
            proposal.lineCount = hits.lines[index].count
            if let first = hits.lines[index].first {
                proposal.sample = lines[first]
                proposal.captures = captures(hits.matcher, lines[first])
            }
            result.proposals.append(proposal)
            result.messages[candidate.expression] = messages(hits.matcher, hits.lines[index])
        }
        return result
    }

    private static func anchored(_ candidate: GrokSuggester.Candidate) -> GrokSuggester.Candidate {
        var text = candidate.expression
        if !text.hasPrefix("^") { text = "^" + text }
        if !text.hasSuffix("$"), !text.hasSuffix("%{GREEDYDATA:message}") { text += "\\s*$" }
        return GrokSuggester.Candidate(
            expression: text, title: candidate.title, time: candidate.time, lines: candidate.lines,
            fieldCount: candidate.fieldCount)
    }

    // MARK: - Order

    private func matcher(_ expressions: [String]) -> GrokMatcher {
        let sources = expressions.map { GrokSet.Source($0) }
        // The candidates compiled before; an empty set stands for none.
        let set = (try? GrokSet(sources, compiler: compiler)) ?? GrokSet([])
        return GrokMatcher(set, scratch: scratch)
    }

    /// A candidate whose lines another takes too stands before it; else the one with more lines is first.
    private func orderedForFirstHit(_ open: [Int]) -> [GrokSuggester.Candidate] {
        guard candidates.count > 1 else { return candidates }
        let all = candidates.map(Self.anchored)
        let takes = all.map { candidate -> Set<Int> in
            let matcher = matcher([candidate.expression])
            return Set(
                open.filter { index in
                    if case .hit = matcher.match(sample: lines[index]) {
                        return true
                    }
                    return false
                })
        }
        var remaining = Array(candidates.indices)
        var order: [Int] = []
        while !remaining.isEmpty {
            let next =
                remaining.first { one in
                    !remaining.contains { other in
                        other != one && (takes[other].count, other) < (takes[one].count, one)
                            && !takes[other].isDisjoint(with: takes[one])
                    }
                } ?? remaining[0]
            order.append(next)
            remaining.removeAll { $0 == next }
        }
        return order.map { candidates[$0] }
    }

    private func firstHits(
        _ ordered: [GrokSuggester.Candidate], _ open: [Int]
    ) -> (lines: [[Int]], uncovered: [Int], matcher: GrokMatcher) {
        let matcher = matcher(ordered.map(\.expression))
        var own = Array(repeating: [Int](), count: ordered.count)
        var uncovered: [Int] = []
        for index in open {
            if case .hit(let member) = matcher.match(sample: lines[index]) {
                own[matcher.set.members[member].index].append(index)
            } else {
                uncovered.append(index)
            }
        }
        return (own, uncovered, matcher)
    }

    // MARK: - Captures

    private func captures(_ matcher: GrokMatcher, _ line: [UInt8]) -> [GrokSuggestion.Capture] {
        guard case .hit(let member) = matcher.match(sample: line) else { return [] }
        return matcher.set.members[member].pattern.fields.enumerated().compactMap { index, field in
            let range = matcher.range(of: index)
            guard range.isSet else { return nil }
            return GrokSuggestion.Capture(
                name: field.name, type: field.type, text: Array(line[Int(range.start)..<Int(range.end)]))
        }
    }

    /// The texts of the field `message`, where the pattern has one.
    private func messages(_ matcher: GrokMatcher, _ own: [Int]) -> (field: String, texts: [[UInt8]])? {
        var texts: [[UInt8]] = []
        for number in own {
            let line = lines[number]
            guard case .hit(let member) = matcher.match(sample: line),
                let field = matcher.set.members[member].pattern.fields.firstIndex(where: { $0.name == "message" })
            else { return nil }
            let range = matcher.range(of: field)
            guard range.isSet, range.start < range.end else { continue }
            texts.append(Array(line[Int(range.start)..<Int(range.end)]))
        }
        return ("message", texts)
    }
}

extension GrokMatcher {
    /// Matches a line whose text was not classified before.
    func match(sample line: [UInt8]) -> Result { match(line.span, as: SubjectText.classify(line.span)) }
}
