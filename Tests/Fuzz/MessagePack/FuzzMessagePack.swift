// libFuzzer entry for MessagePack; ../run builds and runs it.

import Events

/// One record: read, written as JSON, read again. What was accepted must come out as valid JSON that says the same, and
/// the framer must find the same end as the reader.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzMessagePack(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    var storage = ByteBuffer(capacity: size)
    storage.append(input)
    var framer = MessagePackFramer(at: 0)
    var wanted = 0
    let framed = try? framer.advance(storage, wanted: &wanted)
    let skipped = try? storage.skipMessagePack(at: 0, end: size)
    if let skipped, framed != skipped {
        fatalError("the framer ends at \(String(describing: framed)), not at \(skipped)")
    }

    var rows = Rows()
    guard let end = try? rows.appendFields(messagePack: 0, end: size, &storage) else { return 0 }
    // Around a record's fields the reader counts no level of its own.
    if let skipped, end != skipped { fatalError("the reader ends at \(end), not at \(skipped)") }
    let record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
    var text = ByteBuffer()
    text.appendJSONObject(record, rows, storage)

    var again = ByteBuffer()
    again.append(text)
    var reread = Rows()
    do {
        try reread.appendFields(json: Slice(offset: 0, length: again.count), &again)
    } catch {
        fatalError("wrote what is no JSON: \(error)")
    }
    guard reread.fields.count <= rows.fields.count else { fatalError("fields out of nothing") }
    var second = ByteBuffer()
    second.appendJSONObject(
        Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: reread.fields.count), reread, again)
    // Keys that differ only in invalid bytes become equal as JSON, so a first pass may still merge some.
    guard reread.fields.count < rows.fields.count || second.array() == text.array() || hasReplacement(text) else {
        fatalError("not the same the second time")
    }
    for text in ["$.a[1].b", "a", "$['']"] {
        if let accessor = try? RecordAccessor(text) { _ = rows.value(at: accessor, in: record, storage) }
    }
    return 0
}

private func hasReplacement(_ text: borrowing ByteBuffer) -> Bool {
    for index in 0..<max(text.count - 2, 0)
    where text[index] == 0xEF && text[index + 1] == 0xBF && text[index + 2] == 0xBD {
        return true
    }
    return false
}
