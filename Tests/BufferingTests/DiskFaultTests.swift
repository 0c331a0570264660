import Events
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Buffering

/// What a buffer in files makes of a disk that fails, case by case; `SimulationTests` tries them in every order.
@Suite("Chunk files on a disk that fails")
struct DiskFaultTests {
    private let disk = SimulatedDisk(seed: 1)
    private let work = Work()

    private func buffer(
        on other: SimulatedDisk? = nil, waitsForDisk: Bool = true, _ change: (inout BufferSettings) -> Void = { _ in }
    ) throws -> ChunkBuffer {
        let disk = other ?? disk
        let syncer = FileSyncer(folder: SimulatedDisk.folder, intervalSeconds: 0, log: .discarding, on: disk) {
            [work] in work.add($0)
        }
        let files = try FileChunkStore(
            FileBufferPath(SimulatedDisk.folder, isFolder: true), format: "lines-1", on: disk,
            waitsForDisk ? syncer : nil, log: .discarding
        ) { LineFormatter() }
        var settings = BufferSettings()
        change(&settings)
        return ChunkBuffer(settings: settings, files: files, clock: FakeClock())
    }

    /// Emits one event and brings it to the disk; answers what its input was told.
    private func emit(_ number: Int, _ source: inout BatchSource) throws -> Receipt.Fate? {
        let told = Told()
        let receipt = Receipt(for: .safe) { told.note($0) }
        source.receipt = receipt
        let acceptance = try source.emit([#"{"n":\#(number)}"#])
        if case .refused = acceptance { receipt.note(.lost) }
        receipt.settle(.delivered)
        work.run()
        return told.fate
    }

    private var chunkFiles: [String] { disk.files.map(\.name).filter { $0.hasSuffix(".chunk") } }

    /// What a process finds that starts now.
    private func found() throws -> [String] {
        disk.processEnded()
        let buffer = try buffer()
        _ = try buffer.recover()
        return buffer.takeReady().flatMap { $0.chunk.texts($0.items) }
    }

    @Test("where a sync has failed nothing more is safe in that file, and what comes later goes into another")
    func failedSync() throws {
        let buffer = try buffer()
        var source = BatchSource(buffer)
        #expect(try emit(0, &source) == .safe)
        disk.faults.syncs = 1000
        #expect(try emit(1, &source) == .lost)
        disk.faults.syncs = 0
        // The kernel has nothing left to write of what it has dropped: it says that all is well.
        #expect(try emit(2, &source) == .safe)
        #expect(chunkFiles.count == 2)
        disk.powerLost()
        let texts = try found()
        #expect(texts.contains(#"{"n":0}"#) && texts.contains(#"{"n":2}"#))
    }

    @Test("a file whose name could not be brought to the disk is not safe later either")
    func failedFolder() throws {
        let buffer = try buffer()
        var source = BatchSource(buffer)
        // Open, write, sync; the folder: open, sync.
        disk.fail(call: disk.calls + 4)
        #expect(try emit(0, &source) == .lost)
        disk.fail(call: nil)
        #expect(try emit(1, &source) == .safe)
        #expect(chunkFiles.count == 2)
    }

    @Test("a batch that is refused is in no chunk, and what was there before stays") func refused() throws {
        let buffer = try buffer(waitsForDisk: false) { $0.keys.usesTag = true }
        var source = BatchSource(buffer)
        #expect(try emit(0, &source) == .delivered)
        disk.fail(call: disk.calls)
        #expect(try emit(1, &source) == .lost)
        disk.fail(call: nil)
        #expect(try emit(2, &source) == .delivered)
        #expect(try found() == [#"{"n":0}"#, #"{"n":2}"#])
    }

    @Test("a full disk does not keep what is on it from being sent") func full() throws {
        let buffer = try buffer()
        var source = BatchSource(buffer)
        for number in 0..<3 { _ = try emit(number, &source) }
        disk.isFull = true
        #expect(try found() == (0..<3).map { #"{"n":\#($0)}"# })
    }

    @Test("what is whole in a corrupt chunk survives a power cut after it was taken up", arguments: 0..<30)
    func rescued(seed: UInt64) throws {
        let buffer = try buffer()
        var source = BatchSource(buffer)
        for number in 0..<3 { _ = try emit(number, &source) }
        let file = try #require(disk.files.first { $0.name.hasSuffix(".chunk") })
        var bytes = file.bytes
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: Array(#"{"n":1}"#.utf8)) })
        bytes[place] ^= 1
        let other = SimulatedDisk(seed: seed)
        other.put(bytes, as: file.name)
        #expect(try self.buffer(on: other).recover() == 2)
        other.powerLost()
        let after = try self.buffer(on: other)
        _ = try after.recover()
        let texts = after.takeReady().flatMap { $0.chunk.texts($0.items) }
        #expect(Set(texts) == [#"{"n":0}"#, #"{"n":2}"#])
    }

    @Test("what was done of a chunk that is gone is not left behind") func leftDone() throws {
        disk.put([1, 2, 3], as: "buffer.s00000000000000000000000000000001.log.chunk.done")
        disk.put([1, 2, 3], as: "other.chunk.done")
        #expect(try found().isEmpty)
        #expect(disk.files.map(\.name) == ["buffer.lock", "other.chunk.done"])
    }

    @Test("a chunk that cannot be read is kept, with second names or without", arguments: [0, 1000])
    func kept(failingLinks: Int) throws {
        let buffer = try buffer()
        var source = BatchSource(buffer)
        _ = try emit(0, &source)
        buffer.flushAll()
        let delivery = try #require(buffer.takeReady().first)
        disk.faults.names = failingLinks
        delivery.chunk.keepAside()
        disk.faults.names = 0
        buffer.end(delivery, .delivered)
        let left = disk.files.filter { $0.name.contains(".chunk") }
        #expect(left.count == 1 && left.first?.name.hasSuffix(".chunk.corrupt") == true)
        #expect(left.first.map { String(decoding: $0.bytes, as: UTF8.self).contains(#"{"n":0}"#) } == true)
    }

    @Test("at a stop a chunk is safe when it is on the disk, not before", arguments: [0, 1000])
    func stop(failingSyncs: Int) throws {
        let buffer = try buffer()
        var source = BatchSource(buffer)
        let receipt = Receipt(for: .delivered) { _ in }
        source.receipt = receipt
        _ = try source.emit([#"{"n":0}"#])
        let chunk = try #require(buffer.takeAll().first).chunk
        disk.faults.syncs = failingSyncs
        #expect(chunk.makeSafe() == (failingSyncs == 0))
        disk.faults.syncs = 0
        #expect(chunk.makeSafe() == (failingSyncs == 0), "a sync that has failed is not made up for")
        work.run()
        for held in chunk.receipts { held.settle(.lost) }
        receipt.settle(.delivered)
    }
}

/// What a syncer would do on its thread.
private final class Work: Sendable {
    private let list = Mutex<[@Sendable () -> Void]>([])

    func add(_ work: @escaping @Sendable () -> Void) { list.withLock { $0.append(work) } }

    func run() {
        while let next = list.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { next() }
    }
}

private final class Told: Sendable {
    private let state = Mutex<Receipt.Fate?>(nil)
    var fate: Receipt.Fate? { state.withLock { $0 } }
    func note(_ fate: Receipt.Fate) { state.withLock { $0 = fate } }
}
