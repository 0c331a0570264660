package import Events

/// A batch as stages see it, for tests: filled from JSON, shown as JSON.
package final class EventBatch {
    package var storage = ByteBuffer()
    package var rows = Rows()
    package var tag: Tag

    package init(tag: String = "test.tag") { self.tag = Tag(tag) }

    package static let time = EventTime(seconds: 1_576_605_304, nanoseconds: 123_456_789)

    /// Adds a record from the text of a JSON object.
    package func add(json: [UInt8], at time: EventTime = EventBatch.time) throws {
        let text = storage.append(copyOf: json)
        let first = rows.fields.count
        try rows.appendFields(json: text, &storage)
        rows.records.append(Record(time: time, firstField: first, fieldCount: rows.fields.count - first))
    }

    package func add(_ json: String, at time: EventTime = EventBatch.time) throws {
        try add(json: Array(json.utf8), at: time)
    }

    /// Adds a record from the bytes of a MessagePack map.
    package func add(messagePack: [UInt8], at time: EventTime = EventBatch.time) throws {
        let text = storage.append(copyOf: messagePack)
        let first = rows.fields.count
        _ = try rows.appendFields(messagePack: Int(text.offset), end: text.end, &storage)
        rows.records.append(Record(time: time, firstField: first, fieldCount: rows.fields.count - first))
    }

    package func bytes(of record: Record) -> [UInt8] {
        var out = ByteBuffer()
        out.appendJSONObject(record, rows, storage)
        return out.array()
    }

    package func text(of record: Record) -> String { String(decoding: bytes(of: record), as: UTF8.self) }

    /// Each record as one line of JSON.
    package var lines: [String] { rows.records.map { text(of: $0) } }
}

extension ByteBuffer {
    package init(_ bytes: [UInt8]) {
        self.init(capacity: bytes.count)
        append(bytes)
    }

    package init(_ text: String) { self.init(Array(text.utf8)) }

    package var all: Slice { Slice(offset: 0, length: count) }
    package var text: String { text(all) }
}
