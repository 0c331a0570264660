import Synchronization
import Testing

@testable import Events

@Suite("Large blocks of memory are used again")
struct BlockPoolTests {
    private static let size = 8 << 20

    @Test("a block that was given back serves the next one of its size")
    func again() {
        let pool = BlockPool(now: { 0 })
        let first = unsafe pool.take(Self.size)
        unsafe first.start[0] = 7
        unsafe pool.give(first.start, size: first.size)
        #expect(pool.freeBytes == first.size)
        let second = unsafe pool.take(Self.size - 100_000)
        #expect(unsafe second.start == first.start && second.size == first.size)
        #expect(pool.freeBytes == 0)
        unsafe pool.give(second.start, size: second.size)
    }

    @Test("a much larger or smaller block does not serve")
    func others() {
        let pool = BlockPool(now: { 0 })
        let block = unsafe pool.take(Self.size)
        unsafe pool.give(block.start, size: block.size)
        for bytes in [Self.size / 2, Self.size + 1] {
            let other = unsafe pool.take(bytes)
            #expect(unsafe other.start != block.start && other.size >= bytes)
            unsafe pool.give(other.start, size: other.size)
        }
    }

    @Test("what nobody needs goes back to the system")
    func idle() {
        let clock = Mutex(100.0)
        let pool = BlockPool(now: { clock.withLock { $0 } })
        #expect(pool.releaseIdle() == nil)
        let (a, b) = unsafe (pool.take(Self.size), pool.take(Self.size))
        unsafe pool.give(a.start, size: a.size)
        clock.withLock { $0 = 103 }
        unsafe pool.give(b.start, size: b.size)
        #expect(pool.releaseIdle() == 1)
        clock.withLock { $0 = 104 }
        #expect(pool.releaseIdle() == 3)
        #expect(pool.freeBytes == b.size)
        clock.withLock { $0 = 107 }
        #expect(pool.releaseIdle() == nil)
        #expect(pool.freeBytes == 0)
    }

    @Test("when the last block has gone back, others are told, once")
    func rest() {
        let clock = Mutex(0.0)
        let told = Mutex(0)
        let pool = BlockPool(now: { clock.withLock { $0 } })
        pool.whenAtRest { told.withLock { $0 += 1 } }
        _ = pool.releaseIdle()
        #expect(told.withLock { $0 } == 0)
        let (a, b) = unsafe (pool.take(Self.size), pool.take(Self.size))
        unsafe pool.give(a.start, size: a.size)
        clock.withLock { $0 = 2 }
        unsafe pool.give(b.start, size: b.size)
        clock.withLock { $0 = 5 }
        _ = pool.releaseIdle()
        #expect(told.withLock { $0 } == 0)
        clock.withLock { $0 = 6 }
        for _ in 0..<2 { _ = pool.releaseIdle() }
        #expect(told.withLock { $0 } == 1)
        pool.rest()
        #expect(told.withLock { $0 } == 2)
    }

    @Test("no more is kept than the limit")
    func limit() {
        let pool = BlockPool(now: { 0 })
        var blocks: [(start: UnsafeMutablePointer<UInt8>, size: Int)] = []
        for _ in 0...(BlockPool.limitBytes / Self.size) { unsafe blocks.append(pool.take(Self.size)) }
        for block in unsafe blocks { unsafe pool.give(block.start, size: block.size) }
        #expect(pool.freeBytes == BlockPool.limitBytes)
    }

    @Test("a size that is wanted now has room, however much is kept of others")
    func turnover() {
        let pool = BlockPool(now: { 0 })
        var others: [(start: UnsafeMutablePointer<UInt8>, size: Int)] = []
        for _ in 0..<(BlockPool.limitBytes / Self.size) { unsafe others.append(pool.take(Self.size)) }
        for block in unsafe others { unsafe pool.give(block.start, size: block.size) }
        let first = unsafe pool.take(Self.size / 2)
        unsafe pool.give(first.start, size: first.size)
        #expect(pool.freeBytes == BlockPool.limitBytes - Self.size / 2)
        let second = unsafe pool.take(Self.size / 2)
        #expect(unsafe second.start == first.start)
        unsafe pool.give(second.start, size: second.size)
        // One that is larger than all that may be kept takes nobody's room.
        let kept = pool.freeBytes
        let huge = unsafe pool.take(BlockPool.limitBytes + 1)
        unsafe pool.give(huge.start, size: huge.size)
        #expect(pool.freeBytes == kept)
    }

    @Test("sizes hold what is asked for and are few")
    func sizes() {
        var sizes: Set<Int> = []
        for bytes in stride(from: BlockPool.leastBytes, through: 64 << 20, by: 4099) {
            let size = BlockPool.blockSize(bytes)
            #expect(size >= bytes && size <= bytes + bytes / 8 + 4096)
            sizes.insert(size)
        }
        #expect(sizes.count <= 8 * 8 + 1)
    }

    @Test("a buffer keeps its bytes while it grows into large blocks and shrinks out of them")
    func buffer() {
        var buffer = ByteBuffer(capacity: 16)
        for index in 0..<(3 << 20) { buffer.append(UInt8(truncatingIfNeeded: index &* 31)) }
        #expect(buffer.capacity >= BlockPool.leastBytes)
        buffer.truncate(to: 100_000)
        buffer.shrink(toAtMost: 100_000)
        #expect(buffer.capacity == 100_000)
        for index in 0..<100_000 where buffer[index] != UInt8(truncatingIfNeeded: index &* 31) {
            Issue.record("byte \(index) has changed")
        }
    }
}
