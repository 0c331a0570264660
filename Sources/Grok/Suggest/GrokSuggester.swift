/// Proposes grok expressions for sample lines: known formats first, then expressions built from what lines share.
///
/// Pure: reads nothing, asks no clock; the same lines give the same proposals. Each expression is run by the engine on
/// every sample line before it is proposed.
package struct GrokSuggester: Sendable {
    private let compiler: GrokCompiler
    private let series: PatternSeries

    /// - Parameter compiler: with the library of the series, custom definitions included.
    package init(compiler: GrokCompiler, series: PatternSeries) {
        self.compiler = compiler
        self.series = series
    }

    /// The proposals for a sample.
    package func suggest(_ sample: SampleLines) -> GrokSuggestion {
        var suggestion = suggestion(for: sample.lines, limits: sample.limits, isInner: false)
        suggestion.notes += Self.notes(on: sample)
        return suggestion
    }

    private static func notes(on sample: SampleLines) -> [String] {
        var notes: [String] = []
        if sample.isSampled {
            notes.append(
                "looked at an even sample of \(sample.limits.maximumLines) of \(sample.seenCount) lines (maximumLines)")
        }
        if sample.tooLongCount > 0 {
            notes.append(
                "left out \(count(sample.tooLongCount, "line")) over \(sample.limits.maximumLineBytes) bytes (maximumLineBytes); give a file without them"
            )
        }
        if sample.repairedCount > 0 {
            notes.append(
                "\(count(sample.repairedCount, "line")) not in valid UTF-8: what is not was replaced by U+FFFD")
        }
        return notes
    }

    static func count(_ number: Int, _ noun: String) -> String { number == 1 ? "1 \(noun)" : "\(number) \(noun)s" }

    /// An expression that may be proposed, and the lines it was made from.
    struct Candidate {
        let expression: String
        let title: String?
        let time: GrokSuggestion.TimeKey?
        let lines: [Int]
        let fieldCount: Int
    }

    private func suggestion(for lines: [[UInt8]], limits: SuggestLimits, isInner: Bool) -> GrokSuggestion {
        var suggestion = GrokSuggestion(series: series)
        suggestion.lineCount = lines.count
        let parsers = lines.map { line -> GrokSuggestion.Proposal.Parser in
            StructuredLine.isJSON(line) ? .json : StructuredLine.isLTSV(line) ? .ltsv : .grok
        }
        for (parser, title) in [
            (GrokSuggestion.Proposal.Parser.json, "JSON, one object a line"),
            (.ltsv, "LTSV, labelled values between tabs"),
        ] {
            guard let first = parsers.firstIndex(of: parser) else { continue }
            var proposal = GrokSuggestion.Proposal(parser: parser, title: title)
            proposal.lineCount = parsers.count { $0 == parser }
            proposal.sample = lines[first]
            suggestion.proposals.append(proposal)
        }
        let unstructured = lines.indices.filter { parsers[$0] == .grok }
        var open = unstructured
        let scratch = MatchScratch(limits: Self.matchLimits)
        var candidates: [Candidate] = []
        if !isInner { candidates = known(lines, &open, scratch) }
        candidates += keyValues(lines, &open, scratch)
        let isSparse = open.count > 20
        candidates += clusters(lines, open, scratch, isSparse: isSparse, leastKeys: isInner ? 2 : 0)
        let result = SuggestedSet(
            candidates, lines: lines, compiler: compiler, scratch: scratch, limits: limits, series: series)
        let grok = result.proposals(for: unstructured)
        suggestion.proposals += grok.proposals
        suggestion.uncoveredCount = grok.uncovered.count
        suggestion.uncovered = grok.uncovered.prefix(limits.maximumShownLines).map { lines[$0] }
        suggestion.notes = grok.notes
        if !isInner {
            addInner(&suggestion, grok.messages, limits)
            addNotes(&suggestion, grok.uncovered.map { lines[$0] })
        }
        return suggestion
    }

    /// Less than the pipeline allows: an expression that needs more is none to propose.
    private static var matchLimits: MatchLimits {
        var limits = MatchLimits()
        limits.matchSteps = 200_000
        limits.timeoutNanoseconds = 5_000_000
        return limits
    }

    // MARK: - Where candidates come from

    /// Known formats; the lines they take leave `open`.
    private func known(_ lines: [[UInt8]], _ open: inout [Int], _ scratch: MatchScratch) -> [Candidate] {
        let formats = KnownFormat.compiled(compiler, series, scratch)
        var own = Array(repeating: [Int](), count: formats.count)
        var rest: [Int] = []
        for index in open {
            let found = formats.firstIndex { Self.matches($0, lines[index]) }
            if let found { own[found].append(index) } else { rest.append(index) }
        }
        // A special case of syslog is worth a pattern only when it is what the file is about.
        if let general = formats.lastIndex(where: { !$0.format.isSpecialCase }) {
            for index in formats.indices where formats[index].format.isSpecialCase {
                let others = formats.indices.filter { $0 == general || formats[$0].format.isSpecialCase && $0 != index }
                let total = others.reduce(own[index].count) { $0 + own[$1].count }
                if own[index].count * 2 < total {
                    own[general] += own[index]
                    own[index] = []
                }
            }
            own[general].sort()
        }
        open = rest
        return formats.indices.filter { !own[$0].isEmpty }.map { index in
            let format = formats[index].format
            return Candidate(
                expression: formats[index].expression, title: format.title,
                time: format.timeFormat.map {
                    GrokSuggestion.TimeKey(field: "timestamp", format: $0.isEmpty ? nil : $0)
                },
                lines: own[index], fieldCount: 0)
        }
    }

    private static func matches(_ format: KnownFormat.Compiled, _ line: [UInt8]) -> Bool {
        if let requirement = format.requirement {
            guard case .hit = requirement.match(sample: line) else { return false }
        }
        if case .hit = format.matcher.match(sample: line) { return true }
        return false
    }

    /// Lines of nothing but pairs; those that one expression covers leave `open`.
    private func keyValues(_ lines: [[UInt8]], _ open: inout [Int], _ scratch: MatchScratch) -> [Candidate] {
        struct Group: Hashable {
            let separator: KeyValueLines.Separator
            let first: [UInt8]
        }
        var groups: [Group: KeyValueLines] = [:]
        var order: [Group] = []
        for index in open {
            guard let pairs = KeyValueLines.pairs(LineTokenizer.tokens(of: lines[index]), in: lines[index]) else {
                continue
            }
            let group = Group(separator: pairs.separator, first: pairs.keys[0])
            if groups[group] == nil {
                groups[group] = KeyValueLines(separator: pairs.separator)
                order.append(group)
            }
            _ = groups[group]?.add(pairs, in: lines[index], number: index)
        }
        var candidates: [Candidate] = []
        var covered: Set<Int> = []
        for group in order {
            guard let own = groups[group], let pairs = own.ordered() else { continue }
            let builders = ExpressionBuilder.Strictness.allCases.map {
                ExpressionBuilder(
                    pairs, between: own.separatorExpression, lineCount: own.lines.count, series: series, strictness: $0)
            }
            guard let best = bestCandidate(builders, own.lines, lines, scratch) else { continue }
            let title = group.separator.byte == nil ? "key=value pairs (logfmt)" : "key=value pairs"
            candidates.append(
                Candidate(
                    expression: best.expression, title: title, time: best.time, lines: best.lines,
                    fieldCount: best.fieldCount))
            covered.formUnion(best.lines)
        }
        open.removeAll { covered.contains($0) }
        return candidates
    }

    private func clusters(
        _ lines: [[UInt8]], _ open: [Int], _ scratch: MatchScratch, isSparse: Bool, leastKeys: Int
    ) -> [Candidate] {
        var clusters = LineClusters(lenient: false)
        for index in open { clusters.add(LineTokenizer.tokens(of: lines[index]), in: lines[index], number: index) }
        if clusters.templates.count > 8 {
            var lenient = LineClusters(lenient: true)
            for index in open { lenient.add(LineTokenizer.tokens(of: lines[index]), in: lines[index], number: index) }
            if lenient.templates.count < clusters.templates.count { clusters = lenient }
        }
        return clusters.templates.compactMap { template in
            var template = template
            template.settle()
            guard template.isMeaningful, template.keyCount >= leastKeys,
                !isSparse || template.lines.count >= 2 || template.hasTimestamp && template.score >= 5
            else { return nil }
            let builders = ExpressionBuilder.Strictness.allCases.map {
                ExpressionBuilder(template, series: series, strictness: $0)
            }
            return bestCandidate(builders, template.lines, lines, scratch)
        }
    }

    /// The narrowest of some expressions that matches all its lines, or the one that matches most.
    private func bestCandidate(
        _ builders: [ExpressionBuilder], _ own: [Int], _ lines: [[UInt8]], _ scratch: MatchScratch
    ) -> Candidate? {
        var best: Candidate?
        for builder in builders where builder.fieldCount > 0 {
            guard let pattern = try? compiler.compile(builder.text) else { continue }
            let matcher = GrokMatcher(
                GrokSet([GrokSet.Member(name: nil, pattern: pattern, index: 0)]), scratch: scratch)
            let matched = own.filter { index in
                if case .hit = matcher.match(sample: lines[index]) {
                    return true
                }
                return false
            }
            if matched.isEmpty || matched.count <= best?.lines.count ?? 0 { continue }
            best = Candidate(
                expression: builder.text, title: nil, time: builder.time, lines: matched, fieldCount: builder.fieldCount
            )
            if matched.count == own.count { break }
        }
        return best
    }

    // MARK: - What else there is to say

    /// Where the captured messages hold pairs or JSON of their own, proposals for them.
    private func addInner(
        _ suggestion: inout GrokSuggestion, _ messages: [String: (field: String, texts: [[UInt8]])],
        _ limits: SuggestLimits
    ) {
        for index in suggestion.proposals.indices {
            guard let found = messages[suggestion.proposals[index].expression], !found.texts.isEmpty else { continue }
            let structured = found.texts.count { text in
                StructuredLine.isJSON(text)
                    || LineTokenizer.tokens(of: text).count { $0.kind == .key } >= 2
            }
            guard structured * 2 >= found.texts.count else { continue }
            let inner = self.suggestion(for: found.texts, limits: limits, isInner: true)
            guard !inner.proposals.isEmpty, inner.coveredCount * 2 >= inner.lineCount else { continue }
            suggestion.proposals[index].inner = GrokSuggestion.Inner(field: found.field, suggestion: inner)
        }
    }

    private func addNotes(_ suggestion: inout GrokSuggestion, _ uncovered: [[UInt8]]) {
        let parsers = Set(suggestion.proposals.map(\.parser))
        if parsers.count > 1 {
            suggestion.notes.append(
                "lines for different parsers are mixed: one <parse> section has one @type, so separate them by tag first"
            )
        }
        let continuations = uncovered.count { line in
            line.first?.isBlank == true || line.starts(with: "Caused by:".utf8) || line.starts(with: "Traceback ".utf8)
        }
        if continuations > 0 {
            suggestion.notes.append(
                "\(Self.count(continuations, "line")) without a pattern may continue the line before (a stack trace): use @type multiline_grok with multiline_start_regexp"
            )
        }
        if suggestion.proposals.isEmpty, suggestion.lineCount > 0 {
            suggestion.notes.append(
                "found nothing these lines share: no times, addresses, levels, keys or repeated words; write the expression by hand and see where it stops with sluice grok explain"
            )
        }
    }
}
