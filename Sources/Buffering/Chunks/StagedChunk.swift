internal import Events
internal import Synchronization
internal import Time

/// A chunk that is being filled.
///
/// Safety: touched only under the lock of the staging area that holds it; the lock itself moves between threads.
final class StagedChunk: @unchecked Sendable {
    let key: ChunkKey
    var body: ChunkBody
    /// On the clock that never jumps, in seconds.
    let createdAt: Double
    /// Ids of the tags under which the staging area finds this chunk.
    var tagIDs: [Int] = []
    /// What the budget has been told of this chunk.
    var countedBytes = 0
    /// It has left the staging area; lists that are tidied up later still name it.
    private(set) var isSealed = false

    init(key: ChunkKey, createdAt: Double, capacity: Int, itemCapacity: Int) {
        self.key = key
        self.createdAt = createdAt
        body = ChunkBody(capacity: capacity, itemCapacity: itemCapacity)
    }

    /// What it keeps in memory.
    var memoryBytes: Int { SealedChunk.memoryBytes(of: body, key) }

    /// Hands the content over, without spare room; nil when there is none. The staged chunk is empty and of no use
    /// afterwards.
    func seal() -> SealedChunk? {
        isSealed = true
        var content = ChunkBody(capacity: 0)
        swap(&content, &body)
        if content.items.isEmpty { return nil }
        content.trim()
        return SealedChunk(content, id: ChunkID.next(), key: key)
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

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
