/// Where nobody can say from the line alone what is missing: a change would be a guess.
extension Explainer {
    /// Whether another verdict is as likely and leaves other fields with other texts.
    func isRival(_ other: ExplainVerdict, of best: ExplainVerdict) -> Bool {
        other.index != best.index && other.isComplete && best.isComplete && other.cost < best.cost + 0.06
            && other.fields.contains { best.fields[$0.key] != nil && best.fields[$0.key] != $0.value }
    }

    /// Whether a literal is missing or another one where what stands before or behind it takes any text: then nobody can
    /// say where it should be. A slip of a letter is plain all the same.
    func isDoubtful(_ index: Int, _ text: Range<Int>, _ elements: [ExplainElement]) -> Bool {
        guard text.lowerBound < search.line.count else {
            // Any one of several alike may be what is missing, and the line ends where the last of them is not.
            return index > 0 && elements[index].kind == .literal && takesAnything(elements[index - 1])
                && elements[..<index].contains { $0.kind == .literal && $0.literal == elements[index].literal }
        }
        // A blank or a mark is missing between two values, and the first of them ends there only to leave something for the
        // second: nobody can say where it ends.
        if elements[index].isText, text.isEmpty, index > 0, !elements[index - 1].isText, index + 1 < elements.count,
            elements[index + 1].isPattern,
            !endsOfItself(elements[..<index], at: text.lowerBound)
        {
            return true
        }
        // Without a beginning that is bound to the line's, what follows may stand anywhere.
        if index == 0, !elements[0].isText { return text.isEmpty }
        guard elements[index].kind == .literal else { return false }
        // `-:` where `:` is wanted: it is there, and the mark before it stands for a value.
        if !text.isEmpty, search.line[text.upperBound...].starts(with: Array(elements[index].literal.utf8)) {
            return true
        }
        if elements[index].nodes.count > 1, costs.isNearly(elements[index], text) { return false }
        if index > 0, takesAnything(elements[index - 1]) {
            return !isOtherBracket(index, text, elements) && !isLoneSeparator(index, text, elements)
        }
        let wanted = elements[index].literal
        // `"` behind a value that took it: it is there, but not at the end.
        let token = search.line[..<text.lowerBound].reversed().prefix { !LineTokens.isBlank($0) }
        if text.isEmpty, index > 0, !elements[index - 1].isText, let mark = wanted.utf8.first, wanted.utf8.count == 1,
            token.contains(mark)
        {
            return true
        }
        guard text.isEmpty, wanted.utf8.contains(where: LineTokens.isLetter) else { return false }
        // `relaymx` for `relay=`: a part of it is there.
        let word = Array(wanted.utf8.prefix { LineTokens.isLetter($0) })
        if word.count > 1, search.line[text.lowerBound...].starts(with: word) { return true }
        return isAnythingNext(elements[(index + 1)...])
    }

    /// Whether a literal that is missing stands elsewhere, with the blank that is wanted beside it, in what a value has taken:
    /// `registry: text` where two words are wanted, the second before a colon. Then a word may be missing or too much, and
    /// the literal not.
    func isInAnotherValue(
        _ index: Int, _ text: Range<Int>, _ elements: [ExplainElement], _ fields: [String: Range<Int>]
    ) -> Bool {
        guard elements[index].kind == .literal, text.isEmpty else { return false }
        let isBehindBlank = index > 0 && elements[index - 1].kind == .space
        let isBeforeBlank = index + 1 < elements.count && elements[index + 1].kind == .space
        guard isBehindBlank || isBeforeBlank else { return false }
        let (line, wanted) = (search.line, Array(elements[index].literal.utf8))
        return fields.values.contains { range in
            range.dropLast(wanted.count - 1).contains { place in
                let end = place + wanted.count
                return line[place..<end].elementsEqual(wanted)
                    && (!isBehindBlank || place > 0 && LineTokens.isBlank(line[place - 1]))
                    && (!isBeforeBlank || end < line.count && LineTokens.isBlank(line[end]))
            }
        }
    }

    /// Whether the next element that must take something takes anything.
    func isAnythingNext(_ elements: ArraySlice<ExplainElement>) -> Bool {
        for element in elements where element.isPattern && !search.isSeparator(element) {
            if takesAnything(element) { return true }
            if ExplainSearch(search, line: []).match(element.nodes) == nil { return false }
        }
        return false
    }

    /// Whether another mark of lists stands in the place of one, and nowhere else in the line: `web-7,DOWN;HARD`. Then no value
    /// has such a mark of its own.
    private func isLoneSeparator(_ index: Int, _ text: Range<Int>, _ elements: [ExplainElement]) -> Bool {
        costs.isOtherSeparator(elements[index], text)
            && search.line.count { $0 == search.line[text.lowerBound] } == 1
    }

    /// Whether another closing bracket stands where one is wanted that closes the value before: `(no connection]`. The value
    /// has no bracket of its own, so that it ends there whatever it takes.
    func isOtherBracket(_ index: Int, _ text: Range<Int>, _ elements: [ExplainElement]) -> Bool {
        guard index > 1, elements[index].nodes.count == 1, let close = elements[index].literal.utf8.first,
            let open = MarkFamily.opening(of: close), elements[index - 2].literal.utf8.last == open,
            text.count == 1, MarkFamily.closing.contains(search.line[text.lowerBound])
        else { return false }
        let nodes = elements[..<(index - 1)].flatMap(\.nodes)
        guard let start = search.match(nodes)?.whole.upperBound, start < text.lowerBound else { return false }
        return !search.line[start..<text.lowerBound].contains {
            MarkFamily.opening.contains($0) || MarkFamily.closing.contains($0)
        }
    }
}
