internal import Glibc
internal import Synchronization

/// Large blocks of memory, used again and again.
///
/// The system hands out memory a page at a time, zeroed, when it is first touched: for a chunk of 8 MiB that is 2,048
/// faults, and they cost more than writing the events does (measured: 135 of 1,020 ns an event). So what a delivered chunk
/// leaves is kept for the next one, and goes back to the system when it was of no use for some seconds.
///
/// Blocks come in sizes an eighth apart, so that the next chunk of about the same size fits. All threads; the lock is taken
/// once a block.
package final class BlockPool: Sendable {
    /// For all buffers of the process.
    package static let shared = BlockPool()

    /// Smaller blocks are the allocator's.
    package static let leastBytes = 256 << 10
    /// Kept longer than this without use, a block goes back to the system. Longer than most flush intervals.
    package static let idleSeconds = 4.0
    /// What is kept at the most; beyond it the blocks that were not needed for the longest time go back at once.
    package static let limitBytes = 32 << 20

    /// Safety: nobody but the pool knows the pointer of a free block.
    @safe private struct FreeBlock: @unchecked Sendable {
        var start: UnsafeMutablePointer<UInt8>
        var size: Int
        var since: Double
    }

    private struct State {
        /// In the order in which they became free: the last one is the warmest.
        var free: [FreeBlock] = []
        var freeBytes = 0

        /// What has not been needed for too long, and what must go so that no more than the limit is kept. Blocks of sizes that
        /// are asked for come and go, so the first ones are of sizes that were wanted once: keeping them would have each new
        /// chunk touch fresh pages.
        mutating func takeUseless(at now: Double) -> [FreeBlock] {
            var count = 0
            while count < free.count,
                freeBytes > BlockPool.limitBytes || free[count].since + BlockPool.idleSeconds <= now
            {
                freeBytes -= free[count].size
                count += 1
            }
            let useless = Array(free[..<count])
            free.removeFirst(count)
            return useless
        }
    }

    private let state = Mutex(State())
    private let restAction = Mutex<(@Sendable () -> Void)?>(nil)
    private let now: @Sendable () -> Double

    /// - Parameter now: seconds of a clock that never jumps.
    package init(now: @escaping @Sendable () -> Double = BlockPool.monotonicSeconds) { self.now = now }

    /// What is kept and not used.
    package var freeBytes: Int { state.withLock { $0.freeBytes } }

    /// The size of the block that serves for so many bytes.
    static func blockSize(_ bytes: Int) -> Int {
        let step = max(1 << max(Int.bitWidth - 1 - max(bytes, 1).leadingZeroBitCount - 3, 0), 4096)
        return (bytes + step - 1) / step * step
    }

    /// - Parameter bytes: at least these; at least `leastBytes`.
    @unsafe
    func take(_ bytes: Int) -> (start: UnsafeMutablePointer<UInt8>, size: Int) {
        let size = Self.blockSize(bytes)
        let known = state.withLock { state -> FreeBlock? in
            // A block that is a little larger does as well.
            guard let index = state.free.lastIndex(where: { $0.size >= size && $0.size <= size + size / 4 }) else {
                return nil
            }
            state.freeBytes -= state.free[index].size
            return state.free.remove(at: index)
        }
        if let known { return unsafe (known.start, known.size) }
        let mapped = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            fatalError("no memory for a block of \(size) bytes")
        }
        return unsafe (mapped.assumingMemoryBound(to: UInt8.self), size)
    }

    /// Takes a block back, and lets those go that are of no use, of sizes that nobody asks for any more.
    @unsafe
    func give(_ start: UnsafeMutablePointer<UInt8>, size: Int) {
        let now = now()
        let block = unsafe FreeBlock(start: start, size: size, since: now)
        let useless = state.withLock { state in
            guard size <= Self.limitBytes else { return state.takeUseless(at: now) + [block] }
            state.free.append(block)
            state.freeBytes += size
            return state.takeUseless(at: now)
        }
        Self.unmap(useless)
    }

    /// Gives back to the system what was not used for `idleSeconds`; answers in how many seconds there may be more of it,
    /// nil: nothing is kept.
    package func releaseIdle() -> Double? {
        let now = now()
        let (idle, next) = state.withLock { state in
            (state.takeUseless(at: now), state.free.first.map { max($0.since + Self.idleSeconds - now, 0) })
        }
        Self.unmap(idle)
        if !idle.isEmpty, next == nil { rest() }
        return next
    }

    /// What is done, on any thread, when the last block has gone back to the system after a time of work: who else keeps
    /// memory for it can let go, too.
    package func whenAtRest(_ action: @escaping @Sendable () -> Void) { restAction.withLock { $0 = action } }

    /// There is nothing to do for now, as at the end of the start.
    package func rest() { restAction.withLock { $0 }?() }

    private static func unmap(_ blocks: [FreeBlock]) {
        for block in blocks { unsafe munmap(block.start, block.size) }
    }

    package static func monotonicSeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    deinit { Self.unmap(state.withLock { $0.free }) }
}
