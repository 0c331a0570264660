import Grok

/// Text that holds `key=value` pairs, in any order and with other words between them: each key is looked for by itself.
struct KeyedText: Sendable {
    /// Keys of one expression.
    static let maximumKeys = 60

    /// What ends a value that is not in quotes.
    enum End: Hashable, Sendable {
        case blank
        /// A bar, a comma, a semicolon.
        case byte(UInt8)
        /// The next key, as in the extension of CEF, where values hold blanks.
        case nextKey
    }

    struct Key: Sendable {
        let name: [UInt8]
        let summary: ValueSummary
        let lineCount: Int
        let isQuoted: Bool
        let isBare: Bool
        let isApostrophed: Bool
    }

    let keys: [Key]
    let end: End
    /// The lines are nothing but pairs.
    let isPure: Bool
    let lineCount: Int

    /// Finds the pairs of texts. nil when there are none worth looking for: keys that all texts have, or texts that are
    /// mostly pairs.
    init?(_ texts: [(line: Int, range: Range<Int>)], _ lines: [TokenizedLine], valuesHaveBlanks: Bool = false) {
        struct Found {
            var summary = ValueSummary()
            var count = 0
            var quoted = false
            var bare = false
            var apostrophed = false
        }
        var found: [[UInt8]: Found] = [:]
        var order: [[UInt8]] = []
        var pairBytes = 0
        var bytes = 0
        var separators: [UInt8: Int] = [:]
        var pairs = 0
        var mostly = 0
        var withPairs = 0
        for (index, range) in texts {
            let line = lines[index].bytes
            var seen: Set<[UInt8]> = []
            var own = 0
            bytes += range.count
            for token in Self.pairs(line, range) {
                let name = Array(line[token.other])
                guard seen.insert(name).inserted else { continue }
                own += token.end - token.start + 1
                pairs += 1
                if seen.count > 1, let before = line[range.lowerBound..<token.start].last(where: { !$0.isBlank }),
                    [0x7C, 0x2C, 0x3B].contains(before)
                {
                    separators[before, default: 0] += 1
                }
                if found[name] == nil {
                    guard found.count < 4 * Self.maximumKeys else { continue }
                    order.append(name)
                }
                var entry = found[name] ?? Found()
                entry.count += 1
                if token.valueKind == .quoted {
                    if line[token.inner.lowerBound - 1] == UInt8(ascii: "'") { entry.apostrophed = true }
                    entry.quoted = true
                } else {
                    entry.bare = true
                }
                entry.summary.add(text: line[token.inner], in: line)
                found[name] = entry
            }
            pairBytes += own
            if own * 10 >= range.count * 6 { mostly += 1 }
            if !seen.isEmpty { withPairs += 1 }
        }
        guard pairs > 0, !texts.isEmpty else { return nil }
        let isMostly = mostly * 10 >= texts.count * 6 && pairs >= 2 * texts.count
        let isOften = withPairs * 10 >= texts.count * 9 && pairs >= 3 * texts.count
        let least = isMostly || isOften ? max(1, texts.count / 200) : texts.count
        var names = order.filter { (found[$0]?.count ?? 0) >= least }
        if names.count > Self.maximumKeys {
            let kept = Set(
                names.sorted { (found[$0]?.count ?? 0, $1.count) > (found[$1]?.count ?? 0, $0.count) }
                    .prefix(Self.maximumKeys))
            names = names.filter { kept.contains($0) }
        }
        guard !names.isEmpty else { return nil }
        keys = names.compactMap { name in
            guard let entry = found[name] else { return nil }
            return Key(
                name: name, summary: entry.summary, lineCount: entry.count, isQuoted: entry.quoted, isBare: entry.bare,
                isApostrophed: entry.apostrophed)
        }
        let separator = separators.max { ($0.value, $1.key) < ($1.value, $0.key) }
        if valuesHaveBlanks {
            end = .nextKey
        } else if let separator, separator.value * 10 >= (pairs - withPairs) * 8 {
            end = .byte(separator.key)
        } else {
            end = .blank
        }
        isPure = pairBytes * 100 >= bytes * 85
        lineCount = texts.count
    }

    /// The pairs with an equals sign of a text.
    private static func pairs(_ line: [UInt8], _ range: Range<Int>) -> [SampleToken] {
        var found: [SampleToken] = []
        var index = range.lowerBound
        while index < range.upperBound, found.count < 2 * maximumKeys {
            let isStart =
                index == range.lowerBound
                || !line[index - 1].isWord && line[index - 1] != UInt8(ascii: "-")
                    && line[index - 1] != UInt8(ascii: ".") && line[index - 1] != UInt8(ascii: "?")
                    && line[index - 1] != UInt8(ascii: "&")
            if isStart, line[index].isLetter || line[index] == 0x5F,
                let token = LineTokenizer.pair(in: line, at: index, limit: range.upperBound)
            {
                found.append(token)
                index = max(token.end, index + 1)
            } else {
                index += 1
            }
        }
        return found
    }
}
