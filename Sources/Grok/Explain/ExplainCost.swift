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
            if text.isEmpty { return isLast ? 3 : 1 }
            if isBlank { return 1 }
            let hasWord = text.contains(where: Self.isWord)
            return hasWord || text.count > 3 ? 6 : 1.5
        case .literal:
            let wanted = Array(element.literal.utf8)
            if text.isEmpty { return 1.3 }
            if contains(wanted, in: text) { return 6 }
            let limit = max(1, wanted.count / 3)
            if EditDistance.between(Array(wanted.prefix(64)), Array(text.prefix(64)), limit: limit) != nil {
                return 1.0
            }
            if text.contains(0x20), !wanted.contains(0x20) { return 5.5 }
            return text.count <= wanted.count + 3 ? 1.8 : 4
        case .reference, .expression:
            if text.isEmpty { return 2 }
            if element.isAnchor { return 1.04 }
            if text.first == 0x20 || text.last == 0x20 { return isBlank ? 2.5 : 5.2 }
            // Of two that fit alike the one with the shorter text.
            var base = 1.05 + Double(min(text.count, 50)) / 100
            // In the middle of a number something else has begun too early.
            if let first = text.first, range.lowerBound > 0, Self.isDigit(first),
                Self.isDigit(search.line[range.lowerBound - 1])
            {
                base += 0.3
            }
            if let length = element.fixedLength, length < text.count { return base + 3 }
            if text.contains(0x20), !element.nodes.contains(where: { $0.containsSpace }) {
                return takesWord(element, of: range) ? 5.5 : base + 1.5
            }
            // `bob,` for a name: the comma is too much, the name is right.
            let tail = text.reversed().prefix { !Self.isWord($0) }.count
            if tail > 0, tail <= 2, tail < text.count, takes(element, range.lowerBound..<(range.upperBound - tail)) {
                return base + 1
            }
            return base
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte > 0x7F || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }

    /// Whether the element takes a text as a whole.
    private func takes(_ element: ExplainElement, _ range: Range<Int>) -> Bool {
        let text = Array(search.line[range])
        let other = ExplainSearch(search, line: text)
        return other.match(element.nodes)?.whole == 0..<text.count
    }

    /// Whether a word of a longer text is just what the element wants: then the rest of the text is what is wrong.
    private func takesWord(_ element: ExplainElement, of range: Range<Int>) -> Bool {
        var start = range.lowerBound
        for end in range where search.line[end] == 0x20 || end + 1 == range.upperBound {
            let word = search.line[start..<(search.line[end] == 0x20 ? end : end + 1)]
            start = end + 1
            if !word.isEmpty, word.count < 256, takes(element, word.startIndex..<word.endIndex) { return true }
        }
        return false
    }

    private func contains(_ wanted: [UInt8], in text: ArraySlice<UInt8>) -> Bool {
        guard !wanted.isEmpty, text.count >= wanted.count else { return false }
        return (text.startIndex...(text.endIndex - wanted.count)).contains {
            text[$0..<($0 + wanted.count)].elementsEqual(wanted)
        }
    }

    /// What it costs to blame an anchor for a place: little, unless the place is inside a word.
    func cost(ofAnchor text: Range<Int>) -> Double {
        let place = text.lowerBound
        guard place > 0, place < search.line.count else { return 1.04 }
        return Self.isWord(search.line[place - 1]) && Self.isWord(search.line[place]) ? 1.6 : 1.04
    }
}
