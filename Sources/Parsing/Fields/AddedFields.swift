internal import Events

extension ParseResult {
    /// The result with more fields in each record, which replace those of the same keys.
    ///
    /// - Parameters:
    ///   - fields: with keys and values in the storage.
    ///   - first: where the fields of this result begin.
    func adding(
        _ added: [Field], from first: Int, _ storage: borrowing ByteBuffer, _ rows: inout Rows
    ) -> ParseResult {
        switch self {
        case .matched:
            for field in added { rows.put(field.key, field.value, first: first, storage) }
            return self
        case .matchedMany(let records):
            // Written anew: all that is appended must belong to the records.
            let old = (first..<rows.fields.count).map { rows.fields[$0] }
            rows.fields.truncate(to: first)
            var written: [ParsedRecord] = []
            for record in records {
                let start = rows.fields.count
                for index in record.fields { rows.fields.append(old[index - first]) }
                for field in added { rows.put(field.key, field.value, first: start, storage) }
                written.append(ParsedRecord(fields: start..<rows.fields.count, time: record.time))
            }
            return .matchedMany(written)
        default: return self
        }
    }
}
