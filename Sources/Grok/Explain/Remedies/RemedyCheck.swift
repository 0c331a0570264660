/// Tries a changed expression on the line, and compares what it captures with what is known to be right.
struct RemedyCheck {
    let compiler: GrokCompiler
    private let multiline: Bool
    let search: ExplainSearch
    /// The fields that the expression has as it is.
    private let fields: Set<String>

    init(_ compiler: GrokCompiler, _ multiline: Bool, _ search: ExplainSearch) {
        self.compiler = compiler
        self.multiline = multiline
        self.search = search
        fields = Set(search.reading.pattern.groups.names.map(\.name))
    }

    /// What the changed part captures; nil when the change loses or cuts something, or does not help.
    func captures(
        _ expression: String, _ definition: GrokRemedy.Definition?, _ verdict: ExplainVerdict,
        _ extent: RemedyCandidate.Extent
    ) -> [GrokRemedy.Capture]? {
        var compiler = compiler
        if let definition {
            var library = compiler.library
            library.add(name: definition.name, expression: definition.expression)
            compiler = GrokCompiler(library: library)
        }
        guard let reading = try? compiler.read(expression, multiline: multiline),
            fields.isSubset(of: reading.pattern.groups.names.map(\.name))
        else { return nil }
        let own = ExplainSearch(search, reading, line: search.line)
        guard let match = own.match([reading.pattern.root]) else { return nil }
        let text = verdict.text ?? 0..<0
        for (name, range) in verdict.fields where match.fields[name] != withoutBlank(range, behind: text, verdict) {
            return nil
        }
        if endsAnywhere(verdict, text, own, match.whole) { return nil }
        // What stands in the place of blanks begins and ends where a token does: not at `x00` of `0x00`.
        if verdict.dropped == nil, !text.isEmpty, search.isSeparator(verdict.element),
            [text.lowerBound, text.upperBound].contains(where: {
                LineTokens.splits(search.line, at: $0) || LineTokens.splitsNumber(search.line, at: $0)
            })
        {
            return nil
        }
        if LeftOutParts(search: own).areInOtherValues(of: match, beside: text) { return nil }
        // A field beside the text that may take anything and has nothing: nobody can say what belongs to which.
        if verdict.fields.values.contains(where: {
            $0.isEmpty && ($0.lowerBound == text.lowerBound || $0.lowerBound == text.upperBound)
        }) {
            return nil
        }
        if isOpenEnd(match.whole) || isAmbiguous(verdict, text) { return nil }
        let pairs = PairedMarks(line: search.line)
        if match.fields.values.contains(where: { pairs.hasHalfQuotes($0) || pairs.splitsBrackets($0) }) { return nil }
        if hasReadNothing(match.whole, text) || cutsBetween(Array(match.fields.values)) { return nil }
        if pairs.leavesBracketOpen(match.whole) { return nil }
        let changed = match.fields.filter { verdict.fields[$0.key] == nil }
        if changed.values.contains(where: { pairs.closesBeforeOpening($0) }) { return nil }
        if verdict.element.kind == .literal, beginsWithBlank(match.fields, at: text) { return nil }
        guard takes(text, extent, changed) else { return nil }
        for (_, range) in match.fields {
            for edge in [range.lowerBound, range.upperBound] where isCut(edge, match.whole, text, verdict) {
                return nil
            }
        }
        return changed.sorted { ($0.value.lowerBound, $0.key) < ($1.value.lowerBound, $1.key) }.map {
            GrokRemedy.Capture(field: $0.key, range: $0.value)
        }
    }

    /// What a field has that takes anything behind a blank before which a mark was found: neither the mark nor the blank
    /// behind it, which is the wanted one.
    private func withoutBlank(_ field: Range<Int>, behind text: Range<Int>, _ verdict: ExplainVerdict) -> Range<Int> {
        guard field.lowerBound == text.upperBound, search.isSeparator(verdict.element) else { return field }
        let value = search.line[field]
        let marks = text.isEmpty ? value.prefix { !LineTokens.isWord($0) && !LineTokens.isBlank($0) }.count : 0
        let blanks = value.dropFirst(marks).prefix(while: LineTokens.isBlank).count
        return text.isEmpty && marks == 0 || blanks == 0 ? field : field.lowerBound + marks + blanks..<field.upperBound
    }

