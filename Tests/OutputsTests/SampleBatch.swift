import Events

/// A batch for tests, from JSON texts.
struct SampleBatch: ~Copyable {
    var storage = ByteBuffer()
    var rows = Rows()
    let tag: Events.Tag

    init(_ tag: String = "service.post") { self.tag = Events.Tag(tag) }
    init(_ tag: Events.Tag) { self.tag = tag }

    mutating func add(_ json: String, _ time: EventTime = EventTime(seconds: 1_576_605_304, nanoseconds: 123_456_789))
        throws
    {
        let start = storage.count
        storage.append(json)
        let first = rows.fields.count
        try rows.appendFields(json: Slice(offset: start, length: storage.count - start), &storage)
        rows.records.append(Record(time: time, firstField: first, fieldCount: rows.fields.count - first))
    }

    mutating func emit(to emitter: any Emitter) -> Acceptance {
        emitter.emit(Events.Batch(tag), storage: &storage, rows: &rows)
    }
}
