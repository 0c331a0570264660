package import Events

/// A record kept beside what a formatter made of it, because the formatted form does not say all of it.
///
/// One MessagePack map (https://github.com/msgpack/msgpack/blob/master/spec.md) with the record's keys, behind its length
/// in four bytes, big-endian. Strings are str with their own bytes, whether they are UTF-8 or not. What came as JSON text
/// (numbers beyond 64 bits, escaped strings, nested data) stays that text, in a bin: records have no other bins at their
/// top level, so the two cannot be confused.
package enum KeptRecord {
    static let lengthBytes = 4

    package static func append(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        let start = out.count
        for _ in 0..<lengthBytes { out.append(0) }
        out.appendMessagePack(mapCount: Int(record.fieldCount))
        for index in record.fieldRange {
            let field = rows.fields[index]
            out.appendMessagePack(stringHeader: Int(field.key.length))
            out.append(field.key, of: storage)
            append(field.value, storage, to: &out)
        }
        setBigEndian(out.count - start - lengthBytes, at: start, of: &out)
    }

    /// Where the record that begins at `offset` is, without its length; nil when that does not lie before `end`.
    package static func slice(at offset: Int, before end: Int, _ bytes: borrowing ByteBuffer) -> Slice? {
        guard end - offset >= lengthBytes else { return nil }
        var length = 0
        for index in 0..<lengthBytes { length = length << 8 | Int(bytes[offset + index]) }
        guard length <= end - offset - lengthBytes else { return nil }
        return Slice(offset: offset + lengthBytes, length: length)
    }

    /// Appends the fields of a record whose bytes are in `storage`; false when they are none, and then nothing is appended.
    package static func appendFields(_ record: Slice, _ storage: borrowing ByteBuffer, to rows: inout Rows) -> Bool {
        let first = rows.fields.count
        do throws(MessagePackError) {
            var offset = Int(record.offset)
            let map = try storage.messagePackItem(at: offset, end: record.end)
            guard map.kind == .map else { return false }
            offset = map.body
            for _ in 0..<map.length {
                let key = try storage.messagePackItem(at: offset, end: record.end)
                let start = key.body + key.bodyLength
                let end = try storage.skipMessagePack(at: start, end: record.end)
                let value = value(
                    try storage.messagePackItem(at: start, end: record.end), from: start, to: end, storage)
                rows.fields.append(Field(key: Slice(offset: key.body, length: key.length), value: value))
                offset = end
            }
            return true
        } catch {
            rows.fields.truncate(to: first)
            return false
        }
    }

    /// Appends a record as MessagePack alone, for receivers that know nothing of text in a bin. Integers beyond 64 bits
    /// become floats, because MessagePack has none. `scratch` is memory for one value.
    package static func appendMessagePack(
        _ record: Slice, _ bytes: borrowing ByteBuffer, to out: inout ByteBuffer, _ scratch: inout ByteBuffer
    ) {
        let mark = out.count
        do throws(MessagePackError) {
            let map = try bytes.messagePackItem(at: Int(record.offset), end: record.end)
            guard map.kind == .map else { return out.appendMessagePack(mapCount: 0) }
            out.appendMessagePack(mapCount: map.length)
            var offset = map.body
            for _ in 0..<map.length {
                let key = try bytes.messagePackItem(at: offset, end: record.end)
                let start = key.body + key.bodyLength
                let end = try bytes.skipMessagePack(at: start, end: record.end)
                let item = try bytes.messagePackItem(at: start, end: record.end)
                out.append(Slice(offset: offset, length: start - offset), of: bytes)
                if item.kind == .binary {
                    scratch.clear()
                    scratch.append(Slice(offset: item.body, length: item.length), of: bytes)
                    // It was valid when it was read.
                    if (try? JSONTranscoder.transcode(scratch, at: 0, to: &out)) == nil { out.appendMessagePackNil() }
                } else {
                    out.append(Slice(offset: start, length: end - start), of: bytes)
                }
                offset = end
            }
        } catch {
            // What was written cannot be read: a fault of the writer's.
            out.truncate(to: mark)
            out.appendMessagePack(mapCount: 0)
        }
    }

    // MARK: - Values

    private static func append(_ value: Value, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer) {
        switch value.kind {
        case .null: out.appendMessagePackNil()
        case .false: out.appendMessagePack(false)
        case .true: out.appendMessagePack(true)
        case .int: out.appendMessagePack(value.intValue)
        case .uint: out.appendMessagePack(value.payload)
        case .double: out.appendMessagePack(value.doubleValue)
        case .string:
            out.appendMessagePack(stringHeader: Int(value.length))
            out.append(value.slice, of: storage)
        case .msgpack: out.append(value.slice, of: storage)
        case .number, .json:
            beginBinary(Int(value.length), &out)
            out.append(value.slice, of: storage)
        case .jsonString:
            beginBinary(Int(value.length) + 2, &out)
            out.append(0x22)
            out.append(value.slice, of: storage)
            out.append(0x22)
        }
    }

    private static func value(
        _ item: MessagePackItem, from start: Int, to end: Int, _ storage: borrowing ByteBuffer
    ) -> Value {
        guard item.kind == .binary else { return storage.messagePackValue(item, at: start, length: end - start) }
        let text = Slice(offset: item.body, length: item.length)
        guard item.length > 0 else { return .null }
        switch storage[item.body] {
        case UInt8(ascii: "{"), UInt8(ascii: "["): return Value(.json, text)
        case 0x22: return Value(.jsonString, Slice(offset: item.body + 1, length: item.length - 2))
        default: return Value(.number, text)
        }
    }

    /// A bin 32 header.
    private static func beginBinary(_ length: Int, _ out: inout ByteBuffer) {
        out.append(0xC6)
        let start = out.count
        for _ in 0..<lengthBytes { out.append(0) }
        setBigEndian(length, at: start, of: &out)
    }

    private static func setBigEndian(_ value: Int, at offset: Int, of out: inout ByteBuffer) {
        for index in 0..<lengthBytes { out[offset + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * index)) }
    }
}