    private func takes(_ text: Range<Int>, _ extent: RemedyCandidate.Extent, _ fields: [String: Range<Int>]) -> Bool {
        if fields.isEmpty { return true }
        return switch extent {
        case .besideMarks(let before, let behind):
            !fields.values.contains { field in
                field.count > text.count - before - behind
                    && (before > 0 && field.lowerBound == text.lowerBound
                        || behind > 0 && field.upperBound == text.upperBound)
            }
        case .any: true
        case .whole: fields.values.contains(text)
        case .within:
            fields.values.contains { $0.lowerBound <= text.lowerBound && text.upperBound <= $0.upperBound }
        }
    }

    /// Whether a field that stands before the changed text ends earlier when it takes as little as it can, and the same is
    /// read: `inside two` and `words`, or `inside` and `two`; `shop:` and nothing, or `shop` and `:`.
    private func endsAnywhere(
        _ verdict: ExplainVerdict, _ text: Range<Int>, _ changed: ExplainSearch, _ whole: Range<Int>
    ) -> Bool {
        let line = ExplainSearch(changed, changed.reading, line: Array(search.line[..<whole.upperBound]))
        let end = PatternNode(.anchor(.subjectEnd), offset: 0, length: 0)
        // What an anchor's place is given to takes anything behind the value, which ends where it ends of itself.
        let isAtEdge = verdict.element.anchor != nil
        return verdict.fields.contains { name, range in
            guard !range.isEmpty, range.upperBound <= text.lowerBound,
                !search.line[range.upperBound..<text.lowerBound].contains(where: LineTokens.isWord),
                let other = OtherReading.of(changed.reading.pattern.root, name, ofAnything: isAtEdge)
            else { return false }
            for match in [changed.match([other]), isAtEdge ? nil : line.match([other, end])] {
                guard let other = match?.fields[name], other != range else { continue }
                if isAtEdge || !LineTokens.splits(search.line, at: other.upperBound) { return true }
            }
            return false
        }
    }

    /// Whether a field that ends where something is changed has in it the mark that follows it: `/` behind `pool/s1`. Then
    /// the field may as well end at the other one.
    private func isAmbiguous(_ verdict: ExplainVerdict, _ text: Range<Int>) -> Bool {
        let first = verdict.dropped?.lowerBound ?? verdict.index
        guard verdict.dropped != nil, first > 0, verdict.elements[first - 1].kind == .literal else { return false }
        let mark = Array(verdict.elements[first - 1].literal.utf8)
        let end = text.lowerBound - mark.count
        return verdict.fields.values.contains { range in
            range.upperBound == end && Self.contains(mark, in: search.line[range])
        }
    }

    private static func contains(_ wanted: [UInt8], in text: ArraySlice<UInt8>) -> Bool {
        guard !wanted.isEmpty, text.count >= wanted.count else { return false }
        return (text.startIndex...(text.endIndex - wanted.count)).contains {
            text[$0..<($0 + wanted.count)].elementsEqual(wanted)
        }
    }

    /// Whether one field ends and the next begins in the middle of a token: `org` and `.apache.coyote`. A field around both
    /// says that its parts are meant so: the port and the path of a URI.
    private func cutsBetween(_ fields: [Range<Int>]) -> Bool {
        let starts = Set(fields.filter { !$0.isEmpty }.map(\.lowerBound))
        return fields.contains { field in
            let end = field.upperBound
            return !field.isEmpty && starts.contains(end) && LineTokens.splits(search.line, at: end)
                && !fields.contains { $0.lowerBound < end && end < $0.upperBound }
        }
    }

