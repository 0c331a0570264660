/// Writing MessagePack: what goes back to clients, and what `sluice send` and record transformations make.
extension ByteBuffer {
    package mutating func appendMessagePack(arrayCount count: Int) { appendHeader(0x90, 15, 0xDC, count) }
    package mutating func appendMessagePack(mapCount count: Int) { appendHeader(0x80, 15, 0xDE, count) }

    package mutating func appendMessagePackString(_ text: String) { appendMessagePackString(Array(text.utf8)) }

    package mutating func appendMessagePackString(_ bytes: [UInt8]) {
        appendMessagePack(stringHeader: bytes.count)
        append(bytes)
    }

    /// The header of a str; its bytes follow.
    package mutating func appendMessagePack(stringHeader length: Int) {
        if length < 32 {
            append(0xA0 | UInt8(length))
        } else if length < 256 {
            append(0xD9)
            append(UInt8(length))
        } else {
            appendSized(0xDA, length)
        }
    }

    package mutating func appendMessagePackBinary(_ bytes: [UInt8]) {
        if bytes.count < 256 {
            append(0xC4)
            append(UInt8(bytes.count))
        } else {
            appendSized(0xC5, bytes.count)
        }
        append(bytes)
    }

    package mutating func appendMessagePack(_ value: Bool) { append(value ? 0xC3 : 0xC2) }
    package mutating func appendMessagePackNil() { append(0xC0) }

    package mutating func appendMessagePack(_ value: Int64) {
        if value >= 0 {
            appendMessagePack(UInt64(value))
        } else if value >= -32 {
            append(UInt8(truncatingIfNeeded: value))
        } else if value >= -0x80 {
            append(0xD0)
            append(UInt8(truncatingIfNeeded: value))
        } else if value >= -0x8000 {
            append(0xD1)
            appendBigEndian(UInt64(bitPattern: value), bytes: 2)
        } else if value >= -0x8000_0000 {
            append(0xD2)
            appendBigEndian(UInt64(bitPattern: value), bytes: 4)
        } else {
            append(0xD3)
            appendBigEndian(UInt64(bitPattern: value), bytes: 8)
        }
    }

    package mutating func appendMessagePack(_ value: UInt64) {
        switch value {
        case 0..<0x80: append(UInt8(value))
        case 0x80..<0x100:
            append(0xCC)
            append(UInt8(value))
        case 0x100..<0x1_0000:
            append(0xCD)
            appendBigEndian(value, bytes: 2)
        case 0x1_0000..<0x1_0000_0000:
            append(0xCE)
            appendBigEndian(value, bytes: 4)
        default:
            append(0xCF)
            appendBigEndian(value, bytes: 8)
        }
    }

    package mutating func appendMessagePack(_ value: Double) {
        append(0xCB)
        appendBigEndian(value.bitPattern, bytes: 8)
    }

    /// EventTime, fixext 8 of type 0 (forward protocol v1). A time outside its 32 bits of seconds (1970 to 2106) is
    /// written as whole seconds, which is the protocol's other form of a time.
    package mutating func appendMessagePack(_ time: EventTime) {
        guard UInt32(exactly: time.seconds) != nil else {
            appendMessagePack(time.seconds)
            return
        }
        append(0xD7)
        append(0x00)
        appendBigEndian(UInt64(truncatingIfNeeded: time.seconds), bytes: 4)
        appendBigEndian(UInt64(time.nanoseconds), bytes: 4)
    }

    private mutating func appendHeader(_ fix: UInt8, _ fixLimit: Int, _ sixteen: UInt8, _ count: Int) {
        if count <= fixLimit { append(fix | UInt8(count)) } else { appendSized(sixteen, count) }
    }

    /// A 16-bit size after `sixteen`, or a 32-bit size after the code that follows it.
    private mutating func appendSized(_ sixteen: UInt8, _ size: Int) {
        if size < 0x1_0000 {
            append(sixteen)
            appendBigEndian(UInt64(size), bytes: 2)
        } else {
            append(sixteen + 1)
            appendBigEndian(UInt64(size), bytes: 4)
        }
    }

    private mutating func appendBigEndian(_ value: UInt64, bytes: Int) {
        for index in (0..<bytes).reversed() { append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }
}
