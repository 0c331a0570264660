package import Grok

/// Proposes grok expressions for sample lines: known formats first, then expressions built from what lines share.
///
/// Asks no clock and reads nothing; the same lines give the same proposals. Each proposal is run by the parser that the
/// daemon makes of it, on every sample line, before it is shown.
package struct GrokSuggester: Sendable {
    private let library: PatternLibrary
    private let compiler: GrokCompiler
    private let series: PatternSeries

    /// - Parameter library: the definitions of the series, custom ones included.
    package init(library: PatternLibrary, series: PatternSeries) {
        self.library = library
        self.series = series
        compiler = GrokCompiler(library: library)
    }

    /// The proposals for a sample.
    package func suggest(_ sample: SampleLines) -> GrokSuggestion {
        // The rows of a table are records by themselves.
        let table = SampleTable(sample)
        let records = SampleRecords(sample.lines, isWhole: !sample.isSampled && table == nil)
        var surroundings = ShapeExpression.Surroundings()
        surroundings.hasByteOrderMark = sample.hasByteOrderMark
        surroundings.hasCarriageReturns = sample.hasCarriageReturns
        surroundings.hasColours = sample.hasColours
        var suggestion = suggestion(
            for: records, limits: sample.limits, surroundings: surroundings, table: table, isInner: false)
        suggestion.notes += SuggestNotes.notes(on: sample)
        return suggestion
    }

    static func count(_ number: Int, _ noun: String) -> String { number == 1 ? "1 \(noun)" : "\(number) \(noun)s" }

    private func suggestion(
        for records: SampleRecords, limits: SuggestLimits, surroundings: ShapeExpression.Surroundings,
        table: SampleTable?, isInner: Bool
    ) -> GrokSuggestion {
        var suggestion = GrokSuggestion(series: series)
        suggestion.lineCount = records.records.reduce(0) { $0 + $1.lineCount }
        suggestion.firstLine = records.firstLine
        suggestion.continuationCount = records.continuationCount
        var structured = StructuredRecords(records, isInner: isInner, isMarked: surroundings.hasByteOrderMark)
        structured.find()
        suggestion.proposals = structured.proposals
        let open = structured.rest
        let check = CandidateCheck(
            library: library, records: records.records, isMultiline: records.firstLine != nil)
        var work = SuggestedWork(
            records: records, check: check, compiler: compiler, series: series, surroundings: surroundings,
            table: table, isInner: isInner)
        work.find(in: open)
        let result = SuggestedSet(work.candidates, check: check, limits: limits).proposals(for: open)
        suggestion.proposals += result.proposals
        let uncovered = result.uncovered.map { records.records[$0] }
        suggestion.uncoveredCount = uncovered.reduce(0) { $0 + $1.lineCount }
        suggestion.uncovered = uncovered.prefix(limits.maximumShownLines).map(\.raw)
        suggestion.notes = result.notes
        if !isInner {
            addInner(&suggestion, structured.proposals.count, result.messages, limits)
            suggestion.notes += SuggestNotes.notes(on: suggestion, work.candidates, surroundings)
        }
        return suggestion
    }

    /// Where the captured messages hold JSON or columns of their own, proposals for them.
    private func addInner(
        _ suggestion: inout GrokSuggestion, _ first: Int, _ messages: [[[UInt8]]], _ limits: SuggestLimits
    ) {
        for (index, texts) in messages.enumerated() where !texts.isEmpty {
            let found = texts.count { StructuredLine.isJSON($0) || StructuredLine.isLTSV($0) }
            guard found * 2 >= texts.count else { continue }
            let records = SampleRecords(texts, isWhole: false)
            let inner = self.suggestion(
                for: records, limits: limits, surroundings: ShapeExpression.Surroundings(), table: nil, isInner: true)
            guard !inner.proposals.isEmpty, inner.coveredCount * 2 >= inner.lineCount else { continue }
            suggestion.proposals[first + index].inner = GrokSuggestion.Inner(field: "message", suggestion: inner)
        }
    }
}
