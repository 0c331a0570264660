package import Events

/// `<inject>`: what is put into a record before it is formatted (Fluentd's `plugin_helper/inject.rb`).
///
/// In this order: host name, worker's number, tag, time. A field of the record with such a key gets the new value in its
/// place; else it stands behind the record's own.
package struct Injection: Sendable {
    package enum Time: Sendable {
        /// Seconds as a floating-point number, in whole microseconds.
        case float
        case integer(TimeText.Unit)
        case text(TimeText)
    }

    package var hostname: (key: [UInt8], value: [UInt8])?
    package var workerID: (key: [UInt8], value: Int64)?
    package var tagKey: [UInt8]?
    package var timeKey: [UInt8]?
    package var time = Time.float

    package init() {}

    package var isEmpty: Bool { hostname == nil && workerID == nil && tagKey == nil && timeKey == nil }

    /// The record with what is injected; the one that came in stays as it is. Whoever has used it may take back what was
    /// added to storage and fields.
    package mutating func apply(
        to record: Record, tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> Record {
        var made = record
        made.firstField = UInt32(rows.copyFields(of: record))
        if let (key, value) = hostname { set(key, .string(storage.append(copyOf: value)), &made, &storage, &rows) }
        if let (key, value) = workerID { set(key, .int(value), &made, &storage, &rows) }
        if let tagKey { set(tagKey, .string(storage.append(copyOf: tag.bytes)), &made, &storage, &rows) }
        if let timeKey { set(timeKey, value(of: record.time, &storage), &made, &storage, &rows) }
        return made
    }

    private func set(
        _ key: [UInt8], _ value: Value, _ record: inout Record, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) {
        if let place = rows.find(key, in: record, storage) {
            rows.fields[place].value = value
        } else {
            rows.fields.append(Field(key: storage.append(copyOf: key), value: value))
            record.fieldCount += 1
        }
    }

    private mutating func value(of time: EventTime, _ storage: inout ByteBuffer) -> Value {
        switch self.time {
        case .float: return .double(Double(TimeText.count(.microseconds, time)) / 1e6)
        case .integer(let unit): return .int(TimeText.count(unit, time))
        case .text(var text):
            let start = storage.count
            text.write(time, to: &storage)
            self.time = .text(text)
            return .string(Slice(offset: start, length: storage.count - start))
        }
    }
}
