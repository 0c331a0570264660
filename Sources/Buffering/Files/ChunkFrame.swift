internal import Events

/// One batch's events in a chunk file, or its end: header and payload (`FORMAT.md`, layout).
enum ChunkFrame {
    static let headerBytes = 20
    private static let batchMark: UInt32 = 0x3162_4C53  // "SLb1"
    static let endMark: UInt32 = 0x3165_4C53  // "SLe1"
    private static let itemBytes = 24

    struct Header: Equatable {
        var isEnd: Bool
        var itemCount: Int
        var payloadBytes: Int
        var checksum: UInt32

        var frameBytes: Int { headerBytes + payloadBytes }
    }

    // MARK: - Writing

    /// Everything of a batch's frame but the bytes of its events, which follow as they are.
    static func appendHead(of body: borrowing ChunkBody, to out: inout ByteBuffer) {
        let start = out.count
        appendHeaderRoom(to: &out)
        out.append(littleEndian: UInt32(body.labels.count))
        out.append(littleEndian: UInt32(body.tags.count))
        for label in body.labels { out.append(text: label) }
        for tag in body.tags {
            out.append(tag.wasRefused ? 1 : 0)
            out.append(text: tag.bytes)
        }
        appendItems(body.items, to: &out)
        var crc = CRC32C()
        crc.add(Slice(offset: start + headerBytes, length: out.count - start - headerBytes), of: out)
        crc.add(Slice(offset: 0, length: body.bytes.count), of: body.bytes)
        let payload = out.count - start - headerBytes + body.bytes.count
        setHeader(at: start, batchMark, items: body.items.count, payload: payload, crc.value, &out)
    }

    private static func appendItems(_ items: borrowing ItemTable, to out: inout ByteBuffer) {
        unsafe out.appendUnsafe(room: items.count * itemBytes) { room in
            var place = UnsafeMutableRawPointer(room)
            for number in items.indices {
                let item = items[number]
                unsafe place.storeBytes(of: item.source.length.littleEndian, as: UInt32.self)
                unsafe place.storeBytes(of: item.label.littleEndian, toByteOffset: 4, as: UInt32.self)
                unsafe place.storeBytes(of: item.tag.littleEndian, toByteOffset: 8, as: UInt32.self)
                unsafe place.storeBytes(of: item.time.nanoseconds.littleEndian, toByteOffset: 12, as: UInt32.self)
                unsafe place.storeBytes(of: item.time.seconds.littleEndian, toByteOffset: 16, as: Int64.self)
                unsafe place += itemBytes
            }
            return items.count * itemBytes
        }
    }

    static func appendEnd(_ end: ChunkEnd, to out: inout ByteBuffer) {
        let start = out.count
        appendHeaderRoom(to: &out)
        out.append(littleEndian: UInt64(end.byteCount))
        out.append(littleEndian: UInt32(end.itemCount))
        out.append(littleEndian: UInt32(end.windows.count))
        for window in end.windows {
            out.append(littleEndian: UInt64(window.offset))
            out.append(littleEndian: UInt32(window.firstItem))
        }
        let payload = out.count - start - headerBytes + 8
        out.append(littleEndian: UInt32(payload))
        out.append(littleEndian: endMark)
        let checksum = CRC32C.of(Slice(offset: start + headerBytes, length: payload), out)
        setHeader(at: start, endMark, items: 0, payload: payload, checksum, &out)
    }

    private static func appendHeaderRoom(to out: inout ByteBuffer) {
        for _ in 0..<5 { out.append(littleEndian: UInt32(0)) }
    }

