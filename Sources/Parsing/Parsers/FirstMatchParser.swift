package import Events

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
        switch result {
        case .matched:
            if let same = (first..<rows.fields.count).first(where: { storage.equals(rows.fields[$0].key, formatKey) }) {
                rows.fields[same].value = field.value
            } else {
                rows.fields.append(field)
            }
            return result
        case .matchedMany(let records):
            // Written anew: all that is appended must belong to the records.
            let old = (first..<rows.fields.count).map { rows.fields[$0] }
            rows.fields.truncate(to: first)
            return .matchedMany(
                records.map { record in
                    let start = rows.fields.count
                    for index in record.fields where !storage.equals(old[index - first].key, formatKey) {
                        rows.fields.append(old[index - first])
                    }
                    rows.fields.append(field)
                    return ParsedRecord(fields: start..<rows.fields.count, time: record.time)
                })
        default: return result
        }
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