    /// Whether a mark that is left out stood further back, in what is a word now: `invokeNative Method` for `invoke(Native Method`.
    private func beginsWithBlank(_ fields: [String: Range<Int>], at text: Range<Int>) -> Bool {
        let (line, place) = (search.line, text.lowerBound)
        guard text.isEmpty, place > 0, place < line.count, LineTokens.isBlank(line[place]),
            LineTokens.isWord(line[place - 1])
        else { return false }
        return fields.values.contains { $0.lowerBound == place && !$0.isEmpty }
    }

    /// Whether nothing of the line is read at the changed place or behind it although there is more: then nothing shows
    /// that the change is the right one.
    private func hasReadNothing(_ whole: Range<Int>, _ text: Range<Int>) -> Bool {
        let rest = search.line[min(whole.upperBound, search.line.count)...]
        guard text.isEmpty, rest.contains(where: { !LineTokens.isBlank($0) }) else { return false }
        return search.line[..<whole.upperBound].lastIndex { !LineTokens.isBlank($0) } ?? 0 < text.lowerBound
    }

    /// Whether a capture's edge cuts a token at a place that the change made: where the blamed text or the whole match
    /// begins or ends, or inside that text. What the operator's own literals cut is as it was meant.
    private func isCut(
        _ edge: Int, _ whole: Range<Int>, _ text: Range<Int>, _ verdict: ExplainVerdict
    ) -> Bool {
        if isFar(edge, text, verdict) { return false }
        let isOpen =
            edge == whole.lowerBound || edge == whole.upperBound || text.contains(edge) || edge == text.upperBound
        // Also where any character separates them: `1,234` for a number, `.` and a number.
        let isBeside =
            text.lowerBound == edge || text.upperBound == edge
            || edge + 1 == text.lowerBound && verdict.index > 0 && verdict.elements[verdict.index - 1].fixedLength == 1
        if isBeside, LineTokens.splitsNumber(search.line, at: edge) { return true }
        guard isOpen, LineTokens.splits(search.line, at: edge) else { return false }
        let range = verdict.dropped ?? verdict.index..<(verdict.index + 1)
        if edge == text.lowerBound, range.lowerBound > 0, isText(verdict.elements[range.lowerBound - 1]) {
            return false
        }
        if edge == text.upperBound, range.upperBound < verdict.elements.count {
            let next = verdict.elements[range.upperBound]
            // `(?::%{INT})?` behind it, and the colon is there.
            if isText(next) || next.nodes.first?.firstText == search.line[edge] { return false }
        }
        return true
    }

    /// Whether an edge is where the match began or ended before the change, with blanks between it and the changed place: then
    /// the change has not made it.
    private func isFar(_ edge: Int, _ text: Range<Int>, _ verdict: ExplainVerdict) -> Bool {
        let between =
            if edge == verdict.end, edge > text.upperBound {
                text.upperBound..<edge
            } else if edge == verdict.start, edge < text.lowerBound {
                edge..<text.lowerBound
            } else {
                0..<0
            }
        return search.line[between].contains(where: LineTokens.isBlank)
    }

    /// Whether the whole match begins or ends in the middle of what belongs together: `staus` of `staus=sent`.
    private func isOpenEnd(_ whole: Range<Int>) -> Bool {
        let line = search.line
        func isJoint(_ byte: UInt8) -> Bool { "=@#.,:/-_'".utf8.contains(byte) }
        let end = whole.upperBound
        // Between two quotes of a kind: one of them is what closes the value.
        if end > 0, end < line.count, line[end] == line[end - 1], "\"'`".utf8.contains(line[end]) { return true }
        if end > 0, end + 1 < line.count, LineTokens.isWord(line[end - 1]), isJoint(line[end]),
            LineTokens.isWord(line[end + 1])
        {
            return true
        }
        let start = whole.lowerBound
        return start > 1 && start < line.count && LineTokens.isWord(line[start]) && isJoint(line[start - 1])
            && LineTokens.isWord(line[start - 2])
    }

    private func isText(_ element: ExplainElement) -> Bool {
        element.kind == .literal || element.fixedLength == 1
    }
}
