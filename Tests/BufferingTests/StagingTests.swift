import Buffering
import Events
import Synchronization
import TestSupport
import Testing

@Suite("Staging")
struct StagingTests {
    let clock = FakeClock()

    @Test("flush_interval counts from a chunk's first event")
    func interval() throws {
        var settings = BufferSettings()
        settings.flushIntervalSeconds = 5
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#])
        clock.advance(3)
        try source.emit([#"{"n":2}"#])
        #expect(buffer.sleepSeconds == 2)
        #expect(buffer.takeReady().isEmpty)
        clock.advance(2)
        let ready = buffer.takeReady()
        #expect(ready.map(\.chunk.texts) == [[#"{"n":1}"#, #"{"n":2}"#]])
        #expect(buffer.statistics.totalBytes > 0)
        buffer.end(ready[0], .delivered)
        #expect(buffer.statistics.totalBytes == 0)
        #expect(buffer.statistics.counts.deliveredEvents == 2 && buffer.statistics.counts.acceptedEvents == 2)
        #expect(buffer.isEmpty)
    }

    @Test("the tag as a key makes chunks of their own, shared by all objects of that tag")
    func tags() throws {
        var settings = BufferSettings()
        settings.keys.usesTag = true
        settings.flushIntervalSeconds = 1
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var source = BatchSource(buffer)
        try source.emit(tagA, [#"{"n":1}"#])
        try source.emit(tagB, [#"{"n":2}"#])
        try source.emit(Tag("a"), [#"{"n":3}"#])
        #expect(buffer.statistics.stagedChunks == 2)
        buffer.flushAll()
        let ready = buffer.takeReady()
        #expect(Set(ready.map(\.chunk.texts)) == [[#"{"n":1}"#, #"{"n":3}"#], [#"{"n":2}"#]])
        #expect(Set(ready.map(\.chunk.key)) == [ChunkKey(tag: Array("a".utf8)), ChunkKey(tag: Array("b".utf8))])
        // After sealing the same tag begins a new chunk.
        try source.emit(tagA, [#"{"n":4}"#])
        buffer.flushAll()
        #expect(buffer.takeReady().map(\.chunk.texts) == [[#"{"n":4}"#]])
    }

    @Test("time slices are sealed timekey_wait after their end, in the zone of timekey_zone")
    func timeSlices() throws {
        var settings = BufferSettings()
        settings.keys.timekeySeconds = 86_400
        settings.keys.timekeyWaitSeconds = 60
        settings.keys.zoneOffset = { _ in 3600 }
        #expect(settings.resolvedFlushMode == .lazy)
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var source = BatchSource(buffer)
        // Wall time is 1576001000: 2019-12-10 18:03:20 UTC, and the slice ends at 23:00 UTC.
        let end: Int64 = 1_576_018_800
        try source.emit([#"{"n":1}"#], at: end - 1)
        try source.emit([#"{"n":2}"#], at: end)
        #expect(buffer.sleepSeconds == Double(end + 60 - clock.wallSeconds()))
        clock.advance(Double(end + 59 - clock.wallSeconds()))
        #expect(buffer.takeReady().isEmpty)
        clock.advance(1)
        let ready = buffer.takeReady()
        #expect(ready.map(\.chunk.texts) == [[#"{"n":1}"#]])
        #expect(ready.first?.chunk.key.timeSlice == end - 86_400)
    }

    @Test("events of a slice that is over are collected for a while, and do not make a chunk of every batch")
    func lateSlices() throws {
        var settings = BufferSettings()
        settings.keys.timekeySeconds = 3600
        settings.keys.timekeyWaitSeconds = 110
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var source = BatchSource(buffer)
        for number in 0..<3 {
            try source.emit([#"{"n":\#(number)}"#], at: 1000)
            #expect(buffer.takeReady().isEmpty)
            clock.advance(3)
        }
        #expect(buffer.sleepSeconds == 1)
        clock.advance(1)
        #expect(buffer.takeReady().map(\.chunk.itemCount) == [3])
    }

    @Test("shared chunks are filled by all loops", arguments: [true, false])
    func sharedChunks(_ isShared: Bool) throws {
        var settings = BufferSettings()
        settings.sharesChunks = isShared
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var first: BatchSource? = BatchSource(buffer)
        var second = BatchSource(buffer)
        try first?.emit([#"{"n":1}"#])
        try second.emit([#"{"n":2}"#])
        // A reload makes emitters anew.
        first = nil
        var third = BatchSource(buffer)
        try third.emit([#"{"n":3}"#])
        buffer.flushAll()
        #expect(buffer.takeReady().map(\.chunk.itemCount) == (isShared ? [3] : [2, 1]))
    }

    @Test("record keys split a batch, and a record without the key has an empty value")
    func recordKeys() throws {
        var settings = BufferSettings()
        settings.keys.fieldNames = ["user"]
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var source = BatchSource(
            buffer,
            readers: [
                { record, rows, storage, value in
                    guard let index = rows.find(Array("user".utf8), in: record, storage) else { return }
                    value += storage.array(rows.fields[index].value.slice)
                }
            ])
        try source.emit([#"{"user":"x"}"#, #"{"user":"y"}"#, #"{"n":3}"#, #"{"user":"x","n":4}"#])
        buffer.flushAll()
        let ready = buffer.takeReady()
        #expect(
            Set(ready.map(\.chunk.key.fields)) == [[Array("x".utf8)], [Array("y".utf8)], [[]]])
        #expect(ready.contains { $0.chunk.texts == [#"{"user":"x"}"#, #"{"user":"x","n":4}"#] })
    }

    @Test("no chunk is larger than chunk_limit_size, no event is lost or out of order")
    func chunkLimit() throws {
        for limit in [60, 100, 101, 150, 1000] {
            var settings = BufferSettings()
            settings.chunkLimitBytes = limit
            let buffer = ChunkBuffer(settings: settings, clock: clock)
            var source = BatchSource(buffer)
            let records = (0..<50).map { #"{"n":\#($0 * 7919)}"# }
            try source.emit(Array(records[..<20]))
            try source.emit(Array(records[20...]))
            buffer.flushAll()
            let ready = buffer.takeReady()
            #expect(ready.flatMap(\.chunk.texts) == records)
            #expect(ready.allSatisfy { $0.chunk.byteCount <= limit })
            for delivery in ready { buffer.end(delivery, .delivered) }
            #expect(buffer.statistics.totalBytes == 0, "limit \(limit)")
        }
    }

    @Test("chunk_limit_records counts events")
    func chunkLimitRecords() throws {
        var settings = BufferSettings()
        settings.chunkLimitRecords = 2
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var source = BatchSource(buffer)
        try source.emit((0..<5).map { #"{"n":\#($0)}"# })
        #expect(buffer.takeReady().map(\.items.count) == [2, 2])
        #expect(buffer.statistics.stagedChunks == 1)
    }

    @Test("a record larger than a chunk may be is rejected, its neighbours are kept")
    func recordTooLarge() throws {
        var settings = BufferSettings()
        settings.chunkLimitBytes = 100
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var source = BatchSource(buffer)
        let large = #"{"n":"\#(String(repeating: "x", count: 100))"}"#
        try source.emit([#"{"n":1}"#, large, #"{"bad":1}"#, #"{"n":2}"#, large])
        #expect(
            source.rejections.map(\.kind) == [
                "Fluent::Plugin::Buffer::BufferChunkOverflowError", "Bad",
                "Fluent::Plugin::Buffer::BufferChunkOverflowError",
            ])
        #expect(source.rejections[0].reason.contains("raise chunk_limit_size"))
        buffer.flushAll()
        #expect(buffer.takeReady().flatMap(\.chunk.texts) == [#"{"n":1}"#, #"{"n":2}"#])
    }

    @Test("immediate makes a chunk of every batch")
    func immediate() throws {
        var settings = BufferSettings()
        settings.flushMode = .immediate
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#])
        try source.emit([#"{"n":2}"#])
        #expect(buffer.takeReady().count == 2)
    }

    @Test("while the queue is full, age makes no more chunks")
    func queuedChunksLimit() throws {
        var settings = BufferSettings()
        settings.keys.usesTag = true
        settings.flushIntervalSeconds = 1
        settings.retry.randomize = false
        settings.retry.maxIntervalSeconds = 1000
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var source = BatchSource(buffer)
        try source.emit(tagA, [#"{"n":1}"#])
        clock.advance(1)
        guard case .deliver(let delivery) = buffer.nextStep() else {
            Issue.record("nothing due")
            return
        }
        buffer.end(delivery, .retry(reason: Refusal(.busy, "down"), after: 100))
        try source.emit(tagA, [#"{"n":2}"#])
        try source.emit(tagB, [#"{"n":3}"#])
        clock.advance(50)
        #expect(buffer.sleepSeconds == 50, "it sleeps until the retry, not in circles")
        #expect(buffer.statistics.queuedChunks == 1 && buffer.statistics.stagedChunks == 2)
    }

    @Test("an item that waits on its own does not keep the others from being sent in time")
    func waitingOnItsOwn() throws {
        var settings = BufferSettings()
        settings.flushIntervalSeconds = 1
        settings.retry.randomize = false
        settings.retry.waitSeconds = 20
        let buffer = ChunkBuffer(settings: settings, clock: clock)
        var source = BatchSource(buffer)
        try source.emit(tagA, [#"{"bad":1}"#, #"{"n":1}"#])
        clock.advance(1)
        guard case .deliver(let delivery) = buffer.nextStep() else {
            Issue.record("nothing due")
            return
        }
        buffer.end(delivery, .partial(retry: [0], reason: Refusal(.blocked, "403"), rejected: []))
        try source.emit(tagA, [#"{"n":2}"#])
        #expect(buffer.sleepSeconds == 1)
        clock.advance(1)
        guard case .deliver(let next) = buffer.nextStep() else {
            Issue.record("the next chunk waits for the blocked item")
            return
        }
        #expect(next.chunk.texts == [#"{"n":2}"#])
    }

    @Test("a batch's receipt waits for the record that moved to the next chunk") func receiptOfMoved() throws {
        var settings = BufferSettings()
        settings.chunkLimitBytes = 1000
        settings.flushIntervalSeconds = 3600
        let buffer = ChunkBuffer(settings: settings, clock: FakeClock())
        var source = BatchSource(buffer)
        let fates = Mutex<[Receipt.Fate]>([])
        let receipt = Receipt { fate in fates.withLock { $0.append(fate) } }
        source.receipt = receipt
        let record = #"{"m":"\#(String(repeating: "x", count: 480))"}"#
        try source.emit([record, record])
        receipt.settle(.delivered)
        buffer.flushAll()
        let ready = buffer.takeReady()
        #expect(ready.map(\.chunk.itemCount) == [1, 1])
        for delivery in ready {
            #expect(fates.withLock { $0 } == [])
            buffer.end(delivery, .delivered)
        }
        #expect(fates.withLock { $0 } == [.delivered])
    }
}

extension ChunkBuffer {
    var sleepSeconds: Double? {
        if case .sleep(let seconds) = nextStep() { seconds } else { nil }
    }
}
