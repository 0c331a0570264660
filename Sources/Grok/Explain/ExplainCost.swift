internal import Words

/// How plausible it is that an element is to blame for the text that stands in its place: the less, the more plausible.
struct ExplainCost {
    let search: ExplainSearch

    /// How unlike an element the text is that stands in its place; from 5 on the text says that it is not to blame.
    func cost(of element: ExplainElement, _ range: Range<Int>, isLast: Bool) -> Double {
        let text = search.line[range]
        let isBlank = text.allSatisfy { $0 == 0x20 || $0 == 0x09 }
        switch element.kind {
        case .space:
            if text.isEmpty { return (isLast ? 3 : 1) + joint(at: range.lowerBound) }
            if isBlank { return 1 }
            let hasWord = text.contains(where: Self.isWord)
            if LineTokens.isSign(search.line, at: range.upperBound - 1) { return 3 }
            return hasWord || text.count > 3 ? 6 : 1.9
        case .literal:
            let wanted = Array(element.literal.utf8)
            if text.isEmpty { return 1.3 }
            if contains(wanted, in: text) { return 6 }
            // `kerne` of `kernel`: it is there.
            if text.count < wanted.count, search.line[range.lowerBound...].starts(with: wanted) { return 6 }
            if wanted.count == 1, isBlank { return 3 }
            if isNearly(element, range) {
                // A hyphen between letters is rather a name's own than in the place of another mark.
                if wanted.count == 1, LineTokens.isHyphen(search.line, at: range.lowerBound) { return 1.6 }
                return isJointOfToken(range, wanted) && !isOtherSeparator(element, range) ? 1.5 : 1.0
            }
            if text.contains(0x20), !wanted.contains(0x20) { return 5.5 }
            // A word where a mark should be: the mark is missing rather than replaced.
            if !wanted.contains(where: Self.isWord), text.contains(where: Self.isWord) { return 3 }
            return text.count <= wanted.count + 3 ? 1.8 : 4
        case .reference, .expression:
            if text.isEmpty { return 2 }
            if element.anchor != nil { return 1.04 }
            if text.first == 0x20 || text.last == 0x20 { return isBlank ? 2.5 : 5.2 }
            // Of two that fit alike the one with the shorter text.
            var base = 1.05 + Double(min(text.count, 50)) / 100
            // In the middle of a number something else has begun too early.
            if let first = text.first, range.lowerBound > 0, Self.isDigit(first),
                Self.isDigit(search.line[range.lowerBound - 1])
            {
                base += 0.3
            }
            // `ms` of `53ms` or a comma for a part in brackets that may be left out: nothing asks for it there.
            if search.mayBeEmpty(element) {
                let first = element.nodes.first?.firstText
                let isOther = first.map { $0 != text.first && !MarkFamily.areAlike($0, text[text.startIndex]) } ?? false
                base += isOther ? 1 : isInsideWord(range.lowerBound) ? 0.3 : 0
            }
            // `,5` of `12,5`, for what may stand behind a number.
            if LineTokens.splitsNumber(search.line, at: range.lowerBound) { base += 1.5 }
            if let length = element.fixedLength, length < text.count { return base + 3 }
            if text.contains(0x20), !element.nodes.contains(where: { $0.containsSpace }) {
                switch wordsTaken(by: element, of: range) {
                case .all: return base + 0.5
                case .some: return 5.5
                case .none: return base + 1.5
                }
            }
            // `bob,` for a name: the comma is too much, the name is right.
            let isInQuotes = text.count > 1 && text.first == text.last && MarkFamily.quotes.contains(text.first ?? 0)
            let marks = isInQuotes ? 0 : text.reversed().prefix { !Self.isWord($0) }.count
            if (1...2).contains(where: {
                $0 <= marks && $0 < text.count && takes(element, range.lowerBound..<(range.upperBound - $0))
            }) {
                return base + 1
            }
            return base
        }
    }

    /// What it costs to miss a blank inside a token: between a sign and its digits, before a unit, at a hyphen of a name.
    private func joint(at place: Int) -> Double {
        let line = search.line
        if LineTokens.isSign(line, at: place - 1) { return 2 }
        guard place > 0, place < line.count else { return 0 }
        if LineTokens.isHyphen(line, at: place) { return 0.5 }
        return LineTokens.isDigit(line[place - 1]) && LineTokens.isLetter(line[place]) ? 0.5 : 0
    }

