import Buffering
import Events
import Testing

@Suite("Delivery queue")
struct DeliveryQueueTests {
    var settings = RetrySettings()

    init() { settings.randomize = false }

    @Test("chunks leave in order, several at once, and are released when delivered")
    func order() throws {
        let queue = QueueUnderTest(settings)
        for name in ["1", "2", "3"] { queue.enqueue(chunk(name, items: 2)) }
        let first = try #require(queue.delivery(at: 0))
        let second = try #require(queue.delivery(at: 0))
        #expect([first.chunk.id, second.chunk.id] == ["1", "2"])
        #expect(queue.queuedCount == 1 && queue.inFlightCount == 2)
        #expect(queue.run(first, .delivered) == ["delivered 1 2", "released 1"])
        #expect(queue.run(first, .delivered) == [], "an attempt ends once")
        #expect(queue.run(second, .delivered) == ["delivered 2 2", "released 2"])
        #expect(queue.delivery(at: 0)?.chunk.id == "3")
    }

    @Test("after a failure the output waits, then probes with one chunk at a time; a success clears it")
    func outage() throws {
        let queue = QueueUnderTest(settings)
        for name in ["1", "2", "3"] { queue.enqueue(chunk(name)) }
        let first = try #require(queue.delivery(at: 0))
        let second = try #require(queue.delivery(at: 0))
        #expect(
            queue.run(first, .retry(reason: Refusal(.busy, "refused"), after: nil), at: 0) == [
                "failing refused 1 at 1.0"
            ])
        // The other one was under way when the trouble began: it does not count as a second failure.
        #expect(
            queue.run(second, .retry(reason: Refusal(.busy, "refused"), after: nil), at: 0.1) == [
                "failing refused 1 at 1.0"
            ])
        #expect(queue.waits(at: 0.5) == .some(1.0))
        let probe = try #require(queue.delivery(at: 1))
        #expect(queue.waits(at: 1) == .some(nil), "one probe at a time")
        #expect(
            queue.run(probe, .retry(reason: Refusal(.busy, "refused"), after: nil), at: 1) == [
                "failing refused 2 at 3.0"
            ])
        let again = try #require(queue.delivery(at: 3))
        #expect(queue.run(again, .delivered, at: 3).first == "recovered 2")
        #expect(queue.outage == nil)
        #expect(queue.delivery(at: 3) != nil && queue.delivery(at: 3) != nil)
    }

    @Test("only the items that failed are sent again, and the others do not wait for them")
    func partial() throws {
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1", items: 5))
        queue.enqueue(chunk("2"))
        let first = try #require(queue.delivery(at: 0))
        let bad = RejectedItem(item: 2, status: 400, type: "mapper_parsing_exception", reason: "no date")
        let outcome = DeliveryOutcome.partial(retry: [1, 4], reason: Refusal(.busy, "429"), rejected: [bad])
        #expect(queue.run(first, outcome, at: 0) == ["rejected 1 [2]", "delivered 1 2", "failing 429 1 at 1.0"])
        #expect(queue.delivery(at: 0)?.chunk.id == "2")
        let retry = try #require(queue.delivery(at: 1))
        #expect(retry.chunk.id == "1" && retry.items == [1, 4])
        #expect(
            queue.run(retry, .partial(retry: [4], reason: Refusal(.busy, "429"), rejected: []), at: 1) == [
                "delivered 1 1", "failing 429 2 at 3.0",
            ])
        let last = try #require(queue.delivery(at: 3))
        #expect(last.items == [4])
        #expect(queue.run(last, .delivered, at: 3) == ["delivered 1 1", "released 1"])
    }

    @Test("when every item failed the whole output waits")
    func allItemsFailed() throws {
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1", items: 2))
        queue.enqueue(chunk("2"))
        let first = try #require(queue.delivery(at: 0))
        _ = queue.run(first, .partial(retry: [0, 1], reason: Refusal(.busy, "429"), rejected: []), at: 0)
        #expect(queue.outage?.failures == 1)
        #expect(queue.delivery(at: 0) == nil)
    }

    @Test("a request that is too large is halved until one item is left, which is rejected")
    func tooLarge() throws {
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1", items: 5))
        var log: [String] = []
        var sent: [[Int]] = []
        while let delivery = queue.delivery(at: 0) {
            sent.append(Array(delivery.items))
            // Item 3 is what makes it too large.
            log += queue.run(
                delivery, delivery.items.contains(3) ? .tooLarge(reason: Refusal(.busy, "413")) : .delivered)
        }
        #expect(sent == [[0, 1, 2, 3, 4], [0, 1], [2, 3, 4], [2], [3, 4], [3], [4]])
        #expect(log.filter { $0.hasPrefix("rejected") } == ["rejected 1 [3]"])
        #expect(log.filter { $0.hasPrefix("released") } == ["released 1"], "released once, when all parts are done")
        #expect(log.last == "released 1")
        #expect(queue.isEmpty)
    }

    @Test("the retry limit gives up all that waits, and the next chunk starts afresh")
    func limit() throws {
        var settings = settings
        settings.maxTimes = 1
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1"))
        queue.enqueue(chunk("2"))
        _ = queue.run(try #require(queue.delivery(at: 0)), .retry(reason: Refusal(.busy, "down"), after: nil), at: 0)
        let effects = queue.run(
            try #require(queue.delivery(at: 1)), .retry(reason: Refusal(.busy, "down"), after: nil), at: 1)
        #expect(effects.count == 4 && effects[0].hasPrefix("gaveUp 1 [0] down; gave up after 2 attempts in 1 s"))
        #expect(queue.isEmpty && queue.outage == nil)
    }

    @Test("a chunk that is refused as a whole is given up at once and holds nothing up")
    func rejected() throws {
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1"))
        queue.enqueue(chunk("2"))
        let first = try #require(queue.delivery(at: 0))
        #expect(
            queue.run(first, .rejected(reason: Refusal(.busy, "400 bad"))) == ["gaveUp 1 [0] 400 bad", "released 1"])
        #expect(queue.delivery(at: 0)?.chunk.id == "2")
    }

    @Test("past the threshold the secondary is asked; without one never")
    func secondary() throws {
        for hasSecondary in [true, false] {
            var settings = settings
            settings.timeoutSeconds = 10
            let queue = QueueUnderTest(settings, hasSecondary: hasSecondary)
            queue.enqueue(chunk("1"))
            _ = queue.run(
                try #require(queue.delivery(at: 0)), .retry(reason: Refusal(.busy, "down"), after: nil), at: 0)
            let early = try #require(queue.delivery(at: 7.9))
            #expect(early.target == .primary)
            _ = queue.run(early, .retry(reason: Refusal(.busy, "down"), after: nil), at: 7)
            #expect(queue.delivery(at: 9.5)?.target == (hasSecondary ? .secondary : .primary))
        }
    }

    @Test("drop_oldest_chunk takes queued chunks only")
    func dropOldest() throws {
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1"))
        queue.enqueue(chunk("2"))
        _ = try #require(queue.delivery(at: 0))
        #expect(queue.dropOldest()?.chunk.id == "2")
        #expect(queue.dropOldest() == nil)
    }

    @Test("a flush by signal forgets the waits")
    func retryNow() throws {
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1"))
        _ = queue.run(try #require(queue.delivery(at: 0)), .retry(reason: Refusal(.busy, "down"), after: 1000), at: 0)
        #expect(queue.delivery(at: 1) == nil)
        queue.retryNow()
        #expect(queue.delivery(at: 1)?.chunk.id == "1")
    }
}

private func chunk(_ name: String, items: Int = 1) -> SealedChunk {
    var body = ChunkBody()
    for _ in 0..<items {
        let start = body.bytes.count
        body.bytes.append("{}")
        body.endItem(from: start, label: 0, tag: 0, time: EventTime(seconds: 0))
    }
    return SealedChunk(body, id: name, key: .none)
}

/// The queue as a reference, because the test macros cannot call mutating functions.
private final class QueueUnderTest {
    private var queue: DeliveryQueue

    init(_ settings: RetrySettings, hasSecondary: Bool = false) {
        queue = DeliveryQueue(settings, hasSecondary: hasSecondary)
    }

    var queuedCount: Int { queue.queuedCount }
    var inFlightCount: Int { queue.inFlightCount }
    var isEmpty: Bool { queue.isEmpty }
    var outage: RetryState? { queue.outage }
    func enqueue(_ chunk: SealedChunk) { queue.enqueue(chunk) }
    func dropOldest() -> (chunk: SealedChunk, items: ItemSet, isReleased: Bool)? { queue.dropOldest() }
    func retryNow() { queue.retryNow() }

    func delivery(at now: Double) -> DeliveryQueue.Delivery? {
        if case .deliver(let delivery) = queue.next(at: now) { delivery } else { nil }
    }

    func waits(at now: Double) -> Double?? {
        if case .wait(let moment) = queue.next(at: now) { .some(moment) } else { nil }
    }

    /// Ends an attempt; the effects as short texts.
    func run(_ delivery: DeliveryQueue.Delivery, _ outcome: DeliveryOutcome, at now: Double = 0) -> [String] {
        queue.finish(delivery, outcome, at: now, random: 0).map { effect in
            switch effect {
            case .released(let chunk): "released \(chunk.id)"
            case .delivered(let chunk, let count): "delivered \(chunk.id) \(count)"
            case .rejected(let chunk, let items): "rejected \(chunk.id) \(items.map(\.item))"
            case .gaveUp(let chunk, let items, let reason): "gaveUp \(chunk.id) \(items) \(reason)"
            case .failing(let reason, let retry): "failing \(reason) \(retry.failures) at \(retry.nextAttemptAt)"
            case .recovered(let retry): "recovered \(retry.failures)"
            case .split(let chunk, let count, _): "split \(chunk.id) \(count)"
            }
        }
    }
}
