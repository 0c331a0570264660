import Grok

/// Finds for a candidate the time options with which the parser takes its records.
struct CandidateCheck {
    let library: PatternLibrary
    let records: [SampleRecords.Record]
    let isMultiline: Bool

    /// The records that a candidate's section takes.
    func taken(_ expression: String, _ time: GrokSuggestion.TimeKey?, of own: [Int]) -> [Int] {
        let member = SectionCheck.Member(expression: expression, time: time)
        guard let check = SectionCheck([member], library: library, isMultiline: isMultiline) else { return [] }
        return own.filter { index in
            if case .taken = check.run(records[index].raw) { true } else { false }
        }
    }

    /// The time options that lose no record: the written formats, what the parser guesses, or none at all.
    func timeKey(_ expression: String, _ field: TimeField?, of own: [Int]) -> (
        key: GrokSuggestion.TimeKey?, taken: [Int]
    ) {
        guard let field else { return (nil, taken(expression, nil, of: own)) }
        var best: (key: GrokSuggestion.TimeKey?, taken: [Int]) = (nil, [])
        // A <grok> section knows one format. Where there are several, the parser's own guess may read them all.
        let each = field.formats.map { [$0] }
        let tries: [[String]] = each.count > 1 && field.isGuessable ? [[]] + each : each
        for formats in tries {
            let key = GrokSuggestion.TimeKey(field: field.name, formats: formats, javaFormats: field.javaFormats)
            let found = taken(expression, key, of: own)
            if found.count > best.taken.count { best = (key, found) }
            if found.count == own.count { return best }
        }
        // A time that some lines have in no form that can be read: better no time than no lines.
        if best.taken.count * 20 < own.count * 19 {
            let without = taken(expression, nil, of: own)
            if without.count > best.taken.count { return (nil, without) }
        }
        return best
    }
}
