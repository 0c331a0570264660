package import Events
package import Grok

/// Texts that may hold several records, each of which begins with a line that an expression matches (`format_firstline`,
/// `multiline_start_regexp`): cut there, and each piece given to a parser of single records.
///
/// What stands before the first such line is a piece, too. A text with one piece goes to the parser as it is.
package final class MultilineCutter: TextParser {
    private let firstLine: PatternMatcher
    private let inner: any TextParser
    private var starts: [Int] = []

    init(_ firstLine: Regex, limits: MatchLimits, inner: any TextParser) {
        self.firstLine = PatternMatcher(firstLine, limits: limits)
        self.inner = inner
    }

    package var patternNames: [String] { inner.patternNames }

    package func write(counters: inout [PatternCounters], from place: Int) {
        inner.write(counters: &counters, from: place)
    }

    package func beginBatch(storage: inout ByteBuffer) { inner.beginBatch(storage: &storage) }

    package func parse(other value: Value, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        inner.parse(other: value, storage: &storage, rows: &rows)
    }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        findStarts(text, &storage)
        guard starts.count > 1 else { return inner.parse(text, storage: &storage, rows: &rows) }
        var parts: [ParsedPart] = []
        for (index, start) in starts.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : text.end
            let piece = Self.withoutLineEnd(Slice(offset: start, length: end - start), storage)
            let first = rows.fields.count
            let result = inner.parse(piece, storage: &storage, rows: &rows)
            parts.append(ParsedPart(text: piece, fields: first..<rows.fields.count, result: result))
        }
        return .parts(parts)
    }

    /// Where pieces begin, as offsets into the storage: the text's own beginning, and each first line behind it.
    private func findStarts(_ text: Slice, _ storage: inout ByteBuffer) {
        starts.removeAll(keepingCapacity: true)
        starts.append(Int(text.offset))
        var place = Int(text.offset)
        while place < text.end {
            var end = place
            while end < text.end, storage[end] != 0x0A { end += 1 }
            var line = Self.withoutLineEnd(Slice(offset: place, length: end - place), storage)
            if place > Int(text.offset), firstLine.match(&line, &storage) == .matched {
                starts.append(place)
            }
            place = end + 1
        }
    }

    /// Without the newline that ends it, and the carriage return before that.
    private static func withoutLineEnd(_ text: Slice, _ storage: borrowing ByteBuffer) -> Slice {
        var end = text.end
        if end > Int(text.offset), storage[end - 1] == 0x0A { end -= 1 }
        if end > Int(text.offset), storage[end - 1] == 0x0D { end -= 1 }
        return Slice(offset: Int(text.offset), length: end - Int(text.offset))
    }
}
