package import Events

/// A record without some of its places, for outputs that send them elsewhere.
package struct RecordPruning: Sendable {
    private let keys: [[UInt8]]
    private let nested: [RecordAccessor]

    package init(_ places: [RecordAccessor]) {
        keys = places.compactMap(\.topLevelKey)
        nested = places.filter { $0.topLevelKey == nil }
    }

    package var isEmpty: Bool { keys.isEmpty && nested.isEmpty }

    /// The record that is left; the one that came in stays as it is.
    package func apply(to record: Record, _ storage: inout ByteBuffer, _ rows: inout Rows) -> Record {
        if isEmpty { return record }
        let first = rows.fields.count
        for index in record.fieldRange {
            var field = rows.fields[index]
            if keys.contains(where: { storage.equals(field.key, $0) }) { continue }
            for place in nested where field.value.isNested && storage.equals(field.key, place.firstKey) {
                field.value = Self.value(field.value, without: place, &storage)
            }
            rows.fields.append(field)
        }
        return Record(
            time: record.time, firstField: first, fieldCount: rows.fields.count - first, origin: record.origin)
    }

    private static func value(_ value: Value, without place: RecordAccessor, _ storage: inout ByteBuffer) -> Value {
        var json = ByteBuffer(capacity: Int(value.length) + 64)
        json.appendJSON(value, storage)
        guard json.removeJSON(at: place.steps.dropFirst()) else { return value }
        let start = storage.count
        storage.append(json)
        return Value(.json, Slice(offset: start, length: storage.count - start))
    }
}
