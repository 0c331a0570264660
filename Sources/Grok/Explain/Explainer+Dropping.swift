/// Parts that a line leaves out.
extension Explainer {
    /// Nothing in the place of some elements that follow one another: a field that is missing with what belongs to it.
    func dropping(from start: Int, in elements: [ExplainElement]) -> ExplainVerdict? {
        for count in 2...4 where start + count < elements.count {
            guard let match = without(start..<(start + count), in: elements), let text = match.marked,
                isBalanced(elements[start..<(start + count)]),
                // What may be left out is not missing.
                !elements[start..<(start + count)].contains(where: {
                    $0.isPattern && search.mayBeEmpty($0) && !takesAnything($0)
                })
            else { continue }
            let index = (start..<(start + count)).first { elements[$0].kind != .space } ?? start
            // The next one would take what stands there whatever it is.
            let previous = elements[..<start].last { !$0.isText }
            let isDoubtful =
                isAnythingNext(elements[(start + count)...]) && text.upperBound < search.line.count
                || previous.map { $0.anchor == nil && takesAnything($0) } == true
                || isSwallowed(start..<(start + count), in: elements, before: text.lowerBound)
                || isBegun(start..<(start + count), in: elements, at: text.lowerBound)
            // A word that the line has elsewhere is not what it leaves out.
            let isElsewhere = elements[start..<(start + count)].contains { element in
                element.kind == .literal && element.literal.utf8.contains(where: LineTokens.isLetter)
                    && search.match(element.nodes) != nil
            }
            return ExplainVerdict(
                elements: elements, index: index, text: text, start: match.whole.lowerBound,
                end: match.whole.upperBound, dropped: start..<(start + count), isComplete: true,
                cost: 2 + Double(count) / 10 + (elements[start].kind == .space ? 0.05 : 0) + (isDoubtful ? 2 : 0)
                    + (isElsewhere ? 0.5 : 0) + (isTaken(start..<(start + count), elements[index], elements) ? 2 : 0)
                    + unread(behind: match.whole.upperBound),
                fields: match.fields,
                isDoubtful: isDoubtful || isOneOfMany(start..<(start + count), in: elements, match.fields))
        }
        return nil
    }

    private func without(_ range: Range<Int>, in elements: [ExplainElement]) -> ExplainSearch.Match? {
        search.match(
            elements[..<range.lowerBound].flatMap(\.nodes) + [ExplainSearch.marked([])]
                + elements[range.upperBound...].flatMap(\.nodes))
    }

    /// Whether other elements could be missing as well, so that nobody can say which field has which text.
    private func isOneOfMany(
        _ range: Range<Int>, in elements: [ExplainElement], _ fields: [String: Range<Int>]
    ) -> Bool {
        for start in [range.lowerBound - range.count, range.lowerBound + range.count, range.upperBound - 1]
        where start > 0 && start + range.count < elements.count {
            let other = start..<(start + range.count)
            guard elements[other].contains(where: { !$0.isText }) else { continue }
            if without(other, in: elements) != nil { return true }
        }
        // As many further away, or at the end, when other fields have other texts then.
        let first = max(1, range.lowerBound - Self.maximumSuspects)
        return (first..<max(first, elements.count - 1)).contains { start in
            (2...4).contains { count in
                let other = start..<min(start + count, elements.count)
                guard start + count <= elements.count, other != range, elements[other].contains(where: { !$0.isText }),
                    isBalanced(elements[other])
                else { return false }
                return without(other, in: elements)?.fields.contains {
                    fields[$0.key] != nil && fields[$0.key] != $0.value
                } == true
            }
        }
    }

    /// Whether the first two of three parts or more stand at the place: `4 ` for a day, a blank and a time. Then it is the rest
    /// that is wrong, and the line leaves nothing out.
    private func isBegun(_ range: Range<Int>, in elements: [ExplainElement], at place: Int) -> Bool {
        guard range.count > 2 else { return false }
        let beginning = elements[range.lowerBound..<(range.lowerBound + 2)].flatMap(\.nodes)
        let match = search.match(elements[..<range.lowerBound].flatMap(\.nodes) + [ExplainSearch.marked(beginning)])
        guard let start = match?.marked?.lowerBound, start >= place else { return false }
        return search.line[place..<start].allSatisfy(LineTokens.isBlank)
    }

    /// Whether a text of some parts that a line leaves out is what the value before them took: `session for user` for a word,
    /// `for` and `user`. Then it is the value that is missing.
    private func isTaken(_ range: Range<Int>, _ missing: ExplainElement, _ elements: [ExplainElement]) -> Bool {
        guard missing.kind == .literal, missing.literal.utf8.contains(where: LineTokens.isLetter),
            let value = elements[..<range.lowerBound].lastIndex(where: { !search.isSeparator($0) }),
            elements[value].isPattern
        else { return false }
        return taken(by: value, without: range, in: elements).map {
            search.line[$0].elementsEqual(missing.literal.utf8)
        } ?? false
    }

    /// What an element takes when some are left out; nil: the others do not match.
    func taken(by value: Int, without left: Range<Int>, in elements: [ExplainElement]) -> Range<Int>? {
        let nodes = elements.indices.filter { !left.contains($0) }.flatMap {
            $0 == value ? [ExplainSearch.marked(elements[$0].nodes)] : elements[$0].nodes
        }
        return search.match(nodes)?.marked
    }

    /// Whether the value before a missing one may hold it at its end: a blank may be what is missing.
    private func isSwallowed(_ range: Range<Int>, in elements: [ExplainElement], before place: Int) -> Bool {
        guard let missing = elements[range].first(where: \.isPattern) else { return false }
        var end = place
        while end > 0, LineTokens.isBlank(search.line[end - 1]) { end -= 1 }
        let token = search.line[..<end].reversed().prefix { !LineTokens.isBlank($0) }.count
        guard token > 1 else { return false }
        if (1..<min(token, 9)).contains(where: { costs.takes(missing, (end - $0)..<end) }) { return true }
        // `/203.0.113.4` for any text, a mark and an address: what takes more is found at an edge within the token.
        let behind = ExplainSearch(search, line: Array(search.line[(end - token + 1)..<end]))
        let whole = missing.nodes + [PatternNode(.anchor(.subjectEnd), offset: 0, length: 0)]
        return behind.match(whole)?.whole.isEmpty == false
    }

    /// Whether brackets and quotes are opened and closed alike: half a pair is not what a line leaves out.
    private func isBalanced(_ elements: ArraySlice<ExplainElement>) -> Bool {
        var open = 0
        var quotes = 0
        for byte in elements.filter({ $0.kind == .literal }).flatMap({ Array($0.literal.utf8) }) {
            if MarkFamily.opening.contains(byte) { open += 1 }
            if MarkFamily.closing.contains(byte) { open -= 1 }
            if byte == UInt8(ascii: "\"") { quotes += 1 }
            if open < 0 { return false }
        }
        return open == 0 && quotes % 2 == 0
    }
}
