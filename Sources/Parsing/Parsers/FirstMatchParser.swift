package import Events

/// Several parsers in order, the first that matches wins: the `multi_format` plugin. A text that a parser raises an error
/// about counts as not matched, since the next format may read it.
package final class FirstMatchParser: TextParser {
    private let parsers: [any TextParser]

    init(_ parsers: [any TextParser]) { self.parsers = parsers }

    package func beginBatch(storage: inout ByteBuffer) {
        for parser in parsers { parser.beginBatch(storage: &storage) }
    }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        first { $0.parse(text, storage: &storage, rows: &rows) }
    }

    package func parse(other value: Value, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        first { $0.parse(other: value, storage: &storage, rows: &rows) }
    }

    private func first(_ parse: (any TextParser) -> ParseResult) -> ParseResult {
        var stopped = ParseResult.noMatch
        for parser in parsers {
            let result = parse(parser)
            switch result {
            case .matched, .matchedMany, .parts: return result
            case .noMatch, .invalidTime, .malformed: continue
            case .gaveUp:
                // The next may still match; but two that could not judge the text have taken all the time it is worth.
                if case .gaveUp = stopped { return stopped }
                stopped = result
            }
        }
        return stopped
    }
}
