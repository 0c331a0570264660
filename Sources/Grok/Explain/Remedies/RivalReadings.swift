/// Other small faults that a line may have as well as the one it is blamed for. Where one of them would give other fields
/// other texts, nobody can say which it is, and a change would guess.
struct RivalReadings {
    let search: ExplainSearch

    typealias Fields = [String: Range<Int>]

    func exist(for verdict: ExplainVerdict) -> Bool {
        guard let text = verdict.text else { return false }
        if let dropped = verdict.dropped {
            return isJoined(dropped, in: verdict) || isMisspelt(dropped, in: verdict)
                || isBesideMissingBlank(dropped, in: verdict) || isGlued(dropped, in: verdict, text)
        }
        if !text.isEmpty {
            return isShifted(verdict) || MissingValueReadings(search: search).exist(for: verdict)
                || isBesideOtherBlank(verdict, text)
                || isBesideNothing(verdict, text) || isBesideMissingText(verdict, text) || isBehindOtherMark(verdict)
                || isMissing(verdict, text) || isOfOptional(verdict, text) || isBehindMarkForNothing(verdict, text)
                || isBehindMarkForBlank(verdict, text) || isBesideJoinedBlank(verdict, text)
        }
        if isSeparator(verdict.element), isOtherMark(verdict) { return true }
        if isBehindMissingValue(verdict) || isThere(verdict) || isBeforeCutValue(verdict) { return true }
        if isSeparator(verdict.element) || verdict.element.kind == .literal { return isBesideAnotherValue(verdict) }
        return verdict.pairs.contains { isJoined($0, in: verdict) }
    }

    /// `443ms rule` for a number, a blank and any text: a blank may be missing, or a unit may stand behind the number.
    private func isBesideAnotherValue(_ verdict: ExplainVerdict) -> Bool {
        let elements = verdict.elements
        return [verdict.index - 1, verdict.index + 1].contains { place in
            guard elements.indices.contains(place), isValue(elements[place]) else { return false }
            let found = search.match(nodes(elements[..<place]) + [Self.token] + nodes(elements[(place + 1)...]))
            return differs(found, from: verdict, but: [elements[place]])
        }
    }

    /// `1reslen` for a number of its own: it is there, and what should follow it is not.
    private func isThere(_ verdict: ExplainVerdict) -> Bool {
        guard isValue(verdict.element), let text = verdict.text else { return false }
        let own = search.text(of: verdict.element, behind: nodes(verdict.elements[..<verdict.index]))
        return own?.lowerBound == text.lowerBound
    }

    /// `unset 2001:db8::1` for any text, a colon, a blank and an address: without the blank the address would begin behind its
    /// own first colon.
    private func isBeforeCutValue(_ verdict: ExplainVerdict) -> Bool {
        let elements = verdict.elements
        guard isSeparator(verdict.element), let place = verdict.text?.lowerBound, verdict.index + 1 < elements.count,
            isValue(elements[verdict.index + 1]), !search.takesAnything(elements[verdict.index + 1])
        else { return false }
        let next = elements[verdict.index + 1].nodes
        let found = search.match(
            nodes(elements[..<verdict.index]) + [ExplainSearch.marked(next)] + nodes(elements[(verdict.index + 2)...]))
        guard let value = found?.marked, value.lowerBound == place else { return false }
        let end = PatternNode(.anchor(.subjectEnd), offset: 0, length: 0)
        let whole = ExplainSearch(search, line: Array(search.line[..<value.upperBound])).match(next + [end])?.whole
        return whole.map { $0.lowerBound < place } ?? false
    }

    /// `connect from a` for an identifier, a colon and any text: the colon may be missing, or the identifier with it.
    private func isBehindMissingValue(_ verdict: ExplainVerdict) -> Bool {
        let (elements, index) = (verdict.elements, verdict.index)
        guard verdict.element.kind == .literal, index > 0, index + 2 < elements.count, isValue(elements[index - 1]),
            isSeparator(elements[index + 1])
        else { return false }
        let found = reading(without: (index - 1)..<(index + 2), of: verdict)
        return differs(found, from: verdict, but: [elements[index - 1]])
    }

    /// `ECOMMAND` for a letter, a blank and a word: the value, which takes no more than its beginning, may be in order, and the
    /// blank behind it be missing.
    private func isBesideJoinedBlank(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let elements = verdict.elements
        let behind = verdict.index + 1
        guard isValue(verdict.element), behind + 1 < elements.count, isSeparator(elements[behind]) else { return false }
        let before = nodes(elements[..<verdict.index])
        let value = ExplainSearch.marked(verdict.element.nodes.map(\.withoutEdges))
        guard let own = search.text(of: verdict.element, behind: before), own.lowerBound == text.lowerBound,
            own.upperBound != text.upperBound, own.upperBound < search.line.count,
            !LineTokens.splitsNumber(search.line, at: own.upperBound),
            LineTokens.isLetter(search.line[own.upperBound])
        else { return false }
        let found = search.match(before + [value] + ExplainSearch.joined([], nodes(elements[(behind + 1)...])))
        guard found?.marked == own else { return false }
        return differs(found, from: verdict, but: [verdict.element])
    }

