/// Whether the blamed text is all that belongs to the element.
extension RemedyCheck {
    /// Whether more of the line than the text that is blamed may belong to the element, so that a change that takes just
    /// this text would leave the rest to fields it does not belong to.
    func mayTakeMore(_ verdict: ExplainVerdict) -> Bool {
        let line = search.line
        let before = verdict.elements[..<verdict.index].flatMap(\.nodes)
        let after = verdict.elements[(verdict.index + 1)...]
        if verdict.dropped != nil {
            // A word in its place would do as well: then it is another value, not none.
            guard !verdict.element.isText else { return false }
            let word = ExplainSearch.word(isBlank: false)
            return search.match(before + [word] + after.flatMap(\.nodes))?.marked?.isEmpty == false
        }
        guard let text = verdict.text, !text.isEmpty, !verdict.element.isText else { return false }
        // `{ a } two` for what takes `{ a }` and is followed by another value: the word may be the other's.
        if let next = after.first(where: { $0.kind != .space }), next.isPattern,
            let own = search.text(of: verdict.element, behind: before), own.lowerBound == text.lowerBound,
            own.upperBound < text.upperBound,
            LineTokens.isBlank(line[own.upperBound])
        {
            return true
        }
        if isOfSeveralReadings(verdict, text, before, after) || followsOpenText(verdict, text) { return true }
        if mayBeginEarlier(verdict, text) { return true }
        if endsFurtherOn(verdict.element, text) { return true }
        guard text.upperBound < line.count, LineTokens.isBlank(line[text.upperBound]),
            let longer = search.match(before + [ExplainSearch.longer(than: text, of: line)] + after.flatMap(\.nodes))
        else { return false }
        // With another word a part is found that may be missing.
        if longer.fields.count > verdict.fields.count { return true }
        // Another field has two words, of which the first may be the element's.
        return verdict.fields.contains { name, range in
            range.lowerBound >= text.upperBound && range.upperBound < verdict.end
                && longer.fields[name] != range && line[range].contains(where: LineTokens.isBlank)
        }
    }

    /// Whether the end of what the element stands for is behind the text: ` PM` behind `6.22.44`.
    private func endsFurtherOn(_ element: ExplainElement, _ text: Range<Int>) -> Bool {
        guard text.upperBound < search.line.count, LineTokens.isBlank(search.line[text.upperBound]) else {
            return false
        }
        let reading = search.reading
        let tree = ExplainElements(expansion: reading.expansion, shift: reading.shift, library: compiler.library)
        let rest = ExplainSearch(search, line: Array(search.line[text.upperBound...]))
        return (tree.choices(of: element) ?? []).contains { parts in
            parts.indices.dropLast().contains { index in
                guard parts[index].kind == .space else { return false }
                let end = rest.match(parts[index...].flatMap(\.nodes))?.whole
                return end?.lowerBound == 0 && end?.isEmpty == false
            }
        }
    }

    /// Whether a field that takes anything stands before the text, only a blank away, and has several words: the last of
    /// them may be the element's.
    private func followsOpenText(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        guard verdict.dropped == nil, verdict.index > 1, verdict.elements[verdict.index - 1].kind == .space,
            search.takesAnything(verdict.elements[verdict.index - 2])
        else { return false }
        let end = text.lowerBound - search.line[..<text.lowerBound].reversed().prefix(while: LineTokens.isBlank).count
        return verdict.fields.values.contains { range in
            range.upperBound == end && search.line[range].contains(where: LineTokens.isBlank)
        }
    }

    /// `two words dmz` for a word and a name: the first words may be the value's before, and the element be in order.
    private func mayBeginEarlier(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let line = search.line
        guard verdict.index > 1, verdict.elements[verdict.index - 1].kind == .space,
            verdict.elements[verdict.index - 2].isPattern,
            let blank = line[text].firstIndex(where: LineTokens.isBlank),
            // One that takes only some words has its own.
            ExplainSearch(search, line: Array("zqxj".utf8)).match(verdict.elements[verdict.index - 2].nodes) != nil
        else { return false }
        let word = line[..<text.lowerBound].reversed().drop(while: LineTokens.isBlank).prefix {
            !LineTokens.isBlank($0)
        }
        let rest = Array(line[(blank + 1)..<text.upperBound])
        return word.allSatisfy(LineTokens.isLetter) && !rest.isEmpty
            && search.takes(rest, verdict.element)
    }

    /// Whether several words stand where the element should be, of which the last may be the next value's, or without
    /// which the rest of the line fits as well: then none of them need be the element's.
    private func isOfSeveralReadings(
        _ verdict: ExplainVerdict, _ text: Range<Int>, _ before: [PatternNode], _ after: ArraySlice<ExplainElement>
    ) -> Bool {
        guard let blank = search.line[text].lastIndex(where: LineTokens.isBlank) else { return false }
        if let next = after.first(where: { $0.kind != .space }), next.isPattern {
            let word = Array(search.line[(blank + 1)..<text.upperBound])
            if !word.isEmpty, search.takes(word, next) { return true }
        }
        // At the beginning anything may stand before the rest.
        guard after.first?.kind == .space, !before.isEmpty else { return false }
        return search.match(before + after.dropFirst().flatMap(\.nodes)) != nil
    }
}
