/// Whether a reading of a line keeps brackets and quotes together.
struct PairedMarks {
    let line: [UInt8]

    /// Whether a value begins or ends with a quote whose partner is elsewhere.
    func hasHalfQuotes(_ range: Range<Int>) -> Bool {
        let text = line[range]
        guard let first = text.first, let last = text.last else { return false }
        return "\"`".utf8.contains { quote in
            (first == quote || last == quote) && text.count(where: { $0 == quote }) % 2 == 1
        }
    }

    /// Whether the first quote in a value closes one that is not in it: `18:22:44" host"`, `Foo.java":9"`.
    func closesBeforeOpening(_ range: Range<Int>) -> Bool {
        guard let first = range.first(where: { MarkFamily.quotes.contains(line[$0]) && line[$0] != UInt8(ascii: "'") }),
            first > range.lowerBound, LineTokens.isWord(line[first - 1])
        else { return false }
        return first + 1 == line.count || !LineTokens.isWord(line[first + 1])
    }

    /// Whether a value ends before a bracket that closes one in it, or begins behind one that one in it closes.
    func splitsBrackets(_ range: Range<Int>) -> Bool {
        for (open, close) in MarkFamily.brackets {
            var (depth, lowest) = (0, 0)
            for byte in line[range] {
                if byte == open { depth += 1 }
                if byte == close { depth -= 1 }
                lowest = min(lowest, depth)
            }
            let isClosedBehind = range.upperBound < line.count && line[range.upperBound] == close
            let isOpenedBefore = range.lowerBound > 0 && line[range.lowerBound - 1] == open
            if depth > lowest && isClosedBehind || lowest < 0 && isOpenedBefore {
                return true
            }
        }
        return false
    }

    /// Whether a bracket is opened in what is read and closed in what is left unread behind it: `[req@32473` of
    /// `[req@32473 id="9"]`. Then a value is longer than it was read, or the bracket is another one's.
    func leavesBracketOpen(_ whole: Range<Int>) -> Bool {
        return MarkFamily.brackets.contains { open, close in
            var depth = 0
            for byte in line[whole] {
                if byte == open { depth += 1 }
                if byte == close { depth = max(depth - 1, 0) }
            }
            return depth > 0 && line[whole.upperBound...].contains(close)
        }
    }
}
