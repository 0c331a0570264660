package import Events

/// Chunks in memory: what is formatted is kept where it is, so nothing can fail and nothing is copied.
struct MemoryChunkStore: ChunkStore {
    private static let writer = MemoryChunkWriter()

    var isOnDisk: Bool { false }

    func release() {}

    func recover() -> [SealedChunk] { [] }

    func makeWriter(id: String, _ key: ChunkKey) -> any ChunkWriter { Self.writer }
}

/// Has no state, and is shared by all chunks: the body is all there is.
private final class MemoryChunkWriter: ChunkWriter, Sendable {
    var takesMore: Bool { true }
    var writtenItems: Int { 0 }
    var writtenBytes: Int { 0 }
    func heldBytes(_ body: borrowing ChunkBody) -> Int { MemoryChunkContents.heldBytes(body) }
    func write(_ body: borrowing ChunkBody) {}
    func accept(_ body: inout ChunkBody, safe receipt: Receipt?) {}
    func discard() {}
    func seal(_ body: consuming ChunkBody, id: String) -> any ChunkContents {
        body.trim()
        return MemoryChunkContents(body, id: id)
    }
}

/// The events of a sealed chunk, in memory from its beginning to its end.
package struct MemoryChunkContents: ChunkContents {
    private let loaded: LoadedChunk
    package let byteCount: Int
    package let heldBytes: Int

    /// Beside its contents: the objects of a chunk, its name, its places in dictionaries and queues.
    private static let bytesPerChunk = 1024
    /// Smaller chunks stay as they are for the sake of a few items.
    private static let leastWorthShrinkingBytes = 4096

    package init(_ body: consuming ChunkBody, id: String) {
        loaded = LoadedChunk(body, id: id)
        byteCount = loaded.body.byteCount
        heldBytes = Self.heldBytes(loaded.body)
    }

    /// What a chunk with this body keeps allocated.
    static func heldBytes(_ body: borrowing ChunkBody) -> Int { bytesPerChunk + body.memoryBytes }

    package var itemCount: Int { loaded.body.items.count }
    package var isOnDisk: Bool { false }
    package var parts: [ItemSet] { [ItemSet(0..<itemCount)] }

    package func load(_ items: ItemSet) -> LoadedChunk { loaded }

    package func makeSafe() -> Bool { false }
    package func noteDone(_ items: ItemSet) {}
    package func remove() {}
    package func keepAside() {}

    package func shrunk(to items: ItemSet) -> (any ChunkContents)? {
        guard byteCount >= Self.leastWorthShrinkingBytes else { return nil }
        let size = items.ranges.reduce(0) { sum, range in
            sum + range.reduce(0) { $0 + Int(loaded.item($1).source.length) + ChunkItem.tableBytes }
        }
        guard size < byteCount / 4 else { return nil }
        var rest = ChunkBody(capacity: size, itemCapacity: items.count)
        for item in items { rest.append(item: item, of: loaded.body) }
        rest.trim()
        return MemoryChunkContents(rest, id: loaded.id)
    }
}
