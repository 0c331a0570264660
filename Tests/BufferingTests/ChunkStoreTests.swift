import Events
import Synchronization
import TestSupport
import Testing

@testable import Buffering

@Suite("Chunk store")
struct ChunkStoreTests {
    private let store = FailingStore()

    private func buffer(_ change: (inout BufferSettings) -> Void = { _ in }) -> ChunkBuffer {
        var settings = BufferSettings()
        change(&settings)
        return ChunkBuffer(settings: settings, store: store, clock: FakeClock())
    }

    /// All that is in the buffer, chunk by chunk.
    private func contents(_ buffer: ChunkBuffer) -> [[String]] {
        buffer.flushAll()
        let ready = buffer.takeReady()
        for delivery in ready { buffer.end(delivery, .delivered) }
        #expect(buffer.statistics.totalBytes == 0 && buffer.recountedBytes == 0)
        return ready.map(\.chunk.texts)
    }

    @Test("a batch that cannot be kept is refused, and nothing of it is in the buffer; the next one is taken")
    func refused() throws {
        let buffer = buffer()
        var source = BatchSource(buffer)
        #expect(try source.emit([#"{"n":1}"#]) == .accepted)
        store.fail(after: 0)
        #expect(try source.emit([#"{"n":2}"#, #"{"bad":1}"#]) == .refused(Refusal(.storage, "no space")))
        #expect(source.rejections.isEmpty, "a record of a refused batch is not rejected on its own")
        #expect(buffer.statistics.totalBytes == buffer.recountedBytes)
        #expect(buffer.statistics.counts.acceptedEvents == 1 && buffer.statistics.counts.refusedEvents == 2)
        #expect(try source.emit([#"{"n":3}"#]) == .accepted)
        #expect(contents(buffer) == [[#"{"n":1}"#, #"{"n":3}"#]])
    }

