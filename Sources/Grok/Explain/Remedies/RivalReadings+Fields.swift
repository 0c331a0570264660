/// What fields must be when something beside the value is to blame as well.
extension RivalReadings {
    /// What the fields are when the value is in order and a mark is too much beside it: `"-", "x"` for two values in quotes.
    func fieldsBesideMark(_ verdict: ExplainVerdict) -> Fields {
        let elements = verdict.elements
        guard verdict.dropped == nil, verdict.text?.isEmpty == false, isValue(verdict.element),
            let separator = elements[(verdict.index + 1)...].first, isSeparator(separator)
        else { return [:] }
        let found = search.match(
            beside(
                Self.mark, nodes(elements[..<verdict.index]) + verdict.element.nodes.map(\.withoutEdges),
                nodes(elements[(verdict.index + 2)...])))
        guard let found, let mark = found.marked?.lowerBound else { return [:] }
        // A mark between two parts of one value is the value's own: `12.5`, `two.part`. But with `50000-SEQ=7` more is read.
        let own = Set(verdict.element.nodes.flatMap(\.captureNames))
        let readsMore = found.fields.contains { name, range in
            guard !own.contains(name), !range.isEmpty else { return false }
            guard let known = verdict.fields[name], !known.isEmpty else { return true }
            // Of what takes only its own: `0x00-ACK PSH` for a number and flags of which the first is behind the mark.
            return range.upperBound == known.upperBound && range.lowerBound < known.lowerBound
                && elements[(verdict.index + 2)...].contains {
                    $0.nodes.contains { $0.captureNames.contains(name) } && !search.takesAnything($0)
                        && ExplainSearch(search, line: Array("zqxj".utf8)).match($0.nodes)?.whole.isEmpty ?? true
                }
        }
        guard readsMore || !LineTokens.splits(search.line, at: mark) else { return [:] }
        // Those that are elsewhere than the verdict has them must be there, which is not to be had.
        return found.fields.filter { verdict.fields[$0.key] != $0.value }
    }

    /// What the fields are when the value is in order and the blank behind it is missing: `70012N/A ge-0` for a number, a
    /// blank and any text. Anything may stand there, so that nobody can say which of the two it is.
    func fieldsBesideMissingBlank(_ verdict: ExplainVerdict) -> Fields {
        let elements = verdict.elements
        guard verdict.dropped == nil, let text = verdict.text, !text.isEmpty, isValue(verdict.element),
            verdict.index + 2 < elements.count, elements[verdict.index + 1].kind == .space,
            search.takesAnything(elements[verdict.index + 2])
        else { return [:] }
        let before = nodes(elements[..<verdict.index])
        let value = verdict.element.nodes.map(\.withoutEdges)
        let found = search.match(
            before + [ExplainSearch.marked(value)] + nodes(elements[(verdict.index + 2)...]))
        guard let end = found?.marked?.upperBound, found?.marked?.lowerBound == text.lowerBound,
            end > text.lowerBound, end < text.upperBound, beginsAnother(at: end)
        else { return [:] }
        return found?.fields.filter { verdict.fields[$0.key] != $0.value } ?? [:]
    }

    /// What the fields are when a mark stands in the place of the blank before the value: `]-WARN` for a bracket, blanks and a
    /// level. Where the blank is there, the mark is the value's own.
    func fieldsBehindMark(_ verdict: ExplainVerdict) -> Fields {
        let elements = verdict.elements
        guard verdict.dropped == nil, let text = verdict.text, !text.isEmpty, isValue(verdict.element),
            verdict.index > 0,
            isSeparator(elements[verdict.index - 1]), text.lowerBound > 0,
            !LineTokens.isBlank(search.line[text.lowerBound - 1])
        else { return [:] }
        let found = readingBehindMark(of: verdict)
        guard found?.marked?.lowerBound == text.lowerBound else { return [:] }
        return found?.fields.filter { verdict.fields[$0.key] != $0.value } ?? [:]
    }

    /// Whether a value may begin at a place inside a run of characters: at a letter or digit, or at what opens quotes or
    /// brackets, and not in the middle of a number.
    private func beginsAnother(at place: Int) -> Bool {
        let byte = search.line[place]
        return (LineTokens.isWord(byte) || opens(byte)) && !LineTokens.splitsNumber(search.line, at: place)
    }

    /// Whether a character opens brackets or quotes.
    func opens(_ byte: UInt8) -> Bool {
        MarkFamily.opening.contains(byte) || MarkFamily.quotes.contains(byte) && byte != UInt8(ascii: "`")
    }
}
