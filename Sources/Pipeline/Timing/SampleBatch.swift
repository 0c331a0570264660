package import Events
internal import Outputs

/// Events of one tag as they come in a message: MessagePack maps one behind the other.
package struct SampleBatch: ~Copyable {
    package let tag: Tag
    var bytes = ByteBuffer(capacity: 4096)
    private var events: [(record: Slice, time: EventTime)] = []

    package init(tag: Tag) { self.tag = tag }

    package var eventCount: Int { events.count }
    package var byteCount: Int { bytes.count }

    /// - Parameter record: a JSON object. Throws `JSONError`.
    package mutating func append(record: [UInt8], time: EventTime) throws {
        var storage = ByteBuffer(capacity: record.count)
        var rows = Rows(fieldCapacity: 32)
        storage.append(record)
        try rows.appendFields(json: Slice(offset: 0, length: record.count), &storage)
        let start = bytes.count
        KeptRecord.append(
            Record(time: time, firstField: 0, fieldCount: rows.fields.count), rows, storage, to: &bytes)
        guard let kept = KeptRecord.slice(at: start, before: bytes.count, bytes) else { return }
        events.append((kept, time))
    }

    /// Makes records of the bytes, which are at the start of the storage.
    borrowing func decode(_ storage: borrowing ByteBuffer, _ rows: inout Rows) {
        for event in events {
            let first = rows.fields.count
            guard KeptRecord.appendFields(event.record, storage, to: &rows) else { continue }
            rows.records.append(
                Record(time: event.time, firstField: first, fieldCount: rows.fields.count - first))
        }
    }
}
