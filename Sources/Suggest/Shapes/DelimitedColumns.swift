import Grok

/// Texts that one byte cuts into columns: a tab, a bar, a semicolon, a comma. What stands in quotes is not cut
/// (RFC 4180).
struct DelimitedColumns: Sendable {
    static let maximumColumns = 100

    struct Cell: Sendable {
        let content: ShapeColumn.Content
        let isQuoted: Bool
        let isBare: Bool
        let isEmpty: Bool
        /// Blanks around the value in some lines.
        let isPadded: Bool
        let lineCount: Int
    }

    let separator: UInt8
    let cells: [Cell]
    /// The last column takes what is left, separators included.
    let isLastOpen: Bool
    /// What each line has in each column.
    let ranges: [[Range<Int>]]

    /// Finds the byte that cuts all of some texts into the same number of columns, or at least three and a rest.
    init?(_ texts: [(line: Int, range: Range<Int>)], _ lines: [TokenizedLine]) {
        guard texts.count >= 2 else { return nil }
        for separator in [0x09, 0x7C, 0x3B, 0x2C] as [UInt8] {
            let cut = texts.map { Self.cut(lines[$0.line].bytes, $0.range, separator) }
            guard let least = cut.map(\.count).min(), let most = cut.map(\.count).max() else { return nil }
            let needed = separator == 0x7C || separator == 0x09 ? 3 : separator == 0x3B ? 4 : 5
            guard least >= needed, most <= Self.maximumColumns else { continue }
            let isText = separator == 0x2C || separator == 0x3B
            // Commas are also in sentences: then the columns are many words, and not equally many.
            if isText, least != most { continue }
            if isText, Self.hasSentences(cut, texts, lines) { continue }
            if separator == 0x7C, most > least, most > 3 * least { continue }
            if Self.hasOtherPairs(cut, texts, lines) || Self.cutsBrackets(cut, texts, lines) { continue }
            self.init(separator, least, least != most, cut, texts, lines)
            return
        }
        return nil
    }

    private init(
        _ separator: UInt8, _ count: Int, _ isLastOpen: Bool, _ cut: [[Range<Int>]],
        _ texts: [(line: Int, range: Range<Int>)], _ lines: [TokenizedLine]
    ) {
        self.separator = separator
        self.isLastOpen = isLastOpen
        ranges = zip(cut, texts).map { row, text in
            Array(row.prefix(count - 1)) + [row[count - 1].lowerBound..<text.range.upperBound]
        }
        let rows = ranges
        cells = (0..<count).map { column in
            var inner: [(line: Int, range: Range<Int>)] = []
            var quoted = false
            var bare = false
            var empty = false
            var padded = false
            for (row, text) in zip(rows, texts) {
                let line = lines[text.line].bytes
                let trimmed = Self.trimmed(line, row[column])
                if trimmed != row[column] { padded = true }
                if trimmed.isEmpty {
                    empty = true
                } else if trimmed.count >= 2, line[trimmed.lowerBound] == 0x22, line[trimmed.upperBound - 1] == 0x22 {
                    quoted = true
                    inner.append((text.line, (trimmed.lowerBound + 1)..<(trimmed.upperBound - 1)))
                } else {
                    bare = true
                    inner.append((text.line, trimmed))
                }
            }
            let isRest = isLastOpen && column == count - 1
            let content = isRest ? .text : ShapeColumn.content(inner, lines, depth: 1)
            return Cell(
                content: content, isQuoted: quoted, isBare: bare, isEmpty: empty, isPadded: padded,
                lineCount: inner.count)
        }
    }

    /// Whether the columns are mostly pairs whose keys stand in different columns: then the keys tell what is what.
    private static func hasOtherPairs(
        _ cut: [[Range<Int>]], _ texts: [(line: Int, range: Range<Int>)], _ lines: [TokenizedLine]
    ) -> Bool {
        var keys: [[UInt8]: Set<Int>] = [:]
        var pairs = 0
        var all = 0
        for (row, text) in zip(cut.prefix(200), texts) {
            let line = lines[text.line].bytes
            for (column, range) in row.enumerated() {
                all += 1
                let cell = trimmed(line, range)
                guard let token = LineTokenizer.pair(in: line, at: cell.lowerBound, limit: cell.upperBound) else {
                    continue
                }
                pairs += 1
                keys[Array(line[token.other]), default: []].insert(column)
            }
        }
        return pairs * 10 >= all * 6 && keys.contains { $0.value.count > 1 }
    }

    /// Whether the byte stands between brackets in half of the texts or more: `[pid: 17|app: 0|req: 4/9]` is one thing.
    private static func cutsBrackets(
        _ cut: [[Range<Int>]], _ texts: [(line: Int, range: Range<Int>)], _ lines: [TokenizedLine]
    ) -> Bool {
        var count = 0
        let rows = zip(cut.prefix(200), texts)
        for (row, text) in rows {
            let line = lines[text.line].bytes
            let isCut = row.dropLast().contains { cell in
                guard let open = cell.first(where: { "[({".utf8.contains(line[$0]) }) else { return false }
                let close = LineTokenizer(line, text.range).closing(from: open)
                return close.map { $0 >= cell.upperBound } ?? false
            }
            if isCut { count += 1 }
        }
        return count * 2 >= min(cut.count, 200)
    }

    static func trimmed(_ line: [UInt8], _ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, line[start] == 0x20 || line[start] == 0x0D { start += 1 }
        while end > start, line[end - 1] == 0x20 || line[end - 1] == 0x0D { end -= 1 }
        return start..<end
    }

    static func cut(_ line: [UInt8], _ range: Range<Int>, _ separator: UInt8) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = range.lowerBound
        var index = start
        var isQuoted = false
        while index < range.upperBound {
            let byte = line[index]
            if byte == 0x22, isQuoted || index == start || line[index - 1] == 0x20 {
                isQuoted.toggle()
            } else if byte == separator, !isQuoted {
                parts.append(start..<index)
                if parts.count > maximumColumns { return parts }
                start = index + 1
            }
            index += 1
        }
        parts.append(start..<range.upperBound)
        return parts
    }

    /// Whether the columns between the outer ones are rather parts of a sentence.
    private static func hasSentences(
        _ cut: [[Range<Int>]], _ texts: [(line: Int, range: Range<Int>)], _ lines: [TokenizedLine]
    ) -> Bool {
        var spaced = 0
        var all = 0
        for (row, text) in zip(cut.prefix(200), texts) {
            for cell in row.dropFirst() {
                all += 1
                let line = lines[text.line].bytes
                if cell.count > 1, line[cell.lowerBound] == 0x20, line[cell.lowerBound + 1] != 0x22 { spaced += 1 }
            }
        }
        return spaced * 2 > all
    }
}
