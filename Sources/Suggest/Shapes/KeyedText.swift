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
        /// It stands within the single quotes of another pair's value.
        let isNested: Bool
    }

    let keys: [Key]
    let end: End
    /// The lines are nothing but pairs.
    let isPure: Bool
    let lineCount: Int

    /// What is found in texts.
    private struct Finding {
        struct Entry {
            var summary = ValueSummary()
            var count = 0
            var quoted = false
            var bare = false
            var apostrophed = false
            var nested = false
        }

        var entries: [[UInt8]: Entry] = [:]
        var order: [[UInt8]] = []
        var pairBytes = 0
        var bytes = 0
        var separators: [UInt8: Int] = [:]
        var pairs = 0
        /// Texts that are mostly pairs.
        var mostly = 0
        var withPairs = 0

        /// - Parameter separator: the byte that ends values, which may then hold blanks.
        init(_ texts: [(line: Int, range: Range<Int>)], _ lines: [TokenizedLine], separator: UInt8?) {
            for (index, range) in texts { add(lines[index].bytes, range, separator) }
        }

        private mutating func add(_ line: [UInt8], _ range: Range<Int>, _ separator: UInt8?) {
            var seen: Set<[UInt8]> = []
            var own = 0
            bytes += range.count
            for (token, isNested) in KeyedText.pairs(line, range, separator) {
                let name = Array(line[token.other])
                guard seen.insert(name).inserted else { continue }
                own += token.end - token.start + 1
                pairs += 1
                if seen.count > 1, let before = line[range.lowerBound..<token.start].last(where: { !$0.isBlank }),
                    [0x7C, 0x2C, 0x3B].contains(before)
                {
                    separators[before, default: 0] += 1
                }
                if entries[name] == nil {
                    guard entries.count < 4 * KeyedText.maximumKeys else { continue }
                    order.append(name)
                }
                var entry = entries[name] ?? Entry()
                entry.count += 1
                entry.nested = entry.nested || isNested
                if token.valueKind == .quoted {
                    if line[token.inner.lowerBound - 1] == UInt8(ascii: "'") { entry.apostrophed = true }
                    entry.quoted = true
                } else {
                    entry.bare = true
                }
                entry.summary.add(text: line[token.inner], in: line)
                entries[name] = entry
            }
            pairBytes += own
            if own * 10 >= range.count * 6 { mostly += 1 }
            if !seen.isEmpty { withPairs += 1 }
        }

        /// The byte between nearly all pairs.
        var separator: UInt8? {
            guard let most = separators.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
                most.value * 10 >= (pairs - withPairs) * 8
            else { return nil }
            return most.key
        }
    }

    /// Finds the pairs of texts. nil when there are none worth looking for: keys that all texts have, or texts that are
    /// mostly pairs.
    init?(_ texts: [(line: Int, range: Range<Int>)], _ lines: [TokenizedLine], valuesHaveBlanks: Bool = false) {
        var found = Finding(texts, lines, separator: nil)
        let separator = valuesHaveBlanks ? nil : found.separator
        // Then blanks belong to the values.
        if let separator { found = Finding(texts, lines, separator: separator) }
        guard found.pairs > 0, !texts.isEmpty else { return nil }
        let isMostly = found.mostly * 10 >= texts.count * 6 && found.pairs >= 2 * texts.count
        let isOften = found.withPairs * 10 >= texts.count * 9 && found.pairs >= 3 * texts.count
        let least = isMostly || isOften ? max(1, texts.count / 200) : texts.count
        func count(_ name: [UInt8]) -> Int { found.entries[name]?.count ?? 0 }
        var names = found.order.filter { count($0) >= least }
        if names.count > Self.maximumKeys {
            let kept = Set(
                names.sorted { (count($0), $1.count) > (count($1), $0.count) }.prefix(Self.maximumKeys))
            names = names.filter { kept.contains($0) }
        }
        guard !names.isEmpty else { return nil }
        keys = names.compactMap { name in
            guard let entry = found.entries[name] else { return nil }
            return Key(
                name: name, summary: entry.summary, lineCount: entry.count, isQuoted: entry.quoted, isBare: entry.bare,
                isApostrophed: entry.apostrophed, isNested: entry.nested)
        }
        end = valuesHaveBlanks ? .nextKey : separator.map { .byte($0) } ?? .blank
        isPure = found.pairBytes * 100 >= found.bytes * 85
        lineCount = texts.count
    }

    /// The pairs with an equals sign of a text.
    ///
    /// - Parameter separator: the byte that ends values which are not in quotes; nil: a blank does.
    private static func pairs(
        _ line: [UInt8], _ range: Range<Int>, _ separator: UInt8?
    ) -> [(token: SampleToken, isNested: Bool)] {
        var found: [(token: SampleToken, isNested: Bool)] = []
        var index = range.lowerBound
        /// Where the pair in single quotes ends that is being read.
        var outerEnd = range.lowerBound
        while index < range.upperBound, found.count < 2 * maximumKeys {
            let isNested = index < outerEnd
            guard isStart(line, index, range),
                var token = LineTokenizer.pair(in: line, at: index, limit: isNested ? outerEnd : range.upperBound)
            else {
                index += 1
                continue
            }
            if let separator, !isNested, token.valueKind != .quoted {
                var end = token.inner.lowerBound
                while end < range.upperBound, line[end] != separator { end += 1 }
                token.end = end
                token.inner = DelimitedColumns.trimmed(line, token.inner.lowerBound..<end)
            }
            found.append((token, isNested))
            index = max(token.end, index + 1)
            if token.valueKind == .quoted, line[token.inner.lowerBound - 1] == UInt8(ascii: "'") {
                // `msg='op=start res=success'`: pairs in a pair, as the kernel's audit has them.
                index = token.inner.lowerBound
                outerEnd = token.inner.upperBound
            }
        }
        return found
    }

    /// Whether a name may begin at a place.
    private static func isStart(_ line: [UInt8], _ index: Int, _ range: Range<Int>) -> Bool {
        guard line[index].isLetter || line[index] == 0x5F else { return false }
        guard index > range.lowerBound else { return true }
        let before = line[index - 1]
        return !before.isWord && ![0x2D, 0x2E, 0x3F, 0x26].contains(before)
    }
}
