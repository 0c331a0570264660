package import Events
package import Time

/// A line of a kept file, read back: the event, and why it is there. `EventLines` says what a line looks like.
package struct KeptEvent {
    package var tag: [UInt8]
    package var time: EventTime
    /// The record's JSON.
    package var record: [UInt8]
    /// Empty texts and 0 where the line says nothing.
    package var cause: KeptCause

    /// What is missing, for a message.
    package struct Missing: Error {
        package let sentence: String
    }

    /// - Parameters:
    ///   - line: one JSON object, and nothing else.
    ///   - reader: of ISO 8601 times.
    /// - Throws: `JSONError` or `Missing`.
    package init(_ line: borrowing ByteBuffer, _ reader: inout TimeReader) throws {
        var storage = ByteBuffer(capacity: line.count)
        storage.append(line)
        var rows = Rows(fieldCapacity: 8)
        try rows.appendFields(json: Slice(offset: 0, length: storage.count), &storage)
        let all = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
        func find(_ name: String) -> Value? {
            rows.find(Array(name.utf8), in: all, storage).map { rows.fields[$0].value }
        }
        func value(_ name: String) throws(Missing) -> Value {
            guard let value = find(name) else {
                throw Missing(sentence: "no '\(name)'; a line of a kept file has tag, time and record")
            }
            return value
        }
        func text(_ value: Value?) -> [UInt8] {
            guard let value else { return [] }
            var text = ByteBuffer()
            text.appendText(value, storage)
            return text.array()
        }
        func word(_ name: String) -> String { String(decoding: text(find(name)), as: UTF8.self) }
        let (time, record) = (try value("time"), try value("record"))
        tag = text(try value("tag"))
        cause = KeptCause(
            output: word("output"), index: word("index"), status: Int(word("status")) ?? 0, type: word("type"),
            reason: word("reason"), attempts: Int(word("attempts")) ?? 0)
        guard case .time(let moment) = reader.read(time, &storage) else {
            throw Missing(sentence: "'time' is no time; it is written as 2019-12-17T17:55:04.123456789+00:00")
        }
        self.time = moment
        var json = ByteBuffer()
        json.appendJSON(record, storage)
        guard json.count > 1, json[0] == UInt8(ascii: "{") else { throw Missing(sentence: "'record' is no object") }
        self.record = json.array()
    }
}
