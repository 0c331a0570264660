/// Texts that are missing from a line, or seem to be.
extension Explainer {
    /// The line matches once the text of a literal is put where it is missing: what follows asks what stands before it.
    func inserting(at index: Int, in elements: [ExplainElement]) -> ExplainVerdict? {
        let element = elements[index]
        guard index > 0, element.kind == .literal || element.kind == .space,
            let match = search.match(elements[..<index].flatMap(\.nodes))
        else { return nil }
        let place = match.whole.upperBound
        let literal = Array(element.literal.utf8)
        let line = Array(search.line[..<place]) + literal + Array(search.line[place...])
        guard let whole = ExplainSearch(search, line: line).match(elements.flatMap(\.nodes)) else { return nil }
        // All fields of that reading, also those behind the place, where they are in the line as it is.
        func moved(_ edge: Int) -> Int { edge <= place ? edge : max(place, edge - literal.count) }
        let fields = whole.fields.mapValues { moved($0.lowerBound)..<moved($0.upperBound) }
        return ExplainVerdict(
            elements: elements, index: index, text: place..<place, start: match.whole.lowerBound,
            end: search.line.count, isComplete: true, cost: 1.2, fields: fields,
            isDoubtful: isInAnotherValue(index, place..<place, elements, fields))
    }

    /// A blank or a mark is missing between two values that are one word or number now, so that neither ends or begins at the
    /// edge of one: `queryshop.orders`, `203.0.113.99443`. Nobody can say where the first of them ends.
    func joining(at index: Int, in elements: [ExplainElement]) -> ExplainVerdict? {
        guard index > 0, index + 1 < elements.count, elements[index].isText,
            let match = search.match(
                ExplainSearch.joined(elements[..<index].flatMap(\.nodes), []) + [ExplainSearch.marked([])]
                    + ExplainSearch.joined([], elements[(index + 1)...].flatMap(\.nodes))),
            let text = match.marked
        else { return nil }
        // With a word or a mark of the expression's own the two are told apart; else any token could be cut in two.
        let isTold = elements[index].kind == .literal || elements[index + 1].kind == .literal
        return ExplainVerdict(
            elements: elements, index: index, text: text, start: match.whole.lowerBound, end: match.whole.upperBound,
            isComplete: true, cost: (isTold ? 2.4 : 4.3) + unread(behind: match.whole.upperBound), fields: match.fields,
            isDoubtful: true)
    }

    /// The line ends where an element should begin.
    func cut(_ elements: [ExplainElement], at index: Int, failing: Int) -> ExplainVerdict? {
        guard index == failing, index > 0,
            let match = search.match(elements[..<index].flatMap(\.nodes)), match.whole.upperBound == search.line.count
        else { return nil }
        let end = search.line.count
        // What takes anything takes all of every line.
        let isOpen = elements[..<index].contains { $0.isPattern && takesAnything($0) }
        return ExplainVerdict(
            elements: elements, index: index, text: end..<end, start: match.whole.lowerBound, isComplete: false,
            cost: isOpen ? 3.4 : 1.9)
    }

    /// The verdict about what is right behind an element that looks ahead to it, when that is all that is wrong: `{ a } zoë:1`
    /// for a document up to ` ntoreturn:`, a word, a colon and a number.
    func behindLook(_ verdict: ExplainVerdict) -> ExplainVerdict? {
        var elements = verdict.elements
        let behind = verdict.index + 1
        guard verdict.isComplete, verdict.dropped == nil, verdict.text?.isEmpty == false, !verdict.element.isText,
            verdict.element.nodes.contains(where: \.looksAhead)
        else { return nil }
        elements[verdict.index].nodes = verdict.element.nodes.map(\.withoutEdges)
        guard search.match(elements.flatMap(\.nodes)) == nil else { return nil }
        let found = (behind..<min(behind + 4, elements.count)).compactMap { index in
            replacing(index, in: elements, keeping: elements.count)
        }
        return found.filter { $0.cost < 2 }.min { $0.cost < $1.cost }
    }

    /// Whether a literal that is missing stands right at the place, where the value beside it took it and has nothing else, a
    /// blank between them or not: then it is the value that is missing. `by after 12` for `by`, a name, `after` and a number.
    func isTaken(
        _ element: ExplainElement, at text: Range<Int>, _ elements: [ExplainElement], _ index: Int
    ) -> Bool {
        guard element.kind == .literal, text.isEmpty else { return false }
        let (line, wanted) = (search.line, Array(element.literal.utf8))
        let blanks = line[..<text.lowerBound].reversed().prefix(while: LineTokens.isBlank).count
        let isBehindBlank = index > 0 && search.isSeparator(elements[index - 1]) && blanks > 0
        let end = text.lowerBound - (isBehindBlank ? blanks : 0)
        let places = [
            (index - (isBehindBlank ? 2 : 1), (end - wanted.count)..<end),
            (index + 1, text.lowerBound..<(text.lowerBound + wanted.count)),
        ]
        return places.contains { value, place in
            guard elements.indices.contains(value), elements[value].isPattern, place.lowerBound >= 0,
                place.upperBound <= line.count, line[place].elementsEqual(wanted)
            else { return false }
            return taken(by: value, without: index..<(index + 1), in: elements) == place
        }
    }
}
