/// What an operator should know besides the proposals, one sentence each.
enum SuggestNotes {
    static func notes(on sample: SampleLines) -> [String] {
        var notes: [String] = []
        func count(_ number: Int, _ noun: String) -> String { GrokSuggester.count(number, noun) }
        if sample.isWide {
            notes.append("the text is in UTF-16, which no parser reads: convert it to UTF-8 first (iconv -f UTF-16)")
        }
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
        if sample.directiveCount > 0 {
            notes.append(
                "\(count(sample.directiveCount, "line")) of the header left out (#Fields and the like): no pattern takes them, so drop them with a grep filter"
            )
        }
        if sample.hasByteOrderMark {
            notes.append("the text begins with a byte order mark, which the patterns pass over (\\uFEFF)")
        }
        if sample.hasCarriageReturns {
            notes.append("lines end with a carriage return, which the patterns leave out of the last field")
        }
        if sample.hasColours {
            notes.append(
                "the lines carry terminal colours (\\e[…m), which the patterns pass over where they stand between fields; switch them off where they are written (NO_COLOR=1, --no-color)"
            )
        }
        return notes
    }

    static func notes(
        on suggestion: GrokSuggestion, _ candidates: [Candidate], _ surroundings: ShapeExpression.Surroundings
    ) -> [String] {
        var notes: [String] = []
        let parsers = Set(suggestion.proposals.map(\.parser))
        if parsers.count > 1 {
            notes.append(
                "lines for different parsers are mixed: one <parse> section has one @type, so separate them by tag first"
            )
        }
        if suggestion.continuationCount > 0 {
            notes.append(
                "\(GrokSuggester.count(suggestion.continuationCount, "line")) belong to the line before (a stack trace, a statement): multiline_grok reads them as one text; where each line arrives as an event, the sender must join them first"
            )
        }
        let used = Set(suggestion.proposals.map(\.expression))
        let times = candidates.filter { candidate in used.contains { $0.contains(candidate.expression) } }
        if times.contains(where: { $0.time != nil && $0.timeField?.hasYear == false }) {
            notes.append("the times have no year: the parser takes the current one")
        }
        if times.contains(where: { $0.time != nil && $0.timeField?.isAmbiguous == true }) {
            notes.append("in the dates day and month could be exchanged: check time_format")
        }
        for candidate in times where candidate.time == nil {
            if let field = candidate.timeField {
                notes.append(
                    "the times in '\(field.name)' cannot be read in every line, so the section has no time_key: events get the time at which they are parsed"
                )
                break
            }
        }
        if suggestion.proposals.isEmpty, suggestion.lineCount > 0 {
            notes.append(
                "found nothing these lines share: no times, addresses, levels, keys, columns or repeated words; write the expression by hand and see where it stops with sluice grok explain"
            )
        }
        return notes
    }
}