    /// `web-1 sshd` for a time, a host and a program: with nothing that binds the beginning, the first value may be missing.
    /// So may one in whose place something in brackets or quotes stands.
    private func isMissing(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let elements = verdict.elements
        let behind = verdict.index + 1
        guard isValue(verdict.element), behind + 1 < elements.count, isSeparator(elements[behind]),
            verdict.index == 0 || opens(search.line[text.lowerBound]),
            let found = reading(without: verdict.index..<(behind + 1), of: verdict),
            found.whole.lowerBound <= verdict.start
        else { return false }
        return differs(found, from: verdict, but: [verdict.element])
    }

    /// `IN + (` for a class, a type and flags that may be left out: the type may be missing, and the text be the flags.
    private func isOfOptional(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        guard isValue(verdict.element) else { return false }
        let own = Set(verdict.element.nodes.flatMap(\.captureNames))
        return verdict.pairs.contains { pair in
            guard verdict.elements[pair].contains(where: isSeparator), let found = reading(without: pair, of: verdict)
            else { return false }
            return found.fields.contains { name, range in
                !own.contains(name) && !range.isEmpty && range.overlaps(text) && verdict.fields[name]?.isEmpty ?? true
            }
        }
    }

    /// `192.0.2.1http://a` for an address, a colon and any text: the text between may be missing, and the value be in order.
    private func isBesideMissingText(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let elements = verdict.elements
        let behind = verdict.index + 1
        guard isValue(verdict.element), elements.indices.contains(behind), elements[behind].kind == .literal else {
            return false
        }
        let value = ExplainSearch.marked(verdict.element.nodes.map(\.withoutEdges))
        let found = search.match(
            beside(
                ExplainSearch.tokenEdge, nodes(elements[..<verdict.index]) + [value], nodes(elements[(behind + 1)...])))
        guard let own = found?.marked, own.lowerBound == text.lowerBound, !own.isEmpty,
            !LineTokens.splits(search.line, at: own.upperBound),
            !LineTokens.splitsNumber(search.line, at: own.upperBound)
        else { return false }
        return differs(found, from: verdict, but: [verdict.element])
    }

    /// `7300-second` for two numbers: one may be missing with its blank, or the blank alone.
    private func isJoined(_ range: Range<Int>, in verdict: ExplainVerdict) -> Bool {
        let parts = verdict.elements[range].filter { $0.kind != .space }
        guard parts.contains(where: isValue), parts.count < range.count else { return false }
        let found = search.match(
            nodes(verdict.elements[..<range.lowerBound]) + nodes(parts[...])
                + nodes(verdict.elements[range.upperBound...]))
        return differs(found, from: verdict, but: [])
    }

    /// `publickeyfor jane` for a word, `for` and a name: `for` may be missing, or the blank before it.
    private func isBesideMissingBlank(_ range: Range<Int>, in verdict: ExplainVerdict) -> Bool {
        let elements = verdict.elements
        return [range.lowerBound - 1, range.lowerBound, range.upperBound].contains { place in
            guard elements.indices.contains(place), isSeparator(elements[place]) else { return false }
            let (before, after) = (nodes(elements[..<place]), nodes(elements[(place + 1)...]))
            // Or there is a mark in its place.
            return [ExplainSearch.joined(before, after), beside(Self.mark, before, after)].contains {
                differs(search.match($0), from: verdict, but: [])
            }
        }
    }

    /// `05:06:0717` for a time, a blank and a number: the time is there, and the number is not apart from it.
    private func isGlued(_ range: Range<Int>, in verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let (line, elements) = (search.line, verdict.elements)
        guard let first = elements[range].first(where: isValue) else { return false }
        guard let own = search.text(of: first, behind: nodes(elements[..<range.lowerBound])),
            own.lowerBound == text.lowerBound, own.upperBound < line.count
        else { return false }
        return LineTokens.isWord(line[own.upperBound - 1]) && LineTokens.isWord(line[own.upperBound])
    }

    /// Two blanks for one: the value before or behind them may be what is missing, and others be shifted.
    private func isBesideNothing(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let elements = verdict.elements
        guard isSeparator(verdict.element), text.count > 1, search.line[text].allSatisfy(LineTokens.isBlank) else {
            return false
        }
        return [verdict.index - 1, verdict.index + 1].contains { place in
            guard elements.indices.contains(place), isValue(elements[place]) else { return false }
            return differs(reading(without: place..<(place + 1), of: verdict), from: verdict, but: [])
        }
    }

