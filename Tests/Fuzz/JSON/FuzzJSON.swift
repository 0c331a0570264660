// libFuzzer entry for JSON; ../run builds and runs it.

import Events

/// One record, read and written; the same through MessagePack; and as a stream, cut in two.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzJSON(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    frame(input)
    guard let text = rewritten(input) else { return 0 }
    guard let second = rewritten(text) else { fatalError("wrote what is no JSON") }
    guard second == text else { fatalError("not the same the second time") }
    // The writer's output is valid UTF-8.
    guard String(validating: text, as: UTF8.self) != nil else { fatalError("wrote invalid UTF-8") }

    var source = ByteBuffer()
    source.append(text)
    var packed = ByteBuffer()
    do {
        _ = try JSONTranscoder.transcode(source, at: 0, to: &packed)
        let end = try packed.skipMessagePack(at: 0, end: packed.count)
        guard end == packed.count else { fatalError("wrote more than one item") }
    } catch {
        if case .tooDeep = error as? JSONError { return 0 }
        if case .tooDeep = error as? MessagePackError { return 0 }
        fatalError("cannot transcode what was read: \(error)")
    }
    return 0
}

private func rewritten(_ input: [UInt8]) -> [UInt8]? {
    var storage = ByteBuffer()
    let place = storage.append(copyOf: input)
    var rows = Rows()
    guard (try? rows.appendFields(json: place, &storage)) != nil else { return nil }
    let record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
    var out = ByteBuffer()
    out.appendJSONObject(record, rows, storage)
    for text in ["$.a[1].b", "a", "$['']"] {
        if let accessor = try? RecordAccessor(text) { _ = rows.value(at: accessor, in: record, storage) }
    }
    // Keys that differ only in invalid bytes become equal here: what is read again is the fixed point.
    var again = ByteBuffer()
    again.append(out)
    var reread = Rows()
    guard (try? reread.appendFields(json: Slice(offset: 0, length: again.count), &again)) != nil else {
        return out.array()
    }
    var fixed = ByteBuffer()
    fixed.appendJSONObject(
        Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: reread.fields.count), reread, again)
    return fixed.array()
}

/// The framer finds the same end in one piece and in two, and never one before the grammar's.
private func frame(_ input: [UInt8]) {
    var buffer = ByteBuffer()
    buffer.append(input)
    var whole = JSONFramer(at: 0)
    let end = whole.advance(buffer, end: buffer.count)
    var cut = JSONFramer(at: 0)
    let first = cut.advance(buffer, end: buffer.count / 2)
    let second = first ?? cut.advance(buffer, end: buffer.count)
    guard end == second else { fatalError("another end in two pieces") }
    guard let start = input.first, start == 0x7B || start == 0x5B else { return }
    if let scanned = try? JSONTranscoder.valueEnd(buffer, from: 0), scanned != end {
        fatalError("the framer ends at \(String(describing: end)), the scanner at \(scanned)")
    }
}
