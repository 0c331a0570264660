import Buffering
import Events
import Logging
import Synchronization
import TestSupport
import Testing

@Suite("A full buffer")
struct OverflowTests {
    let clock = FakeClock()
    let recorder = LogRecorder()

    private func buffer(
        _ action: BufferSettings.OverflowAction, limit: Int = 20_000,
        _ change: (inout BufferSettings) -> Void = { _ in }
    ) -> ChunkBuffer {
        var settings = BufferSettings()
        settings.totalLimitBytes = limit
        settings.overflowAction = action
        settings.flushIntervalSeconds = 3600
        change(&settings)
        return ChunkBuffer(settings: settings, clock: clock, log: Log(handler: recorder).with("output", "es"))
    }

    /// About a kilobyte.
    private func record(_ number: Int) -> String {
        #"{"n":\#(number),"m":"\#(String(repeating: "x", count: 1000))"}"#
    }

    private var lines: [String] { recorder.entries.map(\.message) }

    @Test("block takes the batch, asks to stop, and calls once when a tenth of the limit is free")
    func block() throws {
        let buffer = buffer(.block) { $0.flushMode = .immediate }
        let calls = Mutex(0)
        buffer.whenRoom { calls.withLock { $0 += 1 } }
        var source = BatchSource(buffer)
        var count = 0
        while try source.emit([record(count)]) == .accepted { count += 1 }
        #expect(!buffer.hasRoom && count > 5)
        let ready = buffer.takeReady()
        #expect(ready.count == count + 1, "the batch that filled it is in it")
        for delivery in ready {
            buffer.end(delivery, .delivered)
            let isFree = buffer.statistics.totalBytes <= 18_000
            #expect(calls.withLock { $0 } == (isFree ? 1 : 0))
        }
        #expect(buffer.statistics.totalBytes == 0 && buffer.hasRoom)
        #expect(try source.emit([record(0)]) == .accepted)
        #expect(lines.map { $0.prefix(30) } == ["buffer is full: inputs wait un", "buffer has room again"])
        #expect(lines[0].contains("raise total_limit_size") && lines[0].contains("overflow_action block"))
        #expect(recorder.entries[0].fields.contains { $0.name == "output" })
    }

    @Test("block refuses at last when many have not heard that they must stop")
    func overrun() throws {
        let buffer = buffer(.block, limit: 1 << 20)
        var source = BatchSource(buffer)
        let large = #"{"m":"\#(String(repeating: "x", count: 4 << 20))"}"#
        var taken = 0
        while taken < 40 {
            if case .refused(let reason) = try source.emit([large]) {
                #expect(reason.kind == .full)
                break
            }
            taken += 1
        }
        #expect(taken < 12, "32 MB and no more come in beyond the limit")
    }

    @Test("when everything is staged and nothing due, a full buffer sends what is oldest")
    func nothingQueued() throws {
        let buffer = buffer(.block)
        var source = BatchSource(buffer)
        while try source.emit([record(1)]) == .accepted {}
        let ready = buffer.takeReady()
        #expect(ready.count == 1)
        buffer.end(ready[0], .delivered)
        #expect(buffer.hasRoom && buffer.takeReady().isEmpty)
    }

