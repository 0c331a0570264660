internal import Events
internal import Synchronization

/// `total_limit_size`: what one output holds in memory, counted in one place.
///
/// Staged chunks, queued ones, those in delivery and those whose refused events are on their way to somewhere else all
/// count, with what is allocated for them and not only what is filled: bytes, table of items, labels, tags, keys, and a
/// fixed sum for the objects around them. Every change is made while the lock is held that guards what changed, so the
/// sum is exact and ends at zero.
///
/// Inputs are asked to stop at the limit and are called again when a tenth of it is free, not at every byte.
final class BufferBudget: Sendable {
    let limitBytes: Int
    let resumeBytes: Int
    private let held = Atomic<Int>(0)
    private let isMarked = Atomic<Bool>(false)
    /// Closed while somebody waits for room.
    let gate: OutputGate?

    /// What may come in beyond the limit before even `block` refuses: batches of connections that have not been asked to
    /// stop yet. 32 MiB.
    static let overrunBytes = 32 << 20

    init(limitBytes: Int, gate: OutputGate? = nil) {
        self.limitBytes = limitBytes
        self.gate = gate
        resumeBytes = limitBytes - limitBytes / 10
    }

    var heldBytes: Int { held.load(ordering: .sequentiallyConsistent) }
    var hasRoom: Bool { heldBytes < limitBytes }
    var isOverrun: Bool { heldBytes >= limitBytes + Self.overrunBytes }
    /// Somebody waits for room.
    var isFull: Bool { isMarked.load(ordering: .sequentiallyConsistent) }

    func add(_ bytes: Int) { held.wrappingAdd(bytes, ordering: .sequentiallyConsistent) }

    /// Notes that somebody waits for room. False when there is room again already: then nobody else would call.
    func markFull() -> Bool {
        mark()
        return !takeRoom()
    }

    /// Notes that the limit was reached.
    func mark() {
        // In this order a gate may be open for a moment while somebody waits, which costs a look; never closed for good.
        gate?.close()
        isMarked.store(true, ordering: .sequentiallyConsistent)
    }

    /// Whether there is room again for those who wait; true once for each mark.
    func takeRoom() -> Bool {
        guard heldBytes <= resumeBytes, isMarked.exchange(false, ordering: .sequentiallyConsistent) else {
            return false
        }
        gate?.open()
        if isFull { gate?.close() }
        return true
    }
}
