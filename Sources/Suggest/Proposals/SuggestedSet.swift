import Grok

/// Candidates put in the order for first-hit matching, and what each of them gets when the parser runs them all.
struct SuggestedSet {
    private let check: CandidateCheck
    private let limits: SuggestLimits
    private var candidates: [Candidate]
    private let leftOut: Int

    init(_ candidates: [Candidate], check: CandidateCheck, limits: SuggestLimits) {
        self.check = check
        self.limits = limits
        var seen: Set<String> = []
        let byLines = candidates.filter { seen.insert($0.expression).inserted }.enumerated().sorted {
            ($1.element.records.count, $0.offset) < ($0.element.records.count, $1.offset)
        }
        self.candidates = byLines.prefix(limits.maximumPatterns).map(\.element)
        leftOut = seen.count - self.candidates.count
    }

    struct Result {
        var proposals: [GrokSuggestion.Proposal] = []
        var uncovered: [Int] = []
        var notes: [String] = []
        /// By proposal: the texts of the field that holds running text.
        var messages: [[[UInt8]]] = []
    }

    /// Runs the set over records: those that no other parser reads.
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
        // Patterns that get almost nothing once the others had their turn are not worth their place.
        let used = ordered.indices.filter { !hits.records[$0].isEmpty }
        if used.count < ordered.count {
            ordered = used.map { ordered[$0] }
            hits = firstHits(ordered, open)
        }
        result.uncovered = hits.uncovered
        result.proposals = hits.proposals
        result.messages = hits.messages
        return result
    }

    private static func anchored(_ candidate: Candidate) -> Candidate {
        var candidate = candidate
        if !candidate.expression.hasPrefix("^") { candidate.expression = "^" + candidate.expression }
        if !candidate.expression.hasSuffix("$"), !candidate.expression.hasSuffix("%{GREEDYDATA:message}") {
            candidate.expression += "\\s*$"
        }
        return candidate
    }

    // MARK: - Order

    /// A candidate whose records another takes too stands before it; else the one with more records is first.
    private func orderedForFirstHit(_ open: [Int]) -> [Candidate] {
        guard candidates.count > 1 else { return candidates }
        // Without their time options: a line whose time a pattern refuses does not go on to the next one either.
        let takes = candidates.map { Set(check.taken(Self.anchored($0).expression, nil, of: open)) }
        var remaining = Array(candidates.indices)
        var order: [Int] = []
        while !remaining.isEmpty {
            let next =
                remaining.first { one in
                    !remaining.contains { other in
                        // What was made from a few records is no special case of what takes many.
                        other != one && (takes[other].count, other) < (takes[one].count, one)
                            && candidates[other].records.count * 2 >= takes[other].count
                            && !takes[other].isDisjoint(with: takes[one])
                    }
                } ?? remaining[0]
            order.append(next)
            remaining.removeAll { $0 == next }
        }
        return order.map { candidates[$0] }
    }

    private struct Hits {
        var records: [[Int]]
        var uncovered: [Int] = []
        var proposals: [GrokSuggestion.Proposal] = []
        var messages: [[[UInt8]]] = []
    }

    private func firstHits(_ ordered: [Candidate], _ open: [Int]) -> Hits {
        var hits = Hits(records: Array(repeating: [], count: ordered.count))
        hits.messages = Array(repeating: [], count: ordered.count)
        hits.proposals = ordered.map {
            GrokSuggestion.Proposal(parser: .grok, expression: $0.expression, title: $0.title, time: $0.time)
        }
        let members = ordered.map { SectionCheck.Member(expression: $0.expression, time: $0.time) }
        guard !ordered.isEmpty,
            let section = SectionCheck(members, library: check.library, isMultiline: check.isMultiline)
        else {
            hits.uncovered = open
            return hits
        }
        var bytes = Array(repeating: (named: 0, all: 0), count: ordered.count)
        for index in open {
            let record = check.records[index]
            guard case .taken(let member) = section.run(record.raw) else {
                hits.uncovered.append(index)
                continue
            }
            hits.records[member].append(index)
            let named = note(record, member, section, ordered[member], &hits)
            bytes[member].named += named
            bytes[member].all += record.raw.count
        }
        for index in hits.proposals.indices where bytes[index].all > 0 {
            hits.proposals[index].extractedPerMille = bytes[index].named * 1000 / bytes[index].all
        }
        return hits
    }

    /// Takes the fields of a record into the proposal; how many of its bytes are in named fields.
    private func note(
        _ record: SampleRecords.Record, _ member: Int, _ section: SectionCheck, _ candidate: Candidate,
        _ hits: inout Hits
    ) -> Int {
        let fields = section.fields(of: member)
        if hits.proposals[member].fields.isEmpty {
            hits.proposals[member].sample = record.raw
            hits.proposals[member].fields = fields.map {
                GrokSuggestion.Field(name: $0.name, type: $0.type, isFreeText: candidate.freeText.contains($0.name))
            }
        }
        let isFirst = hits.proposals[member].recordCount == 0
        hits.proposals[member].recordCount += 1
        hits.proposals[member].lineCount += record.lineCount
        var taken: [Range<Int>] = []
        for (index, field) in fields.enumerated() {
            guard let range = section.range(index), range.upperBound <= record.raw.count else { continue }
            let text = Array(record.raw[range])
            hits.proposals[member].fields[index].recordCount += 1
            if isFirst {
                hits.proposals[member].fields[index].first = GrokSuggestion.Capture(
                    name: field.name, type: field.type, text: text)
            }
            if hits.proposals[member].fields[index].values.count < 3,
                !hits.proposals[member].fields[index].values.contains(text)
            {
                hits.proposals[member].fields[index].values.append(text)
            }
            if field.name == "message", !text.isEmpty { hits.messages[member].append(text) }
            if !candidate.freeText.contains(field.name) { taken.append(range) }
        }
        return Self.union(taken)
    }

    /// How many bytes are in at least one of some ranges.
    private static func union(_ ranges: [Range<Int>]) -> Int {
        var total = 0
        var end = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where range.upperBound > end {
            total += range.upperBound - max(range.lowerBound, end)
            end = range.upperBound
        }
        return total
    }
}
