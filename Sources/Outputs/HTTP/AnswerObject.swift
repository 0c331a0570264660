package import Events

/// A JSON object in an answer, of which a few members are wanted.
package struct AnswerObject: ~Copyable {
    private var storage: ByteBuffer
    private var rows = Rows(fieldCapacity: 16)
    private let record: Record

    /// nil when the body is something else.
    package init?(_ body: borrowing ByteBuffer) {
        storage = ByteBuffer(capacity: body.count)
        storage.append(body)
        guard (try? rows.appendFields(json: Slice(offset: 0, length: storage.count), &storage)) != nil else {
            return nil
        }
        record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
    }

    package func value(_ path: String) -> Value? {
        (try? RecordAccessor(path)).flatMap { rows.value(at: $0, in: record, storage) }
    }

    /// Text, or a number as text.
    package func text(_ path: String) -> String? {
        guard let value = value(path), value.kind != .null else { return nil }
        var text = ByteBuffer(capacity: 64)
        text.appendText(value, storage)
        return text.text(Slice(offset: 0, length: text.count))
    }

    package func int(_ path: String) -> Int? { text(path).flatMap { Int($0) } }
}
