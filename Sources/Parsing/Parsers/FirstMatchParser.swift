package import Events
package import Grok

/// Several parsers in order, the first that matches wins: the `multi_format` plugin. A text that a parser raises an error
/// about counts as not matched, since the next format may read it.
package final class FirstMatchParser: TextParser {
    private let parsers: [any TextParser]
    /// The field that says which one matched.
    private let formatKey: [UInt8]?
    /// What it says, for each; nil: nothing.
    private let names: [[UInt8]?]

    init(_ parsers: [any TextParser], formatKey: [UInt8]? = nil, names: [[UInt8]?] = []) {
        (self.parsers, self.formatKey, self.names) = (parsers, formatKey, names)
    }

    package var patternNames: [String] { parsers.flatMap(\.patternNames) }

    package func write(counters: inout [PatternCounters], from place: Int) {
        var place = place
        for parser in parsers {
            parser.write(counters: &counters, from: place)
            place += parser.patternNames.count
        }
    }

    package func beginBatch(storage: inout ByteBuffer) {
        for parser in parsers { parser.beginBatch(storage: &storage) }
    }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        let first = rows.fields.count
        let (result, number) = self.first { $0.parse(text, storage: &storage, rows: &rows) }
        return number.map { named(result, by: $0, first, &storage, &rows) } ?? result
    }

    package func parse(other value: Value, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        let first = rows.fields.count
        let (result, number) = self.first { $0.parse(other: value, storage: &storage, rows: &rows) }
        return number.map { named(result, by: $0, first, &storage, &rows) } ?? result
    }

    /// The result with the name of the parser in each record, which replaces a field of that key.
    private func named(
        _ result: ParseResult, by number: Int, _ first: Int, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> ParseResult {
        guard let formatKey, number < names.count, let name = names[number] else { return result }
        let field = Field(key: storage.append(copyOf: formatKey), value: .string(storage.append(copyOf: name)))
        return result.adding([field], from: first, storage, &rows)
    }

    /// The first match, and whose it is; nil: nobody's.
    private func first(_ parse: (any TextParser) -> ParseResult) -> (ParseResult, Int?) {
        var stopped = ParseResult.noMatch
        for (number, parser) in parsers.enumerated() {
            let result = parse(parser)
            switch result {
            case .matched, .matchedMany, .parts: return (result, number)
            case .noMatch, .invalidTime, .malformed: continue
            case .gaveUp:
                // The next may still match; but two that could not judge the text have taken all the time it is worth.
                if case .gaveUp = stopped { return (stopped, nil) }
                stopped = result
            }
        }
        return (stopped, nil)
    }
}
