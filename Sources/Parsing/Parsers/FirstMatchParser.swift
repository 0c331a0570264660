package import Events

/// Several parsers in order, the first that matches wins: the `multi_format` plugin. A text whose time is invalid counts
/// as not matched, since the next format may read it.
package final class FirstMatchParser: TextParser {
    private let parsers: [any TextParser]

    init(_ parsers: [any TextParser]) { self.parsers = parsers }

    package func beginBatch(storage: inout ByteBuffer) {
        for parser in parsers { parser.beginBatch(storage: &storage) }
    }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        for parser in parsers {
            let result = parser.parse(text, storage: &storage, rows: &rows)
            switch result {
            case .matched, .matchedMany, .gaveUp: return result
            case .noMatch, .invalidTime: continue
            }
        }
        return .noMatch
    }
}
