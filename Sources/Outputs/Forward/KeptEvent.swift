internal import Events
internal import Time

/// A line of a backup file: a whole event, with all that is needed to send it again (`ChunkBackup`).
///
/// ```
/// {"tag":"service.post","time":"2019-12-17T17:55:04.123456789+00:00","record":{"event":"find_all_posts"}}
/// ```
struct KeptEvent {
    var tag: [UInt8]
    var time: EventTime
    /// The record's JSON.
    var record: [UInt8]

    /// What is missing, for a message.
    struct Missing: Error {
        let sentence: String
    }

    /// - Parameter line: one JSON object, and nothing else.
    init(_ line: borrowing ByteBuffer, _ reader: inout TimeReader) throws {
        var storage = ByteBuffer(capacity: line.count)
        storage.append(line)
        var rows = Rows(fieldCapacity: 8)
        try rows.appendFields(json: Slice(offset: 0, length: storage.count), &storage)
        let all = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
        func value(_ name: String) throws(Missing) -> Value {
            guard let index = rows.find(Array(name.utf8), in: all, storage) else {
                throw Missing(sentence: "no '\(name)'; a line of a backup file has tag, time and record")
            }
            return rows.fields[index].value
        }
        let (tag, time, record) = (try value("tag"), try value("time"), try value("record"))
        var text = ByteBuffer()
        text.appendText(tag, storage)
        self.tag = text.array()
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
