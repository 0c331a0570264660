internal import Events
internal import Time

/// What all parsers do once the fields are there: take the time out, put null where the options say so, convert types.
/// One for each parser and thread.
final class FieldFinisher {
    let timeKey: [UInt8]?
    private let keepsTimeKey: Bool
    private let reader: TimeReader
    private let nulls: NullRule
    private let converters: [(key: [UInt8], converter: FieldConverter)]

    private let plausibility: TimePlausibility?

    init(_ rules: FieldRules, _ faults: ConversionFaults) {
        timeKey = rules.timeKey
        keepsTimeKey = rules.keepsTimeKey
        reader = TimeReader(rules.timeSource, zone: rules.zone)
        nulls = NullRule(rules)
        plausibility = timeKey.flatMap { [reader] in TimePlausibility(reader, key: $0, faults) }
        converters = rules.types.map { ($0.key, FieldConverter($0.type, of: $0.key, faults)) }
    }

    /// Finishes the record whose fields begin at `first` and reach to the end of `rows.fields`. When the time is invalid
    /// the fields are dropped.
    func finish(first: Int, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        var time: EventTime?
        if let timeKey, let index = find(timeKey, first, storage, rows) {
            switch reader.read(rows.fields[index].value, &storage) {
            case .time(let value):
                time = value
                if !TimePlausibility.isPlausible(value) { plausibility?.note(value, rows.fields[index].value, storage) }
            case .invalid(let reason):
                rows.fields.truncate(to: first)
                return .invalidTime(reason: reason)
            }
            if !keepsTimeKey {
                for later in (index + 1)..<max(rows.fields.count, index + 1) {
                    rows.fields[later - 1] = rows.fields[later]
                }
                rows.fields.truncate(to: rows.fields.count - 1)
            }
        }
        if nulls.isActive { applyNulls(first, &storage, &rows) }
        for (key, converter) in converters {
            guard let index = find(key, first, storage, rows) else { continue }
            rows.fields[index].value = converter.convert(decoded(rows.fields[index].value, &storage), &storage)
        }
        return .matched(time: time)
    }

    private func find(
        _ key: [UInt8], _ first: Int, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) -> Int? {
        for index in first..<rows.fields.count where storage.equals(rows.fields[index].key, key) { return index }
        return nil
    }

    private func applyNulls(_ first: Int, _ storage: inout ByteBuffer, _ rows: inout Rows) {
        for index in first..<rows.fields.count where rows.fields[index].value.isText {
            let value = decoded(rows.fields[index].value, &storage)
            if nulls.isNull(value.slice, storage) { rows.fields[index].value = .null }
        }
    }

    private func decoded(_ value: Value, _ storage: inout ByteBuffer) -> Value {
        value.kind == .jsonString ? .string(storage.appendUnescaped(value.slice)) : value
    }
}
