/// Readings of a line in which a value beside the blamed one is missing, or the blamed one itself, and all else is in order.
struct MissingValueReadings {
    let search: ExplainSearch

    private var rivals: RivalReadings { RivalReadings(search: search) }

    func exist(for verdict: ExplainVerdict) -> Bool {
        guard let text = verdict.text, rivals.isValue(verdict.element) else { return false }
        return isBeforeMissing(verdict, text) || isOfNext(verdict, text) || isBehindMissingBlank(verdict, text)
            || isOfOpenText(verdict, text)
    }

    /// `connection refused` for a number, a blank and any text: the number may be missing, and the word be the text's. What is
    /// like the value, `12ms` or `VERBOSE` for a level, is the value's.
    private func isOfOpenText(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let (elements, behind) = (verdict.elements, verdict.index + 1)
        guard behind + 1 < elements.count, rivals.isSeparator(elements[behind]), !isLike(verdict.element, text) else {
            return false
        }
        let found = rivals.reading(without: verdict.index..<(behind + 1), of: verdict)
        guard let found, found.whole.upperBound >= verdict.end else { return false }
        return rivals.differs(found, from: verdict, but: [verdict.element])
    }

    /// Whether a text is of the kind that an element takes, though it is not taken: digits where there are digits, capitals
    /// where there are words of capitals, the same word in another case, the name of a host for its address, or a mark for nothing.
    private func isLike(_ element: ExplainElement, _ text: Range<Int>) -> Bool {
        let bytes = Array(search.line[text])
        if bytes.contains(where: LineTokens.isDigit) { return element.nodes.contains(where: \.wantsDigits) }
        func takes(_ text: [UInt8]) -> Bool { search.takes(text, element) }
        if bytes.contains(UInt8(ascii: ".")), takes(Array("192.0.2.1".utf8)) { return true }
        let letters = bytes.filter(LineTokens.isLetter)
        let lower = bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let upper = bytes.map { (0x61...0x7A).contains($0) ? $0 & 0xDF : $0 }
        return letters.isEmpty || bytes == upper && takes(Array("ERROR".utf8)) || takes(lower) || takes(upper)
            || takes(Array("zqxj".utf8))
    }

    /// `ntoskip:0:99` for a number, a blank, a word, a colon and a number: a value behind may be missing with its blank before
    /// or behind it, and this one be in order.
    private func isBeforeMissing(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let elements = verdict.elements
        // What the value asks of the text behind it may be what is missing.
        let before =
            rivals.nodes(elements[..<verdict.index])
            + [ExplainSearch.marked(verdict.element.nodes.map(\.withoutEdges))]
        let behind = verdict.index + 1
        return (behind..<max(behind, elements.count - 2)).prefix(Explainer.maximumSuspects).contains { place in
            let pair = elements[place..<(place + 2)]
            guard pair.contains(where: rivals.isSeparator), pair.contains(where: rivals.isValue) else { return false }
            let found = search.match(
                before + rivals.nodes(elements[behind..<place]) + rivals.nodes(elements[(place + 2)...]))
            guard let own = found?.marked, own.lowerBound == text.lowerBound, !own.isEmpty else { return false }
            return rivals.differs(found, from: verdict, but: [verdict.element] + pair)
        }
    }

    /// `ntoskip:0` for a number, where a word, a colon and a number are wanted behind the next blank: the number is missing, and
    /// the text is that of what follows.
    private func isOfNext(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let elements = verdict.elements
        let behind = verdict.index + 1
        guard behind + 1 < elements.count, rivals.isSeparator(elements[behind]) else { return false }
        let next = elements[(behind + 1)...].prefix { !rivals.isSeparator($0) }
        let own = ExplainSearch(search, line: Array(search.line[text]))
        let isWhole = next.indices.dropFirst().contains { last in
            let parts = next[...last]
            return parts.contains { $0.kind == .literal } && own.match(rivals.nodes(parts))?.whole == 0..<text.count
        }
        guard isWhole else { return false }
        return rivals.reading(without: verdict.index..<(behind + 1), of: verdict) != nil
    }

    /// `JobId 811Created new Volume` for a number, a blank and one of many texts: the blank before the element may be missing,
    /// when with that more of the line is read.
    private func isBehindMissingBlank(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let elements = verdict.elements
        guard verdict.index > 1, rivals.isSeparator(elements[verdict.index - 1]) else { return false }
        let element = PatternNode(.sequence(verdict.element.nodes), offset: 0, length: 0).withoutEdges
        let found = search.match(
            ExplainSearch.joined(
                rivals.nodes(elements[..<(verdict.index - 1)]),
                [ExplainSearch.marked([element])] + rivals.nodes(elements[(verdict.index + 1)...])))
        guard let found, let place = found.marked else { return false }
        // The value before takes anything, and has this one at its end: `untrust70012 N/A`.
        if place.upperBound < text.lowerBound, !place.isEmpty, search.takesAnything(elements[verdict.index - 2]),
            !LineTokens.splits(search.line, at: place.lowerBound),
            rivals.differs(found, from: verdict, but: [verdict.element])
        {
            return true
        }
        // A part that may be left out takes the beginning of the text: `@0x7f00c80a1b20192.0.2.88`.
        if place.upperBound == text.upperBound, place.lowerBound > text.lowerBound,
            isNothingWithout(elements[verdict.index - 2])
        {
            return true
        }
        let own = Set(verdict.element.nodes.flatMap(\.captureNames))
        return found.whole.upperBound > verdict.end
            || found.fields.contains { !own.contains($0.key) && !$0.value.isEmpty && isNothing(verdict.fields[$0.key]) }
            || verdict.fields.contains {
                !own.contains($0.key) && !$0.value.isEmpty && isNothing(found.fields[$0.key])
            }
    }

    /// Whether an element may be left out, and is not any text.
    private func isNothingWithout(_ element: ExplainElement) -> Bool {
        rivals.isValue(element) && search.mayBeEmpty(element) && !search.takesAnything(element)
    }

    private func isNothing(_ range: Range<Int>?) -> Bool { range?.isEmpty ?? true }
}
