/// A chunk that changes no more. Shared by reference: it is sent, retried and at last dropped.
package final class SealedChunk: Sendable {
    package let body: ChunkBody
    /// Hexadecimal, unique: what log lines and backup files call it.
    package let id: String
    /// What the chunk keys made of it: `tag=service.post`, empty without keys.
    package let key: ChunkKey
    package let itemCount: Int
    /// As `chunk_limit_size` counts.
    package let byteCount: Int
    /// As `total_limit_size` counts: what it keeps allocated, with everything around it.
    package let memoryBytes: Int

    /// Beside its contents: the objects of a chunk, its name, its places in dictionaries and queues.
    private static let bytesPerChunk = 1024

    package init(_ body: consuming ChunkBody, id: String, key: ChunkKey) {
        self.body = body
        self.id = id
        self.key = key
        itemCount = self.body.items.count
        byteCount = self.body.byteCount
        memoryBytes = Self.memoryBytes(of: self.body, key)
    }

    /// What a chunk with this content keeps allocated.
    package static func memoryBytes(of body: borrowing ChunkBody, _ key: ChunkKey) -> Int {
        bytesPerChunk + body.memoryBytes + key.memoryBytes
    }

    package var allItems: ItemSet { ItemSet(0..<itemCount) }
    /// Whose events are in it, where somebody asked. Settled, once each, when all of the chunk has met its end; whoever
    /// loses a part of it before that says so with `Receipt.note`.
    package var receipts: [Receipt] { body.receipts }

    /// Bytes of some of its events.
    package func byteCount(of items: ItemSet) -> Int {
        items.ranges.reduce(0) { sum, range in
            sum + range.reduce(0) { $0 + Int(body.items[$1].source.length) + ChunkItem.tableBytes }
        }
    }

    /// What is left of a chunk as a small one of the same name, which keeps the receipts and lets go of the rest. Its
    /// items are numbered anew.
    package func remnant(_ items: ItemSet) -> SealedChunk {
        var rest = ChunkBody(capacity: byteCount(of: items), itemCapacity: items.count)
        for item in items { rest.append(item: item, of: body) }
        rest.takeOver(body.receipts)
        rest.trim()
        return SealedChunk(rest, id: id, key: key)
    }
}

/// The chunk keys' values: events that differ in one go to different chunks (`<buffer tag,time,user>`).
package struct ChunkKey: Sendable, Hashable {
    @usableFromInline package var tag: [UInt8]?
    /// Start of the time slice, seconds since 1970.
    package var timeSlice: Int64?
    /// Values of the record keys, in the order in which the buffer section names them.
    package var fields: [[UInt8]]

    package init(tag: [UInt8]? = nil, timeSlice: Int64? = nil, fields: [[UInt8]] = []) {
        self.tag = tag
        self.timeSlice = timeSlice
        self.fields = fields
    }

    package static let none = ChunkKey()

    /// The tag's bytes are the tag's own, which the chunk counts.
    var memoryBytes: Int { fields.reduce(0) { $0 + $1.count + 32 } }
}