    private static func setHeader(
        at start: Int, _ mark: UInt32, items: Int, payload: Int, _ checksum: UInt32, _ out: inout ByteBuffer
    ) {
        var place = start
        func set(_ value: UInt32, _ out: inout ByteBuffer) {
            for shift in 0..<4 { out[place + shift] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(shift))) }
            place += 4
        }
        for value in [mark, UInt32(items), UInt32(payload), checksum] { set(value, &out) }
        set(CRC32C.of(Slice(offset: start, length: headerBytes - 4), out), &out)
    }

    // MARK: - Reading

    /// nil: no header stands there, whole and as it was written.
    static func header(at offset: Int, _ buffer: borrowing ByteBuffer) -> Header? {
        guard buffer.count - offset >= headerBytes else { return nil }
        let mark: UInt32 = buffer.littleEndian(at: offset)
        guard mark == batchMark || mark == endMark,
            buffer.littleEndian(at: offset + 16) == CRC32C.of(Slice(offset: offset, length: headerBytes - 4), buffer)
        else { return nil }
        let items: UInt32 = buffer.littleEndian(at: offset + 4)
        let payload: UInt32 = buffer.littleEndian(at: offset + 8)
        return Header(
            isEnd: mark == endMark, itemCount: Int(items), payloadBytes: Int(payload),
            checksum: buffer.littleEndian(at: offset + 12))
    }

    /// Whether the payload behind the header at `offset` is there and what was written.
    static func isWhole(_ header: Header, at offset: Int, _ buffer: borrowing ByteBuffer) -> Bool {
        let payload = offset + headerBytes
        return buffer.count - payload >= header.payloadBytes
            && CRC32C.of(Slice(offset: payload, length: header.payloadBytes), buffer) == header.checksum
    }

    /// Enters the events of a batch's frame, whose bytes stay where they are in the body. False when the payload is not
    /// what a writer makes: then nothing is entered.
    static func enter(
        _ header: Header, at offset: Int, into body: inout ChunkBody, tags known: inout [[UInt8]: Tag]
    ) -> Bool {
        let end = offset + header.frameBytes
        var cursor = BinaryCursor((offset + headerBytes)..<end)
        guard let labelCount: UInt32 = cursor.number(body.bytes), let tagCount: UInt32 = cursor.number(body.bytes),
            Int(labelCount) <= cursor.left, Int(tagCount) <= cursor.left
        else { return false }
        var labels: [UInt32] = []
        for _ in 0..<labelCount {
            guard let label = cursor.text(body.bytes) else { return false }
            labels.append(body.label(label))
        }
        var tags: [UInt32] = []
        for _ in 0..<tagCount {
            guard let flags: UInt8 = cursor.number(body.bytes), let tag = cursor.text(body.bytes) else { return false }
            let name = tag + [flags & 1]
            let object = known[name] ?? Tag(tag, wasRefused: flags & 1 != 0)
            known[name] = object
            tags.append(body.tag(object))
        }
        let table = cursor.offset
        var place = table + header.itemCount * itemBytes
        guard place <= end else { return false }
        let before = body.items.count
        for number in 0..<header.itemCount {
            let item = table + number * itemBytes
            let length = Int(body.bytes.littleEndian(at: item, as: UInt32.self))
            let label = Int(body.bytes.littleEndian(at: item + 4, as: UInt32.self))
            let tag = Int(body.bytes.littleEndian(at: item + 8, as: UInt32.self))
            guard length <= end - place, tag < tags.count, label < labels.count || labels.isEmpty else {
                body.forgetItems(from: before)
                return false
            }
            let time = EventTime(
                seconds: body.bytes.littleEndian(at: item + 16), nanoseconds: body.bytes.littleEndian(at: item + 12))
            body.enter(
                ChunkItem(
                    source: Slice(offset: place, length: length), label: labels.isEmpty ? 0 : labels[label],
                    tag: tags[tag], time: time))
            place += length
        }
        return true
    }
}

/// What is known of a sealed chunk's file without reading its events.
struct ChunkEnd: Sendable, Equatable {
    /// A place to begin reading at.
    struct Window: Sendable, Equatable {
        var offset: Int
        var firstItem: Int
    }

    /// As `chunk_limit_size` counts.
    var byteCount = 0
    var itemCount = 0
    /// The first is the first frame's.
    var windows: [Window] = []

    /// Windows are about so large, in bytes of the file.
    static let windowBytes = 8 << 20

    /// A frame with so many items begins at `offset`.
    mutating func note(frameAt offset: Int, items: Int, byteCount bytes: Int) {
        if windows.last.map({ offset - $0.offset >= Self.windowBytes }) ?? true {
            windows.append(Window(offset: offset, firstItem: itemCount))
        }
        itemCount += items
        byteCount += bytes
    }

    /// From the payload of an end frame that begins at `offset`.
    init?(payloadAt offset: Int, count: Int, _ buffer: borrowing ByteBuffer) {
        var cursor = BinaryCursor(offset..<(offset + count))
        guard let bytes: UInt64 = cursor.number(buffer), let items: UInt32 = cursor.number(buffer),
            let windowCount: UInt32 = cursor.number(buffer), cursor.left == Int(windowCount) * 12 + 8
        else { return nil }
        (byteCount, itemCount) = (Int(clamping: bytes), Int(items))
        for _ in 0..<windowCount {
            guard let offset: UInt64 = cursor.number(buffer), let first: UInt32 = cursor.number(buffer) else {
                return nil
            }
            windows.append(Window(offset: Int(clamping: offset), firstItem: Int(first)))
        }
    }

    init() {}

    /// As the end of a file whose last frame of events ends at `offset`.
    func write(to file: DiskFile, at offset: Int) throws(ChunkStoreError) {
        var out = ByteBuffer(capacity: 256)
        ChunkFrame.appendEnd(self, to: &out)
        try file.write(out, at: offset)
    }
}
