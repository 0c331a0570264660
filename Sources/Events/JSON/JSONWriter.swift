internal import Glibc

/// Writing JSON: always valid, whatever the bytes are. Invalid UTF-8 becomes U+FFFD, one for each byte; NaN and
/// infinities become null. The form is that of Fluentd with the oj gem (golden data).
extension ByteBuffer {
    /// A record as an object.
    package mutating func appendJSONObject(_ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) {
        var opener = UInt8(ascii: "{")
        for index in record.fieldRange {
            appendJSONMember(opener, rows.fields[index], storage)
            opener = UInt8(ascii: ",")
        }
        if record.fieldCount == 0 { append(opener) }
        append(UInt8(ascii: "}"))
    }

    package mutating func appendJSON(_ value: Value, _ storage: borrowing ByteBuffer) {
        switch value.kind {
        case .string: appendJSONString(value.slice, storage)
        case .int: appendDecimal(value.intValue)
        case .null: append("null")
        case .false: append("false")
        case .true: append("true")
        case .uint: appendDecimal(value.payload)
        case .double: appendJSON(value.doubleValue)
        case .jsonString:
            append(0x22)
            appendEscaped(json: value.slice, storage)
            append(0x22)
        case .number: appendJSON(number: value.slice, storage)
        case .json: appendJSON(text: value.slice, storage)
        case .msgpack: appendJSON(messagePackAt: Int(value.slice.offset), storage)
        }
    }

    /// A field as a member of an object: `opener` (the brace or the comma before it), key, colon, value.
    package mutating func appendJSONMember(_ opener: UInt8, _ field: Field, _ storage: borrowing ByteBuffer) {
        let key = field.key
        precondition(key.end <= storage.count, "slice outside the buffer")
        let length = Int(key.length)
        reserve(length &+ 4)
        let target = unsafe base + count
        unsafe target[0] = opener
        unsafe target[1] = 0x22
        let source = unsafe UnsafePointer(storage.base + Int(key.offset))
        let plain = unsafe TextKernels.copyPlain(source, length, to: target + 2)
        if plain == length {
            unsafe target[length &+ 2] = 0x22
            unsafe target[length &+ 3] = UInt8(ascii: ":")
            count &+= length &+ 4
        } else {
            count &+= plain &+ 2
            unsafe appendEscaped(source + plain, length &- plain)
            append("\":")
        }
        if field.value.kind == .string {
            appendJSONString(field.value.slice, storage)
        } else {
            appendJSON(field.value, storage)
        }
    }

    /// Bytes as a JSON string with its quotes.
    package mutating func appendJSONString(_ slice: Slice, _ storage: borrowing ByteBuffer) {
        precondition(slice.end <= storage.count, "slice outside the buffer")
        let length = Int(slice.length)
        reserve(length &+ 2)
        let target = unsafe base + count
        unsafe target[0] = 0x22
        let source = unsafe UnsafePointer(storage.base + Int(slice.offset))
        let plain = unsafe TextKernels.copyPlain(source, length, to: target + 1)
        if plain == length {
            unsafe target[length &+ 1] = 0x22
            count &+= length &+ 2
        } else {
            count &+= plain &+ 1
            unsafe appendEscaped(source + plain, length &- plain)
            append(0x22)
        }
    }

    package mutating func appendJSONString(_ bytes: borrowing [UInt8]) {
        // An array has no slack behind its end, which the kernels want.
        var text = ByteBuffer(capacity: bytes.count)
        text.append(bytes)
        appendJSONString(Slice(offset: 0, length: bytes.count), text)
    }

    package mutating func appendJSONString(_ text: String) { appendJSONString(Array(text.utf8)) }

    /// Writes the inside of a JSON string. `source` must lie in a `ByteBuffer` (see `TextKernels`), but not in this one.
    @inline(never)
    mutating func appendEscaped(_ source: UnsafePointer<UInt8>, _ length: Int) {
        var from = 0
        while from < length {
            reserve(length &- from &+ TextKernels.escapeRoomBytes)
            let (read, written) = unsafe TextKernels.copyEscaping(
                source + from, length &- from, to: base + count, room: capacity &- count)
            from &+= read
            count &+= written
            // What it leaves: control characters, and text that is not ASCII, of which more follows as a rule.
            while from < length, unsafe source[from] &- 0x20 >= 0x60 {
                unsafe from = appendSpecial(source, from, length)
            }
        }
    }

    /// One byte or sequence that cannot be copied blindly; answers the offset after it.
    @inline(__always)
    private mutating func appendSpecial(_ source: UnsafePointer<UInt8>, _ offset: Int, _ length: Int) -> Int {
        let byte = unsafe source[offset]
        if byte < 0x80 {
            appendEscape(byte)
            return offset &+ 1
        }
        let size = unsafe UTF8Scan.sequenceLength(source, offset, length)
        if size == 0 {
            append("\u{FFFD}")
            lossCount &+= 1
            return offset &+ 1
        }
        // Four bytes, whatever the sequence has: both sides have slack.
        reserve(4)
        let word = unsafe UnsafeRawPointer(source + offset).loadUnaligned(as: UInt32.self)
        unsafe UnsafeMutableRawPointer(base + count).storeBytes(of: word, as: UInt32.self)
        count &+= size
        return offset &+ size
    }

    private mutating func appendEscape(_ byte: UInt8) {
        switch byte {
        case 0x22: append("\\\"")
        case 0x5C: append("\\\\")
        case 0x08: append("\\b")
        case 0x0C: append("\\f")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        default:
            append("\\u00")
            append(Self.hexDigit(byte >> 4))
            append(Self.hexDigit(byte & 15))
        }
    }

    static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    /// The inside of a JSON string, escapes decoded and written again in our form.
    mutating func appendEscaped(json text: Slice, _ storage: borrowing ByteBuffer) {
        precondition(text.end <= storage.count, "slice outside the buffer")
        let source = unsafe UnsafePointer(storage.base)
        let end = text.end
        var offset = Int(text.offset)
        while offset < end {
            let plain = offset
            unsafe offset &+= TextKernels.backslashOffset(source + offset, end &- offset)
            unsafe appendEscaped(source + plain, offset &- plain)
            if offset < end {
                let (scalar, next) = unsafe JSONEscape.decode(source, offset, end)
                if scalar == 0x22 || scalar == 0x5C || scalar < 0x20 {
                    appendEscape(UInt8(scalar))
                } else {
                    appendUTF8(scalar)
                }
                offset = next
            }
        }
    }
}
