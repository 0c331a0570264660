import Events
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Buffering

@Suite("Chunk files")
struct FileChunkStoreTests {
    private let folder = TestFolder()
    private let recorder = LogRecorder()

    private func store(_ format: String = "lines-1") throws -> FileChunkStore {
        try FileChunkStore(
            FileBufferPath(folder.path, isFolder: nil), format: format, log: Log(handler: recorder)
        ) { LineFormatter() }
    }

    private func buffer(
        _ store: FileChunkStore, _ change: (inout BufferSettings) -> Void = { _ in }
    ) -> ChunkBuffer {
        var settings = BufferSettings()
        change(&settings)
        return ChunkBuffer(settings: settings, files: store, clock: FakeClock())
    }

    /// What a process finds that starts now.
    private func found() throws -> [String] {
        let buffer = buffer(try store())
        let count = try buffer.recover()
        let ready = buffer.takeReady()
        let texts = ready.flatMap { $0.chunk.texts($0.items) }
        #expect(texts.count == count && buffer.statistics.totalBytes == buffer.recountedBytes)
        return texts
    }

    private var chunkFiles: [String] { folder.names.filter { $0.hasSuffix(".chunk") } }

    private func records(_ numbers: Range<Int>) -> [String] { numbers.map { #"{"n":\#($0)}"# } }

    @Test("what was accepted is there after the process is gone, batch by batch, with tags, times and keys")
    func survives() throws {
        do {
            let buffer = buffer(try store()) { $0.keys.usesTag = true }
            var source = BatchSource(buffer)
            _ = try source.emit(tagA, records(0..<3), at: 1_700_000_000)
            _ = try source.emit(tagB, records(3..<5))
            _ = try source.emit(tagA, records(5..<6))
            #expect(buffer.statistics.totalBytes == buffer.recountedBytes)
        }
        #expect(chunkFiles.count == 2)
        let after = buffer(try store())
        #expect(try after.recover() == 6)
        let chunks = after.takeReady().map(\.chunk)
        #expect(chunks.map(\.texts) == [records(0..<3) + records(5..<6), records(3..<5)])
        #expect(chunks.map(\.key) == [ChunkKey(tag: Array("a".utf8)), ChunkKey(tag: Array("b".utf8))])
        let loaded = try chunks[0].load([0])
        #expect(loaded.item(0).time == EventTime(seconds: 1_700_000_000) && loaded.tag(of: 3).text == "a")
        #expect(after.statistics.totalBytes == after.recountedBytes)
    }

    @Test("a chunk that is delivered leaves no file, and nothing is sent twice") func delivered() throws {
        do {
            let buffer = buffer(try store())
            var source = BatchSource(buffer)
            _ = try source.emit(records(0..<3))
            buffer.flushAll()
            for delivery in buffer.takeReady() { buffer.end(delivery, .delivered) }
            #expect(buffer.isEmpty && chunkFiles.isEmpty)
        }
        #expect(try found() == [])
    }

    @Test("items that need not be sent again are not, after a crash in the middle") func progress() throws {
        do {
            let buffer = buffer(try store())
            var source = BatchSource(buffer)
            _ = try source.emit(records(0..<6))
            buffer.flushAll()
            let delivery = try #require(buffer.takeReady().first)
            let bad = RejectedItem(item: 2, status: 400, type: "t", reason: "r")
            buffer.end(delivery, .partial(retry: [1, 4], reason: Refusal(.busy, "429"), rejected: [bad]))
        }
        #expect(folder.names.contains { $0.hasSuffix(".done") })
        let after = buffer(try store())
        #expect(try after.recover() == 2)
        let delivery = try #require(after.takeReady().first)
        #expect(delivery.items == [1, 4] && delivery.chunk.texts(delivery.items) == [#"{"n":1}"#, #"{"n":4}"#])
        after.end(delivery, .delivered)
        #expect(!folder.names.contains { $0.contains(".chunk") })
    }

    @Test("cut off anywhere, a file gives its whole batches and nothing else") func tornTail() throws {
        let bytes = try chunk(of: [records(0..<2), records(2..<3), records(3..<6)])
        // Where whole batches end: the file without an end frame, batch by batch.
        var seen: Set<[String]> = []
        for length in 0..<bytes.count {
            try folder.write(Array(bytes[..<length]), as: Self.name)
            let texts = try found()
            #expect([0, 2, 3, 6].contains(texts.count) && texts == records(0..<texts.count), "cut at \(length)")
            seen.insert(texts)
            // The second look finds what the first one has put right.
            #expect(try found() == texts)
            folder.clear()
        }
        #expect(seen.count == 4)
    }

    @Test("with any byte changed, what is sent was written, and the log names the file") func flipped() throws {
        let batches = [records(0..<2), records(2..<3), records(3..<6)]
        let bytes = try chunk(of: batches)
        for sealed in [true, false] {
            for place in 0..<bytes.count {
                var changed = bytes
                changed[place] ^= 0x10
                // An unsealed file is cut off in the middle of its end.
                if !sealed { changed.removeLast(9) }
                try folder.write(changed, as: Self.name)
                let buffer = buffer(try store())
                _ = try buffer.recover()
                var texts: [String] = []
                for delivery in buffer.takeReady() {
                    let loaded = try delivery.chunk.load(delivery.items)
                    texts += loaded.texts(delivery.items.subtracting(loaded.unreadable))
                }
                let whole = batches.filter { texts.contains($0[0]) }.flatMap { $0 }
                #expect(texts == whole, "changed at \(place), sealed \(sealed)")
                #expect(texts.count >= 3 || place < 64, "changed at \(place), sealed \(sealed)")
                folder.clear()
            }
        }
    }

    @Test("a second process, or a second buffer of this one, is refused") func locked() throws {
        let first = try store()
        let error = #expect(throws: ChunkStoreError.self) { _ = try store() }
        #expect(error?.description.contains("buffer.lock is held by another sluice") == true)
        _ = first
    }

    @Test("files of another output, another version or another program are left alone") func others() throws {
        let bytes = try chunk(of: [records(0..<1)])
        try folder.write(bytes, as: Self.name)
        var newer = bytes
        newer[7] = UInt8(ascii: "2")
        try folder.write(newer, as: Self.name.replacing("00000000", with: "11111111"))
        try folder.write([1, 2, 3], as: "buffer.b5f.log")
        try folder.write([1, 2, 3], as: "fsb.app.b5f.buf")
        let before = folder.names
        let buffer = buffer(try store("other-1"))
        #expect(try buffer.recover() == 0)
        #expect(folder.names.filter { !$0.hasSuffix("lock") } == before.filter { !$0.hasSuffix("lock") })
        #expect(recorder.entries.count == 4)
    }

    @Test("a large chunk is sent in windows, each whole, and what is left of it survives") func windows() throws {
        let text = String(repeating: "x", count: 100_000)
        do {
            let buffer = buffer(try store()) { $0.chunkLimitBytes = 64 << 20 }
            var source = BatchSource(buffer)
            for number in 0..<200 { _ = try source.emit([#"{"n":\#(number),"m":"\#(text)"}"#]) }
            buffer.flushAll()
            let ready = buffer.takeReady()
            #expect(ready.count == 3 && Set(ready.map(\.chunk.id)).count == 1)
            #expect(ready.flatMap { Array($0.items) } == Array(0..<200))
            for delivery in ready {
                let loaded = try delivery.chunk.load(delivery.items)
                #expect(loaded.allItems == delivery.items && loaded.body.memoryBytes < 10 << 20)
            }
            buffer.end(ready[1], .delivered)
        }
        let after = buffer(try store())
        #expect(try after.recover() < 150)
        let ready = after.takeReady()
        #expect(ready.count == 2)
        for delivery in ready { after.end(delivery, .delivered) }
        #expect(chunkFiles.isEmpty && after.isEmpty)
    }

    @Test("of a thousand chunks being filled few files are open, and memory holds none of their events")
    func manyChunks() throws {
        let buffer = buffer(try store()) { $0.keys.usesTag = true }
        var source = BatchSource(buffer)
        for _ in 0..<3 {
            for number in 0..<1000 { _ = try source.emit(Tag("t\(number)"), records(0..<2)) }
        }
        #expect(openDescriptors() <= 65)
        #expect(chunkFiles.count == 1000)
        buffer.flushAll()
        #expect(buffer.takeReady().map(\.chunk.itemCount) == Array(repeating: 6, count: 1000))
    }

    @Test("a folder that cannot be made or written is an error that says what to do")
    func unusable() throws {
        let error = #expect(throws: ChunkStoreError.self) {
            _ = try FileChunkStore(
                FileBufferPath("/dev/null/x", isFolder: nil), format: "x", log: .discarding
            ) { LineFormatter() }
        }
        #expect(error?.description.contains("choose another path") == true)
    }

    @Test(
        "a batch is safe once it is on the disk with durability power, and at once without", arguments: [false, true])
    func safe(waitsForDisk: Bool) async throws {
        let store = try FileChunkStore(
            FileBufferPath(folder.path, isFolder: nil), format: "lines-1", waitsForDisk: waitsForDisk,
            fsyncIntervalSeconds: 0.001, log: Log(handler: recorder)
        ) { LineFormatter() }
        let buffer = buffer(store)
        var source = BatchSource(buffer)
        let (fates, settled) = AsyncStream<Receipt.Fate>.makeStream()
        for number in 0..<20 {
            let receipt = Receipt(for: .safe) { settled.yield($0) }
            source.receipt = receipt
            _ = try source.emit(records(number..<number + 1))
            receipt.settle(.delivered)
        }
        var got: [Receipt.Fate] = []
        for await fate in fates {
            got.append(fate)
            if got.count == 20 { break }
        }
        #expect(got == Array(repeating: waitsForDisk ? .safe : .delivered, count: 20))
        #expect(buffer.statistics.stagedChunks == 1, "nothing was delivered for it")
    }

    @Test("a receipt for the delivery is held until then, in files too") func deliveredReceipt() throws {
        let buffer = buffer(try store())
        var source = BatchSource(buffer)
        let fates = Fates()
        let receipt = Receipt { fates.note($0) }
        source.receipt = receipt
        _ = try source.emit(records(0..<2))
        receipt.settle(.delivered)
        #expect(fates.all.isEmpty)
        buffer.flushAll()
        for delivery in buffer.takeReady() { buffer.end(delivery, .delivered) }
        #expect(fates.all == [.delivered])
    }

    @Test(
        "of a damaged chunk that is given up the readable events are handed on, the others are lost",
        .timeLimit(.minutes(10)))
    func damagedAndGivenUp() async throws {
        let bytes = try chunk(of: [records(0..<2), records(2..<4)])
        var changed = bytes
        let place = try #require(bytes.firstRange(of: Array(#"{"n":1}"#.utf8))).lowerBound
        changed[place] ^= 1
        try folder.write(changed, as: Self.name)
        let buffer = buffer(try store()) { $0.retry.maxTimes = 0 }
        #expect(try buffer.recover() == 4)
        let (given, give) = AsyncStream<[String]>.makeStream()
        let workers = FlushWorkers(
            buffer: buffer, destination: ScriptedDestination([.retry(reason: Refusal(.busy, "no"), after: nil)]),
            name: "es", log: Log(handler: recorder),
            handlers: FlushHandlers(
                onRejected: { _, _, _ in .done(lost: 0) },
                onGaveUp: { chunk, items, _, _ in
                    give.yield(chunk.texts(items))
                    return .done(lost: 0)
                }))
        workers.start()
        for await texts in given {
            #expect(texts == records(2..<4))
            break
        }
        #expect(await workers.drained(within: 1000))
        _ = await workers.stop(within: 1)
        #expect(recorder.lines.contains { $0.contains("some of its events cannot be read") })
        #expect(folder.names.contains { $0.hasSuffix(".corrupt") } && chunkFiles.isEmpty)
    }

    private static let name = "buffer.s00000000000000000000000000000001.log.chunk"

    private func chunk(of batches: [[String]]) throws -> [UInt8] {
        do {
            let buffer = buffer(try store())
            var source = BatchSource(buffer)
            for batch in batches { _ = try source.emit(batch) }
            buffer.flushAll()
        }
        let bytes = try folder.read(#require(chunkFiles.first))
        folder.clear()
        return bytes
    }

    private func openDescriptors() -> Int {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return all.filter { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)"))?
                .hasPrefix(folder.path) ?? false
        }.count
    }
}

private final class Fates: Sendable {
    private let state = Mutex<[Receipt.Fate]>([])
    var all: [Receipt.Fate] { state.withLock { $0 } }
    func note(_ fate: Receipt.Fate) { state.withLock { $0.append(fate) } }
}

@Suite("Chunk file formats")
struct ChunkFormatTests {
    @Test("the checksum is CRC32C, by instruction and by table (RFC 3720 appendix B.4)")
    func checksum() {
        func both(_ bytes: [UInt8]) -> [UInt32] {
            var buffer = ByteBuffer()
            buffer.append(bytes)
            let all = Slice(offset: 0, length: buffer.count)
            var byTable = CRC32C()
            byTable.addByTable(all, of: buffer)
            return [CRC32C.of(all, buffer), byTable.value]
        }
        #expect(both(Array("123456789".utf8)) == [0xE306_9283, 0xE306_9283])
        #expect(both(Array(repeating: 0, count: 32)) == [0x8A91_36AA, 0x8A91_36AA])
        #expect(both(Array(repeating: 0xFF, count: 32)) == [0x62A8_AB43, 0x62A8_AB43])
        #expect(both(Array(0..<32)) == [0x46DD_794E, 0x46DD_794E])
    }

    @Test(
        "path is a folder or a name, as Fluentd's file buffer reads it",
        arguments: [
            ("/b", nil, "/b", "buffer.", ".log"), ("/b/", nil, "/b", "buffer.", ".log"),
            ("/b/x", false, "/b", "x.", ".log"), ("/b/x", true, "/b/x", "buffer.", ".log"),
            ("/b/x.*.buf", nil, "/b", "x.", ".buf"), ("/b/x.*", nil, "/b", "x.", ".log"),
            ("b", nil, "b", "buffer.", ".log"), ("x.*.log", nil, ".", "x.", ".log"),
        ] as [(String, Bool?, String, String, String)])
    func paths(_ path: String, isFolder: Bool?, folder: String, prefix: String, suffix: String) {
        let parsed = FileBufferPath(path, isFolder: isFolder)
        #expect(parsed.folder == folder && parsed.prefix == prefix && parsed.suffix == suffix)
        let id = String(repeating: "0a", count: 16)
        let name = String(parsed.file(ofChunk: id).split(separator: "/").last ?? "")
        #expect(parsed.chunk(ofFile: name) == id)
        #expect(parsed.chunk(ofFile: name + ".done") == nil && parsed.chunk(ofFile: "buffer.b\(id).log") == nil)
    }
}

/// A folder that goes with the test.
private final class TestFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-chunks-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))) }

    func write(_ bytes: [UInt8], as name: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func clear() { for name in names { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") } }
}
