/// What may be changed where an element is to blame.
struct RemedyChanges {
    let forms: RemedyForms
    let line: [UInt8]

    private var missing: MissingPartChanges { MissingPartChanges(line: line) }
    private var texts: TextChanges { TextChanges(line: line) }
    private var values: ValueChanges { ValueChanges(forms: forms) }

    /// The changes for a verdict; `written` gives an element as it is written and where.
    func candidates(
        for verdict: ExplainVerdict, written: (ExplainElement) -> (text: String, range: Range<Int>)
    ) -> [RemedyCandidate] {
        let element = verdict.element
        let place = verdict.text ?? 0..<0
        if let dropped = verdict.dropped { return missing.dropping(verdict.elements[dropped], at: place, written) }
        let own = written(element)
        let text = Array(line[place])
        let found = String(decoding: text, as: UTF8.self)
        switch element.kind {
        case .space:
            let next = verdict.elements[(verdict.index + 1)...].first
            return texts.ofSpace(own.text, found, place, before: next?.kind == .literal ? next?.literal ?? "" : "")
        case .literal: return texts.ofLiteral(element, own.text, found, place)
        case .reference:
            guard !text.isEmpty else { return missing.absent(own.text) + missing.withNeighbour(verdict, written) }
            return values.beside(own.text, text, found) + values.ofReference(own.text, text)
        case .expression:
            if case .anchor(let anchor)? = element.nodes.first?.kind, element.nodes.count == 1 {
                return AnchorChanges(line: line).candidates(anchor, own.text, place)
            }
            guard !text.isEmpty else { return missing.absent(own.text) + missing.withNeighbour(verdict, written) }
            return values.beside(own.text, text, found) + values.ofExpression(element, own.text, text)
        }
    }
}
