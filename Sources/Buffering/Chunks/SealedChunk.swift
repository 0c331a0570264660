package import Events
internal import Synchronization
internal import Time

/// A chunk that changes no more: what is known of it without its events, and the way to them. Shared by reference: it is
/// sent, retried and at last dropped.
package final class SealedChunk: Sendable {
    /// Hexadecimal, unique: what log lines and backup files call it.
    package let id: String
    /// What the chunk keys made of it: `tag=service.post`, empty without keys.
    package let key: ChunkKey
    package let itemCount: Int
    /// As `chunk_limit_size` counts.
    package let byteCount: Int
    /// As `total_limit_size` counts: what it keeps allocated, with everything around it.
    package let heldBytes: Int
    /// Whose events are in it, where somebody asked. Settled, once each, when all of the chunk has met its end; whoever
    /// loses a part of it before that says so with `Receipt.note`.
    package let receipts: [Receipt]
    private let contents: any ChunkContents

    package init(id: String, key: ChunkKey, receipts: [Receipt] = [], _ contents: any ChunkContents) {
        self.id = id
        self.key = key
        self.receipts = receipts
        self.contents = contents
        itemCount = contents.itemCount
        byteCount = contents.byteCount
        heldBytes = contents.heldBytes + key.heldBytes + receipts.count * Receipt.heldBytes
    }

    package var allItems: ItemSet { ItemSet(0..<itemCount) }
    /// What is to be sent, in portions of which a worker can hold one in memory.
    package var parts: [ItemSet] { contents.parts }
    /// Whether it is kept on a disk: `load` reads, and blocks meanwhile, and the next process finds it.
    package var isOnDisk: Bool { contents.isOnDisk }

    /// Brings events into memory: these items, and perhaps others. Blocks where the store has to read them.
    package func load(_ items: ItemSet) throws(ChunkStoreError) -> LoadedChunk { try contents.load(items) }

    /// Brings it to where what was promised to inputs (`durability`) holds for all of it; false: that cannot be done.
    /// Blocks.
    package func makeSafe() -> Bool { contents.makeSafe() }

    /// These items need not be sent again, and others still have to be.
    package func noteDone(_ items: ItemSet) { contents.noteDone(items) }

    /// Nothing of it is needed any more.
    func remove() { contents.remove() }

    /// A copy of it stays for people to look at: not all of it could be read.
    func keepAside() { contents.keepAside() }

    /// A small chunk of the same name with these items alone, numbered anew, that takes this one's place; nil when that is
    /// not worth it.
    package func shrunk(to items: ItemSet) -> SealedChunk? {
        contents.shrunk(to: items).map { SealedChunk(id: id, key: key, receipts: receipts, $0) }
    }
}

/// Names for chunks: hexadecimal, the time in front, so that they sort by age.
enum ChunkID {
    private static let counter = Atomic<UInt64>(0)

    static func next() -> String {
        let now = Time.Clock.now()
        let micros = UInt64(bitPattern: now.seconds &* 1_000_000) &+ UInt64(now.nanoseconds / 1000)
        let number = counter.wrappingAdd(1, ordering: .relaxed).oldValue
        return hex(micros << 12 | number & 0xFFF) + hex(UInt64.random(in: 0...UInt64.max))
    }

    /// When a chunk of this name began, in seconds of the epoch; nil: that is no name.
    static func createdAtSeconds(_ id: String) -> Double? {
        UInt64(id.prefix(16), radix: 16).map { Double($0 >> 12) / 1e6 }
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
