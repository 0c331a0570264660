/// Changes where parts of an expression have nothing in the line.
struct MissingPartChanges {
    let line: [UInt8]

    func dropping(
        _ elements: ArraySlice<ExplainElement>, at place: Range<Int>,
        _ written: (ExplainElement) -> (text: String, range: Range<Int>)
    ) -> [RemedyCandidate] {
        guard let first = elements.first, let last = elements.last else { return [] }
        let (start, end) = (written(first).range.lowerBound, written(last).range.upperBound)
        guard elements.allSatisfy({ $0.owner == first.owner }), start < end else { return [] }
        if first.kind == .literal,
            LineTokens.isThereInPart(first.literal, line, at: place.lowerBound)
                || line[..<place.lowerBound].suffix(first.literal.utf8.count).elementsEqual(first.literal.utf8)
        {
            return []
        }
        let range = start..<end
        let text = elements.reduce(into: ("", range.lowerBound)) { result, element in
            let own = written(element)
            // What groups that were opened have between their parts cannot be written anew here.
            if own.range.lowerBound == result.1 { result = (result.0 + own.text, own.range.upperBound) }
        }
        guard text.1 == range.upperBound else { return [] }
        return [
            RemedyCandidate(
                rank: .exact, advice: "make '\(text.0)' optional: the line has no such part",
                replacement: "(?:\(text.0))?", range: range)
        ]
    }

    func absent(_ written: String) -> [RemedyCandidate] {
        [
            RemedyCandidate(
                rank: .exact, advice: "make \(written) optional: the line has nothing there",
                replacement: RemedyText.isGroup(written) ? "\(written)?" : "(?:\(written))?")
        ]
    }

    /// The element with the blank before or behind it.
    func withNeighbour(
        _ verdict: ExplainVerdict, _ written: (ExplainElement) -> (text: String, range: Range<Int>)
    ) -> [RemedyCandidate] {
        let elements = verdict.elements
        var result: [RemedyCandidate] = []
        for range in verdict.pairs where elements[range].contains(where: { $0.kind == .space }) {
            result += dropping(elements[range], at: verdict.text ?? 0..<0, written)
        }
        return result
    }
}
