/// Parts of a changed expression that may be left out, have nothing of the line, and whose text stands there all the same: in
/// a value that takes nearly anything, or unread behind the match.
///
/// `(?:\(%{DATA:user}\))?` behind `192.0.2.8(jane)` that an address's place was widened to take: what a line has is no longer
/// where it belongs. This holds for any change, whatever it changed.
struct LeftOutParts {
    /// Places of one text where a part is looked for.
    private static let maximumPlaces = 32

    /// Of the changed expression.
    let search: ExplainSearch

    /// A part, and where it would stand.
    private struct Part {
        let node: PatternNode
        let place: Int
    }

    /// - Parameter text: what stands in the place of the changed element.
    func areInOtherValues(of match: ExplainSearch.Match, beside text: Range<Int>) -> Bool {
        let empty = emptyParts(of: match).filter { $0.node.isOfNote && isTelling($0.node) }
        guard !empty.isEmpty else { return false }
        let rest = unread(behind: match)
        let values = match.fields.values.filter { range in
            !range.isEmpty && isBeside(text, range)
                && !match.fields.values.contains { range != $0 && range.contains($0) }
        }
        return empty.contains { part in
            rest.map { stands(part.node, in: $0, from: match.whole.upperBound) } == true
                || values.contains { ends(part.node, $0, before: part.place) || begins(part.node, $0, at: part.place) }
        }
    }

    /// Whether a value holds some of a text, or only blanks and marks are between them.
    private func isBeside(_ text: Range<Int>, _ value: Range<Int>) -> Bool {
        let (first, last) = (max(text.lowerBound, value.lowerBound), min(text.upperBound, value.upperBound))
        return first <= last || !search.line[last..<first].contains(where: LineTokens.isWord)
    }

    // MARK: - Parts

    private func emptyParts(of match: ExplainSearch.Match) -> [Part] {
        var parts: [PatternNode] = []
        let marked = Self.marking(search.reading.pattern.root, &parts)
        guard !parts.isEmpty, let found = search.match([marked]), found.whole == match.whole else { return [] }
        return parts.indices.compactMap { index in
            guard found.fields[Self.name(index)]?.isEmpty ?? true, let place = found.fields[Self.placeName(index)]
            else { return nil }
            return Part(node: parts[index], place: place.lowerBound)
        }
    }

    /// No field can have these names.
    private static func name(_ index: Int) -> String { " \(index)" }
    private static func placeName(_ index: Int) -> String { " at \(index)" }

    /// The tree with a group around each part that may be left out, and one around its place.
    private static func marking(_ node: PatternNode, _ parts: inout [PatternNode]) -> PatternNode {
        var found = parts
        func wrapped(_ body: PatternNode, _ index: Int) -> PatternNode {
            ExplainSearch.group([body.mapped(change)], named: name(index))
        }
        func change(_ node: PatternNode) -> PatternNode? {
            var result = node
            let index = found.count
            switch node.kind {
            case .repetition(let repetition, let body) where repetition.minimum == 0 && repetition.maximum == 1:
                found.append(body)
                result.kind = .repetition(repetition, wrapped(body, index))
            case .alternation(let branches) where branches.contains(where: \.isEmpty):
                let body = PatternNode(
                    .group(PatternNode(.alternation(branches.filter { !$0.isEmpty }), offset: 0, length: 0)), offset: 0,
                    length: 0)
                found.append(body)
                result.kind = .alternation(branches.map { $0.isEmpty ? $0 : wrapped($0, index) })
            // What is looked at is not taken.
            case .look: return node
            default: return nil
            }
            return ExplainSearch.group([result], named: placeName(index))
        }
        let result = node.mapped(change)
        parts = found
        return result
    }

    /// Whether a part takes only what is its own: no lone word, number or mark.
    private func isTelling(_ part: PatternNode) -> Bool {
        let whole =
            [PatternNode(.anchor(.subjectStart), offset: 0, length: 0), part]
            + [PatternNode(.anchor(.subjectEnd), offset: 0, length: 0)]
        return !["x", "7", "a -1: ", "x ", " x", "7 ", " 7", ""].contains {
            ExplainSearch(search, search.reading, line: Array($0.utf8)).match(whole) != nil
        }
    }

    // MARK: - Texts

