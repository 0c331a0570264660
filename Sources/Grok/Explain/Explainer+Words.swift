/// Where a line stops to match, and what is said about it.
extension Explainer {
    struct Stop {
        /// What the element takes before it stops.
        var taken: Range<Int>?
        var found: Range<Int>
        /// The part of the element that stops it, when that is known.
        var node: PatternNode?
    }

    func stop(of verdict: ExplainVerdict) -> Stop {
        let before = verdict.elements[..<verdict.index].flatMap(\.nodes)
        let element = verdict.element
        let line = search.line
        guard let text = verdict.text else {
            // Nothing after it is known: the place is where the longest beginning ends.
            let parts = element.nodes.flatMap { $0.parts }
            let known = search.longestBeginning(of: parts, after: before)
            let match = search.match(before + [ExplainSearch.marked(Array(parts.prefix(known)))])
            let end = match?.marked ?? match.map { $0.whole.upperBound..<$0.whole.upperBound } ?? 0..<0
            return Stop(
                taken: end.isEmpty ? nil : end, found: token(at: end.upperBound),
                node: known < parts.count ? parts[known] : nil)
        }
        if element.kind == .literal || element.kind == .space {
            let wanted = Array(element.literal.utf8)
            let common = zip(wanted, line[text]).prefix { $0 == $1 }.count
            let place = text.lowerBound + common
            return Stop(
                taken: common > 0 ? text.lowerBound..<place : nil,
                found: place < text.upperBound ? place..<text.upperBound : token(at: place))
        }
        guard !text.isEmpty else { return Stop(found: token(at: text.lowerBound)) }
        let parts = element.nodes.flatMap { $0.parts }
        let known = search.longestBeginning(of: parts, after: before)
        guard let match = search.match(before + [ExplainSearch.marked(Array(parts.prefix(known)))]),
            let taken = match.marked, taken.lowerBound == text.lowerBound, taken.upperBound < text.upperBound
        else { return Stop(found: text, node: known < parts.count ? parts[known] : nil) }
        return Stop(
            taken: taken.isEmpty ? nil : taken, found: taken.upperBound..<text.upperBound,
            node: known < parts.count ? parts[known] : nil)
    }

    /// The word that begins at a place, or the blanks; empty at the end of the line.
    func token(at place: Int) -> Range<Int> {
        let line = search.line
        guard place < line.count else { return line.count..<line.count }
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let first = isBlank(line[place])
        let end = line[place...].firstIndex { isBlank($0) != first } ?? line.count
        return place..<end
    }

    func describe(_ verdict: ExplainVerdict, _ levels: [ExplainVerdict]) -> GrokExplanation {
        let expansion = search.reading.expansion
        let shift = search.reading.shift
        let element = verdict.element
        let stop = stop(of: verdict)
        let absolute = (element.source.lowerBound + shift)..<(element.source.upperBound + shift)
        let places: [GrokPlace]
        if case .reference(let number) = element.kind {
            places = expansion.places(through: number, innermost: nil)
        } else {
            places = expansion.places(
                through: element.owner, innermost: expansion.local(absolute, in: element.owner))
        }
        let place = verdict.text?.lowerBound ?? stop.taken?.lowerBound ?? stop.found.lowerBound
        let words = ExplainWords(expansion: expansion, library: compiler.library, shift: shift)
        let suggestions = RemedySearch(compiler, expression, multiline, search).remedies(for: levels)
        return GrokExplanation(
            expressionRange: places.first?.range ?? 0..<0,
            lineRange: verdict.index > 0 && place >= verdict.start ? verdict.start..<place : nil,
            path: places.dropFirst().compactMap(\.definition) + (referenceName(element).map { [$0] } ?? []),
            places: places,
            wanted: words.wanted(element, stop.node) + remark(verdict), found: stop.found, taken: stop.taken,
            isOnlyProblem: verdict.isComplete, suggestions: suggestions,
            decorations: LineDecoration.all(in: search.line), isCutShort: search.hasGivenUp)
    }

    /// Whether what stands before an element takes any text, so that the element may be anywhere behind.
    private func followsAnything(_ verdict: ExplainVerdict) -> Bool {
        verdict.index > 0 && verdict.element.isText && takesAnything(verdict.elements[verdict.index - 1])
    }

    func takesAnything(_ element: ExplainElement) -> Bool { search.takesAnything(element) }

    private func remark(_ verdict: ExplainVerdict) -> String {
        if followsAnything(verdict) { return ", here or further on" }
        let isNowhere =
            verdict.index == 0 && verdict.text == nil && verdict.element.kind == .literal
            && search.match(verdict.element.nodes) == nil
        return isNowhere ? ", which is nowhere in the line" : ""
    }

    private func referenceName(_ element: ExplainElement) -> String? {
        if case .reference(let number) = element.kind { return search.reading.expansion.name(of: number) }
        return nil
    }
}

extension PatternNode {
    /// Whether a blank stands in it literally: such a part takes texts of several words.
    var containsSpace: Bool {
        if case .literal(0x20, _) = kind { return true }
        return children.contains { $0.containsSpace }
    }

    /// The parts that follow one another, groups without alternatives opened.
    var parts: [PatternNode] {
        switch kind {
        case .sequence(let items): return items.flatMap { $0.parts }
        case .group(let body), .scoped(_, let body), .atomic(let body):
            if case .alternation = body.kind { return [self] }
            return body.parts
        case .empty: return []
        default: return [self]
        }
    }
}
