import Buffering
import Events
import Synchronization
import TestSupport
import Testing

/// A buffer as a whole through random sequences: the account is exact after every step and ends at zero, every event is
/// delivered or accounted for, receipts are settled once.
@Suite("Chunk buffer, against a model", .timeLimit(.minutes(10)))
struct BufferModelTests {
    @Test("the account is exact after every step", arguments: BufferSettings.OverflowAction.allCases, 0..<15)
    func sequences(action: BufferSettings.OverflowAction, seed: UInt64) throws {
        for round in 0..<10 {
            var random = SeededGenerator(seed: seed * 100 + UInt64(round))
            var run = BufferRun(action, &random)
            for _ in 0..<150 { try run.step(&random) }
            run.drain()
        }
    }

    @Test("loops that fill and workers that empty: every wait for room ends, and the account ends at zero")
    func threads() async throws {
        var settings = BufferSettings()
        settings.totalLimitBytes = 40_000
        settings.chunkLimitBytes = 6000
        settings.flushThreadCount = 3
        settings.flushIntervalSeconds = 0.01
        let buffer = ChunkBuffer(settings: settings)
        let destination = ScriptedDestination()
        let workers = FlushWorkers(
            buffer: buffer, destination: destination, name: "x",
            handlers: FlushHandlers(
                onRejected: { _, _, _ in .done(lost: 0) }, onGaveUp: { _, _, _, _ in .done(lost: 0) }))
        workers.start()
        let calls = Calls()
        buffer.whenRoom { calls.note() }
        let waits = await withTaskGroup(of: Int.self) { group in
            for loop in 0..<4 {
                group.addTask {
                    var waits = 0
                    var source = BatchSource(buffer)
                    for number in 0..<400 {
                        let before = calls.count
                        let text = #"{"l":\#(loop),"n":\#(number),"m":"\#(String(repeating: "x", count: 200))"}"#
                        guard (try? source.emit([text, text])) == .acceptedFull else { continue }
                        waits += 1
                        // The call that ends this wait comes after the answer, or there was room before it.
                        for _ in 0..<20_000 where calls.count == before {
                            try? await Task.sleep(for: .milliseconds(1))
                        }
                        if calls.count == before { return -1 }
                    }
                    return waits
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(!waits.contains(-1), "told to wait, and never called")
        #expect(waits.reduce(0, +) > 10, "the limit was never reached: \(waits)")
        #expect(await workers.shutdown(within: 30).chunkCount == 0)
        #expect(buffer.statistics.totalBytes == 0)
        #expect(buffer.statistics.counts.deliveredEvents == 3200)
        #expect(destination.sent.flatMap { $0 }.count == 3200)
    }

    @Test("twenty thousand chunks by tag cost no more each than five thousand")
    func scale() throws {
        func seconds(_ count: Int) throws -> Double {
            var settings = BufferSettings()
            settings.keys.usesTag = true
            settings.flushIntervalSeconds = 5
            let clock = FakeClock()
            let buffer = ChunkBuffer(settings: settings, clock: clock)
            var source = BatchSource(buffer)
            let begin = ThreadTime.seconds
            for number in 0..<count {
                try source.emit(Tag("t\(number)"), ["{}"])
                clock.advance(0.0001)
            }
            clock.advance(10)
            var delivered = 0
            while case .deliver(let delivery) = buffer.nextStep() {
                buffer.end(
                    delivery,
                    delivered % 3 == 0
                        ? .partial(
                            retry: delivery.items, reason: Refusal(.busy, ""), rejected: []) : .delivered)
                delivered += 1
            }
            #expect(delivered == count)
            return ThreadTime.seconds - begin
        }
        let small = try seconds(5000)
        #expect(try seconds(20_000) < small * 12)
    }
}

private final class Calls: Sendable {
    private let made = Atomic<Int>(0)
    var count: Int { made.load(ordering: .sequentiallyConsistent) }
    func note() { made.add(1, ordering: .sequentiallyConsistent) }
}

private struct BufferRun {
    let clock = FakeClock()
    let buffer: ChunkBuffer
    let action: BufferSettings.OverflowAction
    var sources: [BatchSource] = []
    var inFlight: [DeliveryQueue.Delivery] = []
    var leaving: [DeliveryQueue.Delivery] = []
    var nextEvent = 0
    var accepted = 0
    var met = 0
    var receipts: [(receipt: Receipt, fates: Fates)] = []
    /// Told to wait, and not called yet.
    let waits = Waits()

    final class Waits: Sendable {
        let count = Atomic<Int>(0)
    }

    final class Fates: Sendable {
        let list = Mutex<[Receipt.Fate]>([])
    }

    init(_ action: BufferSettings.OverflowAction, _ random: inout SeededGenerator) {
        self.action = action
        var settings = BufferSettings()
        settings.overflowAction = action
        settings.totalLimitBytes = [6000, 30_000, 1 << 20].randomElement(using: &random)!
        settings.chunkLimitBytes = [300, 2000, 8 << 20].randomElement(using: &random)!
        settings.chunkLimitRecords = [nil, 3].randomElement(using: &random)!
        settings.keys.usesTag = Bool.random(using: &random)
        if Bool.random(using: &random) {
            settings.keys.timekeySeconds = 10
            settings.keys.timekeyWaitSeconds = 5
            settings.keys.zoneOffset = { _ in 0 }
        }
        settings.flushMode = BufferSettings.FlushMode.allCases.randomElement(using: &random)!
        settings.flushIntervalSeconds = 4
        settings.queuedChunksLimit = 5
        settings.retry.maxTimes = 3
        buffer = ChunkBuffer(settings: settings, hasSecondary: Bool.random(using: &random), clock: clock)
        for _ in 0..<2 { sources.append(BatchSource(buffer)) }
        buffer.whenRoom { [waits] in waits.count.store(0, ordering: .relaxed) }
    }

    mutating func step(_ random: inout SeededGenerator) throws {
        switch Int.random(in: 0..<12, using: &random) {
        case 0...4: try emit(&random)
        case 5, 6: if case .deliver(let delivery) = buffer.nextStep() { inFlight.append(delivery) }
        case 7, 8: finish(&random)
        case 9: complete()
        case 10: clock.advance(Double(Int.random(in: 0...4, using: &random)))
        default: if Int.random(in: 0..<5, using: &random) == 0 { buffer.flushAll() }
        }
        #expect(buffer.statistics.totalBytes == buffer.recountedBytes)
        #expect(buffer.statistics.totalBytes >= 0)
    }

    private mutating func emit(_ random: inout SeededGenerator) throws {
        let source = Int.random(in: 0..<2, using: &random)
        let fates = Fates()
        let receipt =
            Bool.random(using: &random) ? Receipt { fate in fates.list.withLock { $0.append(fate) } } : nil
        sources[source].receipt = receipt
        let texts = (0..<Int.random(in: 1...8, using: &random)).map { _ in
            let size = [0, 50, 250, 2100].randomElement(using: &random)!
            nextEvent += 1
            let bad = Int.random(in: 0..<12, using: &random) == 0 ? #""bad":1,"# : ""
            return #"{\#(bad)"n":\#(nextEvent),"m":"\#(String(repeating: "x", count: size))"}"#
        }
        let tag = Tag("t\(Int.random(in: 0..<30, using: &random))")
        let rejectedBefore = sources[source].rejections.count
        let second = clock.wallSeconds() + Int64.random(in: -20...20, using: &random)
        let acceptance = try sources[source].emit(tag, texts, at: second)
        switch acceptance {
        case .accepted: accepted += texts.count
        case .acceptedFull:
            #expect(action == .block)
            waits.count.store(1, ordering: .relaxed)
            accepted += texts.count
        case .refused: #expect(action == .throwException)
        }
        met += sources[source].rejections.count - rejectedBefore
        if action == .dropOldestChunk && inFlight.isEmpty && leaving.isEmpty { #expect(buffer.hasRoom) }
        if let receipt {
            receipt.settle(.delivered)
            receipts.append((receipt, fates))
        }
    }

    private mutating func finish(_ random: inout SeededGenerator) {
        guard !inFlight.isEmpty else { return }
        let delivery = inFlight.removeFirst()
        let busy = Refusal(.busy, "429")
        switch Int.random(in: 0..<6, using: &random) {
        case 0: end(delivery, .retry(reason: busy, after: nil))
        case 1: end(delivery, .partial(retry: ItemSet(delivery.items.suffix(1)), reason: busy, rejected: []))
        case 2: end(delivery, .tooLarge(reason: busy))
        case 3: end(delivery, .rejected(reason: busy))
        default: end(delivery, .delivered)
        }
    }

    private mutating func end(_ delivery: DeliveryQueue.Delivery, _ outcome: DeliveryOutcome) {
        for effect in buffer.finish(delivery, outcome) {
            switch effect {
            case .delivered(_, let count, _): met += count
            case .rejected(_, let items, _): met += items.count
            case .gaveUp(_, let items, _, _): met += items.count
            default: break
            }
        }
        leaving.append(delivery)
    }

    private mutating func complete() {
        guard !leaving.isEmpty else { return }
        _ = buffer.complete(leaving.removeFirst())
    }

    mutating func drain() {
        buffer.beginDrain()
        for _ in 0..<10_000 where !buffer.isEmpty {
            if case .deliver(let delivery) = buffer.nextStep() { inFlight.append(delivery) }
            while !inFlight.isEmpty { end(inFlight.removeFirst(), .delivered) }
            while !leaving.isEmpty { complete() }
            clock.advance(1)
        }
        #expect(buffer.statistics.totalBytes == 0 && buffer.recountedBytes == 0)
        #expect(met + buffer.statistics.counts.droppedEvents == accepted)
        #expect(waits.count.load(ordering: .relaxed) == 0, "told to wait, and never called")
        for (_, fates) in receipts { #expect(fates.list.withLock { $0.count } == 1, "settled once") }
        if action != .dropOldestChunk {
            #expect(receipts.allSatisfy { $0.fates.list.withLock { !$0.contains(.lost) } })
        }
    }
}
