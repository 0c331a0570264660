package import Events

/// MessagePack maps, one after another: one record each. What is no map, or cut off, makes nothing of the whole text.
package final class MessagePackParser: TextParser {
    private let finisher: FieldFinisher

    init(_ rules: FieldRules, _ faults: ConversionFaults) { finisher = FieldFinisher(rules, faults) }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        let start = rows.fields.count
        var records: [ParsedRecord] = []
        var place = Int(text.offset)
        while place < text.end {
            let first = rows.fields.count
            guard let next = try? rows.appendFields(messagePack: place, end: text.end, &storage) else { break }
            let result = finisher.finish(first: first, storage: &storage, rows: &rows)
            guard case .matched(let time) = result else {
                rows.fields.truncate(to: start)
                return result
            }
            if next == text.end, records.isEmpty { return result }
            records.append(ParsedRecord(fields: first..<rows.fields.count, time: time))
            place = next
        }
        if place == text.end, !records.isEmpty { return .matchedMany(records) }
        rows.fields.truncate(to: start)
        return .noMatch
    }
}
