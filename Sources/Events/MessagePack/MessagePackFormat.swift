/// MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md): what a first byte says about its item.
///
/// One place knows the table: the reader, the framer and the JSON writer all ask here.
@usableFromInline package enum MessagePackError: Error, Equatable, Sendable {
    /// The input ends before the item does. `missing` is how many more bytes are needed at least.
    case truncated(missing: Int)
    /// No MessagePack: 0xC1, the one byte that begins nothing.
    case malformed(offset: Int, byte: UInt8)
    case tooDeep(limit: Int)
    /// Well-formed, but not what the protocol has at this place.
    case unexpected(offset: Int, byte: UInt8)
}

/// An item's header: what it is and where its body starts.
@usableFromInline package struct MessagePackItem: BitwiseCopyable, Sendable {
    @usableFromInline package enum Kind: UInt8, BitwiseCopyable, Sendable {
        case null, `false`, `true`, int, uint, double, string, binary, array, map, ext

        // The one the compiler makes is a call from every other module.
        @inlinable package static func == (a: Kind, b: Kind) -> Bool { a.number == b.number }
        /// Safe: the enum has no payload and one byte, by its raw type.
        @inlinable var number: UInt8 { unsafe unsafeBitCast(self, to: UInt8.self) }
    }
    @usableFromInline package var kind: Kind
    /// For ext: its type.
    @usableFromInline package var extType: Int8 = 0
    /// Bytes of a string, binary or ext; items of an array; pairs of a map.
    @usableFromInline package var length: Int = 0
    /// The number's bits.
    @usableFromInline package var bits: UInt64 = 0
    /// Where the body starts: for scalars and containers the offset after the header.
    @usableFromInline package var body: Int
}

