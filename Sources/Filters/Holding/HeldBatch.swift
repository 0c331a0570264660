internal import Events

/// Records of one batch that wait together, with their fields in a buffer of their own.
final class HeldBatch<Subject> {
    let tag: Tag
    /// What they wait for.
    let subject: Subject
    /// Of the clock that the stage is told.
    let sinceMilliseconds: Int64
    /// Held once by this; nil: nobody asked.
    let receipt: Receipt?
    let count: Int
    /// Of everything that is kept for them.
    let bytes: Int
    private var storage: ByteBuffer
    private var fields: [Field] = []
    /// As they were, but their fields are counted in `fields`.
    private var records: [Record] = []
    private var messages: [Message] = []

    /// Records that came with one message after one another.
    private struct Message {
        let name: Slice
        let time: EventTime
        var first: Int
        let position: Int
        var count = 1
    }

    /// Objects and array headers, roughly.
    private static var overheadBytes: Int { 512 }

    init(
        _ taken: ArraySlice<Record>, _ tag: Tag, _ subject: Subject, since milliseconds: Int64, _ receipt: Receipt?,
        _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) {
        self.tag = tag
        self.subject = subject
        self.receipt = receipt
        sinceMilliseconds = milliseconds
        count = taken.count
        var own = ByteBuffer(capacity: 256)
        records.reserveCapacity(taken.count)
        for record in taken {
            var kept = record
            kept.firstField = UInt32(fields.count)
            for index in record.fieldRange {
                let field = rows.fields[index]
                fields.append(
                    Field(
                        key: own.append(field.key, movedFrom: storage),
                        value: field.value.moved(from: storage, to: &own)))
            }
            Self.note(rows.message(of: record), at: records.count, &messages, storage, &own)
            kept.origin = 0
            records.append(kept)
        }
        bytes =
            Self.overheadBytes + own.count + fields.count * MemoryLayout<Field>.size
            + records.count * MemoryLayout<Record>.size + messages.count * MemoryLayout<Message>.size
        self.storage = own
        receipt?.hold()
    }

    private static func note(
        _ origin: Rows.Origin?, at index: Int, _ messages: inout [Message], _ storage: borrowing ByteBuffer,
        _ own: inout ByteBuffer
    ) {
        guard let origin else { return }
        if let last = messages.last, last.first + last.count == index, last.position + last.count == origin.position,
            last.time == origin.time, own.equals(last.name, storage.array(origin.name))
        {
            messages[messages.count - 1].count += 1
            return
        }
        messages.append(
            Message(
                name: own.append(origin.name, movedFrom: storage), time: origin.time, first: index,
                position: origin.position))
    }

    /// Its records at the end of a batch, with the messages they came with.
    func append(to storage: inout ByteBuffer, _ rows: inout Rows) {
        let base = storage.count
        storage.append(self.storage)
        let firstField = rows.fields.count
        for field in fields {
            rows.fields.append(Field(key: field.key.shifted(by: base), value: field.value.shifted(by: base)))
        }
        var next = 0
        for (index, record) in records.enumerated() {
            var moved = record
            moved.firstField += UInt32(firstField)
            rows.records.append(moved)
            // A message says of all records behind a place that they are its own: as soon as its last one stands.
            guard next < messages.count, messages[next].first + messages[next].count - 1 == index else { continue }
            let message = messages[next]
            rows.setMessage(
                message.name.shifted(by: base), from: rows.records.count - message.count, position: message.position,
                time: message.time)
            next += 1
        }
    }
}
