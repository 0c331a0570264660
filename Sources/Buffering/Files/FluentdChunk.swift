internal import Compression
internal import Events

/// A chunk that Fluentd's own file buffer has left, still in its file and in its form (`buf_file.rb`): MessagePack
/// `[time, record]` one after another, or gzip members of that, and beside it `.meta` with its tag. It is formatted each
/// time it is sent, and its files go when all of it is delivered.
struct FluentdChunkContents: ChunkContents {
    private let path: String
    private let id: String
    private let tag: Tag
    private let makeFormatter: @Sendable () -> any ChunkFormatter
    let itemCount: Int
    let byteCount: Int
    private let done: DoneItems
    private let fileEnd: ChunkFileEnd
    private let doneBefore: ItemSet
    /// Something stands behind its last whole event.
    private let isTorn: Bool

    static let metaEnding = ".meta"

    /// Reads all of it once, to know how many events there are.
    init(path: String, id: String, makeFormatter: @escaping @Sendable () -> any ChunkFormatter) throws(ChunkStoreError)
    {
        self.path = path
        self.id = id
        self.makeFormatter = makeFormatter
        tag = Tag(try Self.tag(inMeta: path + Self.metaEnding))
        let events = try Self.events(of: path)
        var place = 0
        var count = 0
        while let next = Self.entry(at: place, events)?.end { (place, count) = (next, count + 1) }
        guard count > 0 else { throw ChunkStoreError("\(path) holds nothing that Fluentd writes") }
        itemCount = count
        byteCount = events.count
        isTorn = place < events.count
        fileEnd = ChunkFileEnd(of: path)
        done = DoneItems(chunkFile: path)
        doneBefore = done.read()
    }

    var heldBytes: Int { byteCount }
    var isOnDisk: Bool { true }
    var parts: [ItemSet] { [ItemSet(0..<itemCount).subtracting(doneBefore)] }

    func load(_ items: ItemSet) throws(ChunkStoreError) -> LoadedChunk {
        var events = try Self.events(of: path)
        let formatter = makeFormatter()
        var body = ChunkBody(capacity: events.count + events.count / 4, itemCapacity: itemCount)
        var rows = Rows(fieldCapacity: 64)
        var unreadable = ItemSet()
        var place = 0
        let end = events.count
        for number in 0..<itemCount {
            guard let entry = Self.entry(at: place, events) else {
                throw ChunkStoreError("\(path) has changed while it was in use")
            }
            place = entry.end
            rows.clear()
            if (try? rows.appendFields(messagePack: entry.record, end: end, &events)) != nil {
                let record = Record(time: entry.time, firstField: 0, fieldCount: rows.fields.count)
                rows.records.append(record)
                formatter.format(record, tag: tag, storage: &events, rows: &rows, into: &body)
            }
            // What added to the storage is done with.
            events.truncate(to: end)
            if body.items.count == number {
                unreadable.append(number)
                body.enter(ChunkItem(source: .empty, label: 0, tag: 0, time: entry.time))
            }
        }
        return LoadedChunk(body, id: id, unreadable: unreadable)
    }

    func shrunk(to items: ItemSet) -> (any ChunkContents)? { nil }

    func makeSafe() -> Bool { true }
    func noteDone(_ items: ItemSet) { done.add(items) }

    func remove() {
        if isTorn { keepAside() }
        fileEnd.remove()
        try? DiskFile.remove(path + Self.metaEnding)
        done.remove()
    }

    func keepAside() { fileEnd.keepAside() }

    // MARK: - What stands in the files

    private static func events(of path: String) throws(ChunkStoreError) -> ByteBuffer {
        let bytes = try DiskFile(path, for: .read).readAll()
        guard bytes.count >= 2, bytes[0] == 0x1F, bytes[1] == 0x8B else { return bytes }
        var plain = ByteBuffer(capacity: bytes.count * 4)
        do throws(CompressionError) {
            try Gzip.decompress(
                Slice(offset: 0, length: bytes.count), of: bytes, into: &plain, limit: .init(bytes: 2 << 30))
        } catch {
            throw ChunkStoreError("\(path) cannot be unpacked: \(error)")
        }
        return plain
    }

    /// `[time, record]`; nil where there is none, or not all of one.
    private static func entry(
        at place: Int, _ events: borrowing ByteBuffer
    ) -> (time: EventTime, record: Int, end: Int)? {
        guard place < events.count, let entry = try? events.messagePackItem(at: place, end: events.count),
            entry.kind == .array, entry.length == 2,
            let time = try? events.messagePackItem(at: entry.body, end: events.count),
            let record = try? events.skipMessagePack(at: entry.body, end: events.count),
            let map = try? events.messagePackItem(at: record, end: events.count), map.kind == .map,
            let end = try? events.skipMessagePack(at: record, end: events.count)
        else { return nil }
        switch time.kind {
        case .int: return (EventTime(seconds: time.intValue), record, end)
        case .uint: return (EventTime(seconds: Int64(clamping: time.bits)), record, end)
        case .double: return (EventTime(time.doubleValue), record, end)
        case .ext: return events.eventTime(time).map { ($0, record, end) }
        default: return nil
        }
    }

    /// `c1 00`, four bytes of length, and a map; of older versions the map alone. The tag is nil unless it is a chunk key.
    private static func tag(inMeta path: String) throws(ChunkStoreError) -> [UInt8] {
        var bytes = try DiskFile(path, for: .read).readAll()
        let start = bytes.count > 6 && bytes[0] == 0xC1 && bytes[1] == 0 ? 6 : 0
        var rows = Rows(fieldCapacity: 16)
        guard (try? rows.appendFields(messagePack: start, end: bytes.count, &bytes)) != nil else {
            throw ChunkStoreError("\(path) cannot be read")
        }
        let meta = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
        guard let field = rows.find(Array("tag".utf8), in: meta, bytes), rows.fields[field].value.kind == .string else {
            return []
        }
        return bytes.array(rows.fields[field].value.slice)
    }
}