    /// `=4242` for `ID=` and a number: the text may be there in part.
    private func isMisspelt(_ range: Range<Int>, in verdict: ExplainVerdict) -> Bool {
        range.contains { place in
            guard verdict.elements[place].kind == .literal else { return false }
            let found = search.match(
                nodes(verdict.elements[..<place]) + [Self.token] + nodes(verdict.elements[(place + 1)...]))
            guard let text = found?.marked, text.count <= verdict.elements[place].nodes.count else { return false }
            return differs(found, from: verdict, but: [])
        }
    }

    /// Whether a value before is missing with its blank, so that this element has its own text further on: fields that take
    /// anything hide it.
    private func isShifted(_ verdict: ExplainVerdict) -> Bool {
        let elements = verdict.elements
        guard isValue(verdict.element) else { return false }
        return (1..<max(verdict.index - 1, 1)).suffix(Explainer.maximumSuspects).contains { start in
            let pair = elements[start..<(start + 2)]
            guard pair.contains(where: isValue), pair.contains(where: isSeparator) else { return false }
            let found = reading(without: start..<(start + 2), of: verdict)
            // The last value may also be what stands where it is expected, and the rest be left unread.
            let isLast = !elements[(verdict.index + 1)...].contains(where: isValue)
            guard let end = found?.whole.upperBound,
                end == verdict.end || end < verdict.end && (isLast || isUnread(verdict.end))
            else {
                return false
            }
            return differs(found, from: verdict, but: Array(pair))
        }
    }

    /// Whether words are left behind a place: then nothing shows how far the line should be read.
    private func isUnread(_ end: Int) -> Bool { search.line[end...].contains { !LineTokens.isBlank($0) } }

    /// Whether the value may end at a tab where a space is wanted behind it.
    private func isBesideOtherBlank(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let after = verdict.elements[(verdict.index + 1)...]
        guard isValue(verdict.element), after.first?.kind == .space,
            search.line[text].contains(where: { LineTokens.isBlank($0) && $0 != 0x20 })
        else { return false }
        let found = search.match(
            nodes(verdict.elements[..<verdict.index]) + [ExplainSearch.anything]
                + ExplainSearch.alike(after[after.startIndex])
                + nodes(after.dropFirst()))
        return differs(found, from: verdict, but: [verdict.element])
    }

    // MARK: - Elements

    func nodes(_ elements: ArraySlice<ExplainElement>) -> [PatternNode] { elements.flatMap(\.nodes) }

    /// The line read without some elements.
    func reading(without left: Range<Int>, of verdict: ExplainVerdict) -> ExplainSearch.Match? {
        search.match(nodes(verdict.elements[..<left.lowerBound]) + nodes(verdict.elements[left.upperBound...]))
    }

    /// Nodes with a mark between them. What those behind it ask of the text before them, such as a blank, does not hold where
    /// a mark has come between.
    func beside(_ mark: PatternNode, _ before: [PatternNode], _ after: [PatternNode]) -> [PatternNode] {
        before + [mark] + ExplainSearch.joined([], after)
    }

    func isValue(_ element: ExplainElement) -> Bool {
        element.isPattern && !isSeparator(element)
    }

    func isSeparator(_ element: ExplainElement) -> Bool { search.isSeparator(element) }

    /// Whether a reading has another text for a field that both have, or one for a field that only it has.
    func differs(
        _ found: ExplainSearch.Match?, from verdict: ExplainVerdict, but changed: [ExplainElement],
        alsoAs names: Set<String> = []
    ) -> Bool {
        guard let found else { return false }
        let own = Set(changed.flatMap { $0.nodes.flatMap(\.captureNames) }).union(names)
        return found.fields.contains { name, range in
            !own.contains(name) && (verdict.fields[name].map { $0 != range } ?? !range.isEmpty)
        }
    }

    /// Characters that are no blanks.
    private static let token = ExplainSearch.marked([
        PatternNode(
            .repetition(
                Repetition(minimum: 1, maximum: nil, mode: .lazy),
                PatternNode(.oneOf(.complement(.scalars(.space)), ignoringCase: false), offset: 0, length: 0)),
            offset: 0, length: 0)
    ])

    /// One or two marks, and blanks.
    static let mark = ExplainSearch.marked([
        PatternNode(
            .repetition(
                Repetition(minimum: 1, maximum: 2, mode: .greedy),
                PatternNode(
                    .oneOf(.complement(.scalars(.word.union(.space))), ignoringCase: false), offset: 0, length: 0)),
            offset: 0, length: 0),
        PatternNode(
            .repetition(
                Repetition(minimum: 0, maximum: nil, mode: .greedy),
                PatternNode(.oneOf(.scalars(.space), ignoringCase: false), offset: 0, length: 0)), offset: 0, length: 0),
    ])
}