    /// What is not read behind the match, with the value before it.
    private func unread(behind match: ExplainSearch.Match) -> Range<Int>? {
        let end = match.whole.upperBound
        guard search.line[end...].contains(where: { !LineTokens.isBlank($0) }) else { return nil }
        let start = match.fields.values.filter { $0.upperBound == end && !$0.isEmpty }.map(\.lowerBound).max() ?? end
        return start..<search.line.count
    }

    /// Whether a value that ends where a part would stand has at its end what the part takes; a mark may follow it.
    private func ends(_ part: PatternNode, _ value: Range<Int>, before place: Int) -> Bool {
        let line = search.line
        guard value.upperBound <= place, line[value.upperBound..<place].allSatisfy(LineTokens.isBlank) else {
            return false
        }
        let padded = [0x20] + line[value] + [0x20]
        let marks = value.reversed().prefix { !LineTokens.isWord(line[$0]) }.count
        return (0...min(marks, 2)).contains { count in
            let end = padded.count - count
            let text = ExplainSearch(
                search, search.reading, line: Array(padded[..<(end - 1)]) + (count == 0 ? [0x20] : []))
            let nodes = [
                part.withoutEdges, Self.blanks, PatternNode(.anchor(.subjectEnd), offset: 0, length: 0),
            ]
            return (text.match(nodes)?.whole.count ?? 0) > 3
        }
    }

    /// Whether a value that begins where a part would stand has at its beginning what the part takes.
    private func begins(_ part: PatternNode, _ value: Range<Int>, at place: Int) -> Bool {
        let line = search.line
        guard place <= value.lowerBound, line[place..<value.lowerBound].allSatisfy(LineTokens.isBlank) else {
            return false
        }
        let text = ExplainSearch(search, search.reading, line: [0x20] + line[value] + [0x20])
        let start = PatternNode(.anchor(.subjectStart), offset: 0, length: 0)
        guard let found = text.match([start, Self.blanks, part.withoutEdges])?.whole, found.count > 3 else {
            return false
        }
        return !LineTokens.splits(line, at: min(value.lowerBound + found.upperBound - 1, value.upperBound))
    }

    private static let blanks = PatternNode(
        .repetition(
            Repetition(minimum: 0, maximum: nil, mode: .greedy),
            PatternNode(.oneOf(.scalars(.space), ignoringCase: false), offset: 0, length: 0)), offset: 0, length: 0)

    /// Whether a part takes a piece of a text that begins and ends where a token does, and begins before an end of the match.
    private func stands(_ part: PatternNode, in text: Range<Int>, from end: Int) -> Bool {
        // Blanks around it are as good as those that the part has at its ends.
        let padded = [0x20] + search.line[text] + [0x20]
        var from = 0
        for _ in 0..<Self.maximumPlaces {
            let rest = ExplainSearch(search, search.reading, line: Array(padded[from...]))
            guard let found = rest.match([part.withoutEdges])?.whole else { return false }
            let taken = padded[(from + found.lowerBound)..<(from + found.upperBound)]
            let own = taken.indices.filter { !LineTokens.isBlank(padded[$0]) }
            if let first = own.first, let last = own.last {
                let start = text.lowerBound + first - 1
                // What begins behind the match was left unread all the same.
                if start >= end { return false }
                let end = text.lowerBound + last
                if taken.contains(where: LineTokens.isWord), !LineTokens.splits(search.line, at: start),
                    !LineTokens.splits(search.line, at: end)
                {
                    return true
                }
            }
            from += found.lowerBound + 1
            if from >= padded.count { return false }
        }
        return false
    }
}

extension PatternNode {
    /// Whether it fills a field, or has a word of its own.
    fileprivate var isOfNote: Bool { !captureNames.isEmpty || longestWord > 2 }

    private var longestWord: Int {
        guard case .sequence(let items) = kind else { return children.map(\.longestWord).max() ?? 0 }
        var (own, longest) = (0, 0)
        for item in items {
            if case .literal(let scalar, _) = item.kind, ScalarSet.word.contains(scalar) {
                own += 1
            } else {
                own = 0
                longest = max(longest, item.longestWord)
            }
            longest = max(longest, own)
        }
        return longest
    }

    /// Whether it takes nothing at all.
    fileprivate var isEmpty: Bool {
        switch kind {
        case .empty: true
        case .sequence(let items): items.allSatisfy(\.isEmpty)
        default: false
        }
    }
}

extension Range<Int> {
    fileprivate func contains(_ other: Range<Int>) -> Bool {
        lowerBound <= other.lowerBound && other.upperBound <= upperBound && !other.isEmpty
    }
}
