package import Events

/// Columns between delimiters, without quoting. The last column takes all that is left; columns that are missing are null.
package final class TSVParser: TextParser {
    private let delimiter: [UInt8]
    private let columns: Columns

    init(keys: [[UInt8]], delimiter: [UInt8], _ rules: FieldRules, _ faults: ConversionFaults) {
        self.delimiter = delimiter
        columns = Columns(keys, rules, faults)
    }

    package func beginBatch(storage: inout ByteBuffer) { columns.beginBatch(&storage) }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        let first = rows.fields.count
        columns.beginRecord(&storage)
        var start: Int? = text.length > 0 ? Int(text.offset) : nil
        for column in 0..<columns.count {
            guard let from = start else {
                columns.add(column, value: .null, &rows)
                continue
            }
            let isLast = column == columns.count - 1
            let end = isLast ? nil : storage.firstPlace(of: delimiter, from: from, to: text.end)
            let value = Slice(offset: from, length: (end ?? text.end) - from)
            start = end.map { $0 + delimiter.count }
            if !columns.add(column, value, &storage, &rows) {
                return columns.refuse(first, &rows)
            }
        }
        return .matched(time: columns.time)
    }
}
