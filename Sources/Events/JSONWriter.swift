internal import Glibc

/// Writing JSON: always valid, whatever the bytes are. Invalid UTF-8 becomes U+FFFD, one for each byte; NaN and
/// infinities become null. The form is that of Fluentd with the oj gem (golden data).
extension ByteBuffer {
    /// A record as an object.
    package mutating func appendJSONObject(_ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) {
        append(UInt8(ascii: "{"))
        var isFirst = true
        for index in record.fieldRange {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            let field = rows.fields[index]
            appendJSONString(field.key, storage)
            append(UInt8(ascii: ":"))
            appendJSON(field.value, storage)
        }
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

    /// Bytes as a JSON string with its quotes.
    package mutating func appendJSONString(_ slice: Slice, _ storage: borrowing ByteBuffer) {
        precondition(slice.end <= storage.count, "slice outside the buffer")
        let length = Int(slice.length)
        reserve(length &+ 10)
        unsafe base[count] = 0x22
        advance(by: 1)
        unsafe appendEscaped(
            storage.base + Int(slice.offset), length, readable: storage.count &- Int(slice.offset))
        append(0x22)
    }

    package mutating func appendJSONString(_ bytes: borrowing [UInt8]) {
        append(0x22)
        unsafe bytes.withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress { unsafe appendEscaped(start, buffer.count) }
        }
        append(0x22)
    }

    package mutating func appendJSONString(_ text: String) { appendJSONString(Array(text.utf8)) }

    /// The hot loop: eight bytes a step while they are printable ASCII without quote and backslash.
    ///
    /// `readable`: how many bytes may be read from `source` on, at least `length`. Where a whole word may be read, the last
    /// one to seven bytes cost one step as well.
    /// Room for what is left and a word more is kept at every step, so the eight-byte store always stays inside.
    mutating func appendEscaped(_ source: UnsafePointer<UInt8>, _ length: Int, readable: Int) {
        reserve(length &+ 8)
        var from = 0
        while from < length {
            var target = unsafe base + count
            while from &+ 8 <= length {
                let word = unsafe UnsafeRawPointer(source + from).loadUnaligned(as: UInt64.self)
                let special = Self.specialBytes(word)
                unsafe UnsafeMutableRawPointer(target).storeBytes(of: word, as: UInt64.self)
                if special != 0 {
                    let clean = special.littleEndian.trailingZeroBitCount >> 3
                    from &+= clean
                    advance(by: clean)
                    unsafe target += clean
                    break
                }
                from &+= 8
                advance(by: 8)
                unsafe target += 8
            }
            let left = length &- from
            if left > 0 && left < 8 && from &+ 8 <= readable {
                let word = unsafe UnsafeRawPointer(source + from).loadUnaligned(as: UInt64.self)
                // Only the bytes of the text count; those behind it are stored and overwritten by what comes next.
                let special = Self.specialBytes(word).littleEndian & (1 << UInt64(left &* 8) &- 1)
                let clean = special == 0 ? left : special.trailingZeroBitCount >> 3
                unsafe UnsafeMutableRawPointer(target).storeBytes(of: word, as: UInt64.self)
                from &+= clean
                advance(by: clean)
            } else {
                while from < length {
                    let byte = unsafe source[from]
                    if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { break }
                    unsafe target.pointee = byte
                    unsafe target += 1
                    from &+= 1
                    advance(by: 1)
                }
            }
            if from < length {
                unsafe from = appendSpecial(source, from, length)
                reserve(length &- from &+ 8)
            }
        }
    }

    mutating func appendEscaped(_ source: UnsafePointer<UInt8>, _ length: Int) {
        unsafe appendEscaped(source, length, readable: length)
    }

    /// A high bit for each byte ≥ 0x80, below 0x20, quote or backslash (exact up to the lowest hit).
    @inline(__always)
    private static func specialBytes(_ word: UInt64) -> UInt64 {
        let quotes = word ^ 0x2222_2222_2222_2222
        let slashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
        let ones: UInt64 = 0x0101_0101_0101_0101
        return
            (word | (word &- 0x2020_2020_2020_2020) & ~word | (quotes &- ones) & ~quotes
            | (slashes &- ones) & ~slashes) & 0x8080_8080_8080_8080
    }

    /// One byte or sequence that cannot be copied blindly; answers the offset after it.
    private mutating func appendSpecial(_ source: UnsafePointer<UInt8>, _ offset: Int, _ length: Int) -> Int {
        let byte = unsafe source[offset]
        if byte < 0x80 {
            appendEscape(byte)
            return offset &+ 1
        }
        let size = unsafe UTF8Scan.sequenceLength(source, offset, length)
        if size == 0 {
            append("\u{FFFD}")
            return offset &+ 1
        }
        for index in 0..<size { unsafe append(source[offset &+ index]) }
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
            while offset < end, unsafe source[offset] != 0x5C { offset &+= 1 }
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