    /// Whether a text is a literal but for a slip.
    func isNearly(_ element: ExplainElement, _ range: Range<Int>) -> Bool {
        let (wanted, text) = (Array(element.literal.utf8.prefix(64)), Array(search.line[range].prefix(64)))
        guard !text.isEmpty else { return false }
        // One character for another is no slip whatever they are.
        if wanted.count == 1, text.count == 1 {
            return MarkFamily.areAlike(wanted[0], text[0])
                || LineTokens.isLetter(wanted[0]) && wanted[0] | 0x20 == text[0] | 0x20
        }
        return EditDistance.between(wanted, text, limit: max(1, wanted.count / 3)) != nil
            || element.literal.lowercased() == String(decoding: text, as: UTF8.self).lowercased()
    }

    /// Whether another mark of lists stands in the place of one: `,` for `;`.
    func isOtherSeparator(_ element: ExplainElement, _ range: Range<Int>) -> Bool {
        guard element.nodes.count == 1, let wanted = element.literal.utf8.first, range.count == 1 else { return false }
        return MarkFamily.areOtherListMarks(search.line[range.lowerBound], wanted)
    }

    /// Whether a mark joins two parts of one value that the wanted mark follows: `two.part:` for a word and a colon.
    private func isJointOfToken(_ range: Range<Int>, _ wanted: [UInt8]) -> Bool {
        guard range.count == 1, wanted.count == 1, LineTokens.splits(search.line, at: range.lowerBound) else {
            return false
        }
        let rest = search.line[range.upperBound...].prefix { LineTokens.isWord($0) || $0 == wanted[0] }
        return rest.contains(wanted[0])
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte > 0x7F || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }

    /// Whether the element takes a text as a whole.
    func takes(_ element: ExplainElement, _ range: Range<Int>) -> Bool {
        let text = Array(search.line[range])
        let other = ExplainSearch(search, line: text)
        return other.match(element.nodes)?.whole == 0..<text.count
    }

    private func isInsideWord(_ place: Int) -> Bool {
        place > 0 && place < search.line.count && LineTokens.isWord(search.line[place - 1])
            && LineTokens.isWord(search.line[place])
    }

    /// Whether a text is several words, each of which the element takes.
    func isOfSeveralWords(_ element: ExplainElement, _ range: Range<Int>) -> Bool {
        wordsTaken(by: element, of: range) == .all
    }

    private enum Share { case none, some, all }

    /// How many words of a longer text are just what the element wants: if only some, the rest of the text is what is
    /// wrong; if all, it is a value of several words.
    private func wordsTaken(by element: ExplainElement, of range: Range<Int>) -> Share {
        let words = search.line[range].split(whereSeparator: LineTokens.isBlank)
        guard !words.isEmpty, words.count <= 16, words.allSatisfy({ $0.count < 256 }) else { return .none }
        let taken = words.count { takes(element, $0.startIndex..<$0.endIndex) }
        return taken == words.count ? .all : taken > 0 ? .some : .none
    }

    private func contains(_ wanted: [UInt8], in text: ArraySlice<UInt8>) -> Bool {
        guard !wanted.isEmpty, text.count >= wanted.count else { return false }
        return (text.startIndex...(text.endIndex - wanted.count)).contains {
            text[$0..<($0 + wanted.count)].elementsEqual(wanted)
        }
    }

    /// What it costs to blame an anchor for a place: little, unless the place is inside a token, or the words before it are
    /// such as the element behind it takes: `two words` for a word.
    func cost(ofAnchor anchor: Anchor, _ text: Range<Int>, before next: ExplainElement?) -> Double {
        let isStart = anchor.isStart
        let place = isStart ? text.upperBound : text.lowerBound
        if LineTokens.splits(search.line, at: place) || isInsideWord(place) { return 5.1 }
        guard isStart, let next, !next.isText, wordsTaken(by: next, of: 0..<place) == .all else { return 1.04 }
        return 2
    }
}
