/// Readings in which a mark stands in the place of something else.
extension RivalReadings {
    /// `actions-[311]` for any text, a blank and a bracket: the blank may be missing, or another mark stand in its place.
    func isOtherMark(_ verdict: ExplainVerdict) -> Bool {
        let elements = verdict.elements
        guard verdict.index > 0, isValue(elements[verdict.index - 1]) else { return false }
        let found = search.match(
            beside(Self.mark, nodes(elements[..<verdict.index]), nodes(elements[(verdict.index + 1)...])))
        return differs(found, from: verdict, but: [])
    }

    /// `SOFT,1;x` for a value, `;` and a number: another mark may stand before the value, which is further on then.
    func isBehindOtherMark(_ verdict: ExplainVerdict) -> Bool {
        let elements = verdict.elements
        guard verdict.index > 0, elements[verdict.index - 1].kind == .literal, isValue(verdict.element) else {
            return false
        }
        return ExplainSearch.alike(elements[verdict.index - 1]).contains { mark in
            let found = search.match(
                nodes(elements[..<(verdict.index - 1)]) + [mark, ExplainSearch.marked(verdict.element.nodes)]
                    + nodes(elements[(verdict.index + 1)...]))
            guard let own = found?.marked, own.upperBound < verdict.text?.lowerBound ?? 0 else { return false }
            return differs(found, from: verdict, but: [verdict.element])
        }
    }

    /// `311-16` for a number behind a tab: a mark may stand in the place of the tab, and the first number be the value before.
    func isBehindMarkForBlank(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let elements = verdict.elements
        guard verdict.index > 1, isValue(verdict.element), isSeparator(elements[verdict.index - 1]),
            isValue(elements[verdict.index - 2])
        else { return false }
        let found = search.match(
            beside(
                Self.mark, nodes(elements[..<(verdict.index - 1)]),
                [ExplainSearch.group(verdict.element.nodes, named: " own")] + nodes(elements[(verdict.index + 1)...])))
        guard let found, let mark = found.marked, let own = found.fields[" own"], own.upperBound == text.upperBound,
            text.lowerBound < mark.lowerBound, !LineTokens.splitsNumber(search.line, at: mark.lowerBound)
        else { return false }
        return differs(found, from: verdict, but: [verdict.element], alsoAs: [" own"])
    }

    /// `at -web-1` for a quote that may be left out and a name: a mark may stand in the place of the quote.
    func isBehindMarkForNothing(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let elements = verdict.elements
        guard isValue(verdict.element), verdict.index > 0, search.mayBeEmpty(elements[verdict.index - 1]),
            !search.takesAnything(elements[verdict.index - 1]), !LineTokens.isSignedNumber(search.line[text])
        else { return false }
        let mark = readingBehindMark(of: verdict)?.marked
        return mark?.lowerBound == text.lowerBound && mark != text
    }

    /// The line read with a mark in the place of the element before.
    func readingBehindMark(of verdict: ExplainVerdict) -> ExplainSearch.Match? {
        let elements = verdict.elements
        return search.match(
            beside(Self.mark, nodes(elements[..<(verdict.index - 1)]), nodes(elements[verdict.index...])))
    }
}