    @Test("throw_exception refuses a batch before it formats anything, and holds no input up")
    func throwException() throws {
        let buffer = buffer(.throwException)
        var source = BatchSource(buffer)
        while buffer.hasRoom { #expect(try source.emit([record(1)]) == .accepted) }
        let bytes = buffer.statistics.totalBytes
        for _ in 0..<3 {
            guard case .refused(let reason) = try source.emit([#"{"bad":1}"#, record(2)]) else {
                Issue.record("not refused")
                return
            }
            #expect(reason.kind == .full && reason.sentence.contains("total_limit_size of 20000 bytes"))
        }
        #expect(buffer.statistics.totalBytes == bytes && source.rejections.isEmpty)
        #expect(buffer.statistics.counts.refusedEvents == 6)
        for delivery in buffer.takeReady() { buffer.end(delivery, .delivered) }
        #expect(try source.emit([record(3)]) == .accepted)
        #expect(
            lines.map { $0.prefix(34) } == [
                "buffer is full: events are refused", "buffer is full: refused 2 events (",
                "buffer is full: refused 4 events (", "buffer has room again",
            ])
    }

    @Test("drop_oldest_chunk takes everything and drops the oldest, queued ones first, and counts them")
    func dropOldest() throws {
        let buffer = buffer(.dropOldestChunk) { $0.chunkLimitBytes = 4000 }
        var source = BatchSource(buffer)
        for number in 0..<300 {
            #expect(try source.emit([record(number)]) == .accepted)
            #expect(buffer.statistics.totalBytes < 20_000)
            clock.advance(0.1)
        }
        #expect(!lines.contains { $0.hasPrefix("buffer has room") }, "dropping makes no room to tell of")
        buffer.flushAll()
        let texts = buffer.takeReady().flatMap(\.chunk.texts)
        let dropped = buffer.statistics.counts.droppedEvents
        #expect(texts == (dropped..<300).map(record), "the newest, without a gap")
        #expect(texts.count > 8 && buffer.statistics.counts.droppedChunks > 50)
        // At once, and then every ten seconds.
        #expect(lines.count <= 5 && lines[1].hasSuffix("chunks (overflow_action drop_oldest_chunk)"))
    }

    @Test("drop_oldest_chunk drops what is staged when nothing is queued, and what is new when all is in delivery")
    func dropStaged() throws {
        let buffer = buffer(.dropOldestChunk) { $0.keys.usesTag = true }
        var source = BatchSource(buffer)
        let fates = Mutex<[Receipt.Fate]>([])
        source.receipt = Receipt { fate in fates.withLock { $0.append(fate) } }
        for number in 0..<40 {
            #expect(try source.emit(Tag("t\(number)"), [record(number)]) == .accepted)
            if number == 0 {
                source.receipt?.settle(.delivered)
                source.receipt = nil
            }
        }
        #expect(fates.withLock { $0 } == [.lost])
        #expect(buffer.statistics.counts.droppedEvents > 20 && buffer.statistics.stagedChunks > 3)
        buffer.flushAll()
        let inDelivery = buffer.takeReady()
        for number in 0..<40 { #expect(try source.emit(Tag("t\(number)"), [record(number)]) == .accepted) }
        #expect(buffer.statistics.totalBytes < 20_000)
        for delivery in inDelivery { buffer.end(delivery, .delivered) }
        #expect(buffer.statistics.totalBytes == buffer.recountedBytes)
    }

    @Test(
        "tags, keys, labels and tables count, and a thousand small chunks do not begin large", arguments: [true, false])
    func whatCounts(byTag: Bool) throws {
        let buffer = buffer(.block, limit: 512 << 20) { $0.keys.usesTag = byTag }
        var source = BatchSource(buffer)
        let long = String(repeating: "t", count: 100_000)
        for number in 0..<50 { try source.emit(Tag("\(long)\(number)"), ["{}"]) }
        #expect(buffer.statistics.totalBytes > 50 * 100_000)
        buffer.flushAll()
        for delivery in buffer.takeReady() { buffer.end(delivery, .delivered) }
        #expect(buffer.statistics.totalBytes == 0)
        for number in 0..<1000 { try source.emit(Tag("\(number)"), ["{}"]) }
        #expect(buffer.statistics.totalBytes < (byTag ? 8_000_000 : 500_000))
    }

    @Test("the room that a chunk leaves when its last items move into a small one is told of") func remnantMakesRoom()
        throws
    {
        let buffer = buffer(.block)
        let calls = Mutex(0)
        buffer.whenRoom { calls.withLock { $0 += 1 } }
        var source = BatchSource(buffer)
        while try source.emit([record(1)]) == .accepted {}
        let delivery = try #require(buffer.takeReady().first)
        buffer.end(
            delivery,
            .partial(retry: ItemSet(delivery.items.suffix(1)), reason: Refusal(.busy, "429"), rejected: []))
        #expect(buffer.statistics.totalBytes > 0 && buffer.hasRoom)
        #expect(calls.withLock { $0 } == 1)
    }
}

@Suite("Lines about a full buffer")
struct OverflowNoticesTests {
    @Test("full and room are told once; many times a minute are told once a minute")
    func flapping() {
        let notices = Notices()
        #expect(notices.full(0) == [.full] && notices.full(1) == [])
        #expect(notices.room(2) == [.room(seconds: 2)] && notices.room(3) == [])
        for second in 4..<60 {
            #expect(notices.full(Double(second)) == [] && notices.room(Double(second) + 0.5) == [])
        }
        #expect(notices.full(60) == [.full])
    }

    @Test("what is dropped and refused is told at once, every ten seconds, and at the end")
    func counted() {
        let notices = Notices()
        #expect(notices.dropped(3, 0) == [.full, .dropped(events: 3, chunks: 1)])
        #expect(notices.dropped(4, 5) == [] && notices.dropped(5, 9) == [])
        #expect(notices.dropped(6, 10) == [.dropped(events: 15, chunks: 3)])
        #expect(notices.dropped(7, 11) == [])
        #expect(notices.room(12) == [.dropped(events: 7, chunks: 1), .room(seconds: 12)])
        #expect(notices.room(13) == [])
    }

    /// By reference, for the test macros.
    private final class Notices {
        var notices = OverflowNotices()
        func full(_ now: Double) -> [OverflowNotices.Line] { notices.becameFull(at: now) }
        func room(_ now: Double) -> [OverflowNotices.Line] { notices.hasRoom(at: now) }
        func dropped(_ events: Int, _ now: Double) -> [OverflowNotices.Line] {
            notices.dropped(events: events, chunks: 1, at: now)
        }
    }
}