    @Test("inputs wait a second for a store that fails, and then try again") func waiting() throws {
        let clock = FakeClock()
        let gates = OutputGates()
        let gate = gates.makeGate()
        let pressure = Pressure(gates: gates)
        pressure.note(gate)
        let wait = pressure.take()
        let buffer = ChunkBuffer(settings: BufferSettings(), store: store, clock: clock, gate: gate)
        let rooms = Settled()
        buffer.whenRoom { rooms.note(.delivered) }
        var source = BatchSource(buffer)
        store.fail(after: 0)
        _ = try source.emit([#"{"n":1}"#])
        #expect(gates.isClosed(anyOf: wait) && buffer.sleepSeconds == 1 && rooms.fates.isEmpty)
        clock.advance(1)
        _ = buffer.takeReady()
        #expect(!gates.isClosed(anyOf: wait) && rooms.fates.count == 1)
        #expect(try source.emit([#"{"n":2}"#]) == .accepted)
        #expect(contents(buffer) == [[#"{"n":2}"#]])
    }

    @Test("when one of several chunks cannot be written, the batch is in none of them", arguments: 0..<4)
    func allOrNone(writes: Int) throws {
        let buffer = buffer { $0.keys.fieldNames = ["u"] }
        var source = BatchSource(buffer, readers: [readU])
        _ = try source.emit([#"{"u":0}"#, #"{"u":1}"#])
        store.fail(after: writes)
        let acceptance = try source.emit((0..<4).map { #"{"u":\#($0),"n":2}"# })
        #expect(acceptance == .refused(Refusal(.storage, "no space")))
        #expect(Set(contents(buffer)) == [[#"{"u":0}"#], [#"{"u":1}"#]])
    }

    @Test("a batch that fills several chunks is in all of them or in none", arguments: [false, true])
    func full(fails: Bool) throws {
        let buffer = buffer { $0.chunkLimitRecords = 3 }
        var source = BatchSource(buffer)
        let records = (0..<10).map { #"{"n":\#($0)}"# }
        _ = try source.emit(Array(records[..<2]))
        if fails { store.fail(after: 2) }
        _ = try source.emit(Array(records[2...]))
        #expect(contents(buffer).flatMap { $0 } == (fails ? Array(records[..<2]) : records))
    }

    @Test("the receipt of a refused batch is not held, that of an accepted one until its chunk's end")
    func receipts() throws {
        let buffer = buffer()
        var source = BatchSource(buffer)
        let settled = Settled()
        store.fail(after: 0)
        source.receipt = Receipt { settled.note($0) }
        _ = try source.emit([#"{"n":1}"#])
        source.receipt?.settle(.delivered)
        #expect(settled.fates == [.delivered])
        source.receipt = Receipt { settled.note($0) }
        _ = try source.emit([#"{"n":2}"#])
        source.receipt?.settle(.delivered)
        #expect(settled.fates == [.delivered])
        _ = contents(buffer)
        #expect(settled.fates == [.delivered, .delivered])
    }

    @Test("batches of all sizes, some refused: what was accepted is there, in order, and nothing else")
    func random() throws {
        var random = SeededGenerator(seed: 13)
        for round in 0..<200 {
            let buffer = buffer {
                $0.chunkLimitRecords = Int.random(in: 1...5, using: &random)
                $0.chunkLimitBytes = Int.random(in: 60...300, using: &random)
            }
            var source = BatchSource(buffer)
            var expected: [String] = []
            for number in 0..<20 {
                let records = (0..<Int.random(in: 1...8, using: &random)).map { #"{"n":\#(number * 10 + $0)}"# }
                if Bool.random(using: &random) { store.fail(after: Int.random(in: 0...2, using: &random)) }
                if try source.emit(records) == .accepted { expected += records }
                store.work()
            }
            #expect(contents(buffer).flatMap { $0 } == expected, "round \(round)")
        }
    }
}

private final class Settled: Sendable {
    private let state = Mutex<[Receipt.Fate]>([])
    var fates: [Receipt.Fate] { state.withLock { $0 } }
    func note(_ fate: Receipt.Fate) { state.withLock { $0.append(fate) } }
}

@Sendable private func readU(
    _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, _ value: inout [UInt8]
) {
    guard let index = rows.find(Array("u".utf8), in: record, storage) else { return }
    value += Array("\(rows.fields[index].value)".utf8)
}

/// Keeps chunks in memory, away from their bodies as a file would, and fails once when it is told to.
private final class FailingStore: ChunkStore {
    private let writesLeft = Mutex<Int?>(nil)

    /// After so many writes one fails.
    func fail(after writes: Int) { writesLeft.withLock { $0 = writes } }
    func work() { writesLeft.withLock { $0 = nil } }

    var isOnDisk: Bool { false }
    func release() {}
    func recover() -> [SealedChunk] { [] }

    func makeWriter(id: String, _ key: ChunkKey) -> any ChunkWriter { Writer(self) }

    fileprivate func write() throws(ChunkStoreError) {
        let fails = writesLeft.withLock { left in
            guard let count = left else { return false }
            left = count > 0 ? count - 1 : nil
            return count == 0
        }
        if fails { throw ChunkStoreError("no space") }
    }

    private final class Writer: ChunkWriter {
        var takesMore: Bool { true }
        private let store: FailingStore
        private var kept = ChunkBody()
        private var written = 0

        init(_ store: FailingStore) { self.store = store }

        var writtenItems: Int { kept.items.count }
        var writtenBytes: Int { kept.byteCount }
        func heldBytes(_ body: borrowing ChunkBody) -> Int { 100 + kept.byteCount }

        func write(_ body: borrowing ChunkBody) throws(ChunkStoreError) {
            try store.write()
            written = body.items.count
        }

        func accept(_ body: inout ChunkBody, safe receipt: Receipt?) {
            precondition(written == body.items.count, "accepted without being written")
            for item in 0..<written { kept.append(item: item, of: body) }
            body.clear()
        }

        func discard() { written = 0 }

        func seal(_ body: consuming ChunkBody, id: String) -> any ChunkContents {
            var all = ChunkBody()
            swap(&all, &kept)
            return MemoryChunkContents(all, id: id)
        }
    }
}