enum MessagePackFormat {
    @inline(__always)
    static func read16(_ p: UnsafePointer<UInt8>) -> Int {
        unsafe Int(UInt16(bigEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt16.self)))
    }
    @inline(__always)
    static func read32(_ p: UnsafePointer<UInt8>) -> UInt32 {
        unsafe UInt32(bigEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt32.self))
    }
    @inline(__always)
    static func read64(_ p: UnsafePointer<UInt8>) -> UInt64 {
        unsafe UInt64(bigEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self))
    }

    /// Reads the header at `offset`. One length check per header; a string's body must be inside too.
    @inline(__always)
    static func header(
        _ base: UnsafePointer<UInt8>, _ offset: Int, _ end: Int
    ) throws(MessagePackError) -> MessagePackItem {
        if offset >= end { throw .truncated(missing: 1) }
        let byte = unsafe base[offset]
        if byte & 0xE0 == 0xA0 {  // fixstr, by far the most frequent
            return try body(.string, Int(byte & 0x1F), offset &+ 1, end)
        }
        if byte < 0x80 { return MessagePackItem(kind: .int, bits: UInt64(byte), body: offset &+ 1) }
        if byte >= 0xE0 {
            return MessagePackItem(
                kind: .int, bits: UInt64(bitPattern: Int64(Int8(bitPattern: byte))), body: offset &+ 1)
        }
        if byte < 0x90 { return MessagePackItem(kind: .map, length: Int(byte & 0x0F), body: offset &+ 1) }
        if byte < 0xA0 { return MessagePackItem(kind: .array, length: Int(byte & 0x0F), body: offset &+ 1) }
        return unsafe try longHeader(base, byte, offset, end)
    }

    @inline(__always)
    private static func body(
        _ kind: MessagePackItem.Kind, _ length: Int, _ start: Int, _ end: Int
    ) throws(MessagePackError) -> MessagePackItem {
        let left = end &- start
        if left < length { throw .truncated(missing: length &- left) }
        return MessagePackItem(kind: kind, length: length, body: start)
    }

    /// Header sizes after the first byte for 0xC0 … 0xDF; 0xC1 is not used.
    private static func longHeader(
        _ base: UnsafePointer<UInt8>, _ byte: UInt8, _ offset: Int, _ end: Int
    ) throws(MessagePackError) -> MessagePackItem {
        let start = offset &+ 1
        func need(_ size: Int) throws(MessagePackError) {
            if end &- start < size { throw .truncated(missing: size &- (end &- start)) }
        }
        switch byte {
        case 0xC0: return MessagePackItem(kind: .null, body: start)
        case 0xC2: return MessagePackItem(kind: .false, body: start)
        case 0xC3: return MessagePackItem(kind: .true, body: start)
        case 0xD9, 0xC4:
            try need(1)
            return try unsafe body(byte == 0xD9 ? .string : .binary, Int(base[start]), start &+ 1, end)
        case 0xDA, 0xC5:
            try need(2)
            return try unsafe body(byte == 0xDA ? .string : .binary, read16(base + start), start &+ 2, end)
        case 0xDB, 0xC6:
            try need(4)
            return try unsafe body(byte == 0xDB ? .string : .binary, Int(read32(base + start)), start &+ 4, end)
        case 0xC7, 0xC8, 0xC9:
            let size = byte == 0xC7 ? 1 : byte == 0xC8 ? 2 : 4
            try need(size &+ 1)
            let length =
                unsafe size == 1 ? Int(base[start]) : size == 2 ? read16(base + start) : Int(read32(base + start))
            var item = try body(.ext, length, start &+ size &+ 1, end)
            item.extType = unsafe Int8(bitPattern: base[start &+ size])
            return item
        case 0xD4...0xD8:
            try need(1)
            var item = try body(.ext, 1 << Int(byte - 0xD4), start &+ 1, end)
            item.extType = unsafe Int8(bitPattern: base[start])
            return item
        case 0xCA:
            try need(4)
            let value = unsafe Double(Float(bitPattern: read32(base + start)))
            return MessagePackItem(kind: .double, bits: value.bitPattern, body: start &+ 4)
        case 0xCB:
            try need(8)
            return unsafe MessagePackItem(kind: .double, bits: read64(base + start), body: start &+ 8)
        case 0xCC:
            try need(1)
            return unsafe MessagePackItem(kind: .int, bits: UInt64(base[start]), body: start &+ 1)
        case 0xCD:
            try need(2)
            return unsafe MessagePackItem(kind: .int, bits: UInt64(read16(base + start)), body: start &+ 2)
        case 0xCE:
            try need(4)
            return unsafe MessagePackItem(kind: .int, bits: UInt64(read32(base + start)), body: start &+ 4)
        case 0xCF:
            try need(8)
            let bits = unsafe read64(base + start)
            return MessagePackItem(kind: bits > UInt64(Int64.max) ? .uint : .int, bits: bits, body: start &+ 8)
        case 0xD0:
            try need(1)
            return unsafe MessagePackItem(
                kind: .int, bits: UInt64(bitPattern: Int64(Int8(bitPattern: base[start]))), body: start &+ 1)
        case 0xD1:
            try need(2)
            let value = unsafe Int16(truncatingIfNeeded: read16(base + start))
            return MessagePackItem(kind: .int, bits: UInt64(bitPattern: Int64(value)), body: start &+ 2)
        case 0xD2:
            try need(4)
            let value = unsafe Int32(bitPattern: read32(base + start))
            return MessagePackItem(kind: .int, bits: UInt64(bitPattern: Int64(value)), body: start &+ 4)
        case 0xD3:
            try need(8)
            return unsafe MessagePackItem(kind: .int, bits: read64(base + start), body: start &+ 8)
        case 0xDC:
            try need(2)
            return unsafe MessagePackItem(kind: .array, length: read16(base + start), body: start &+ 2)
        case 0xDD:
            try need(4)
            return unsafe MessagePackItem(kind: .array, length: Int(read32(base + start)), body: start &+ 4)
        case 0xDE:
            try need(2)
            return unsafe MessagePackItem(kind: .map, length: read16(base + start), body: start &+ 2)
        case 0xDF:
            try need(4)
            return unsafe MessagePackItem(kind: .map, length: Int(read32(base + start)), body: start &+ 4)
        default: throw .malformed(offset: offset, byte: byte)
        }
    }
}

extension MessagePackItem {
    /// Bytes that follow the header before the next item: the body of strings, binaries and extensions.
    @inlinable package var bodyLength: Int {
        switch kind {
        case .string, .binary, .ext: length
        default: 0
        }
    }
    /// Items that follow inside: pairs count twice.
    @inlinable package var children: Int {
        switch kind {
        case .array: length
        case .map: length &* 2
        default: 0
        }
    }
    @inlinable package var doubleValue: Double { Double(bitPattern: bits) }
    @inlinable package var intValue: Int64 { Int64(bitPattern: bits) }
}
