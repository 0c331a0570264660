package import Events
package import Logging
package import Parsing

/// `@type typecast`: fields that a source left as text become numbers, truth values, times or arrays, as `types` of a
/// parser makes them (fluent-plugin-typecast, whose filter stands on Fluentd's own converter).
package final class TypecastFilter: Filter {
    private let converters: [(key: [UInt8], converter: FieldConverter)]
    private let faults = ConversionFaults()
    private let log: Log

    package init(_ types: [TypedKey], log: Log) {
        converters = types.map { [faults] in ($0.key, FieldConverter($0.type, of: $0.key, faults)) }
        self.log = log
    }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        for index in rows.records.indices {
            var record = rows.records[index]
            var isCopied = false
            for (key, converter) in converters {
                guard var field = rows.find(key, in: record, storage) else { continue }
                let value = rows.fields[field].value
                let converted = converter.convert(
                    value.kind == .jsonString ? .string(storage.appendUnescaped(value.slice)) : value, &storage)
                if converted.kind == value.kind, converted.payload == value.payload { continue }
                if !isCopied {
                    // The fields of a record are those of other stages' copies, too.
                    let first = rows.copyFields(of: record)
                    field += first - Int(record.firstField)
                    record = Record(
                        time: record.time, firstField: first, fieldCount: Int(record.fieldCount), origin: record.origin)
                    isCopied = true
                }
                rows.fields[field].value = converted
            }
            if isCopied { rows.records[index] = record }
        }
        if !faults.isEmpty { faults.report(batch.tag, to: log) }
    }
}
