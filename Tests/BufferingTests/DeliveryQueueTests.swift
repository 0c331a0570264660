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
        #expect(queue.run(first, .delivered) == ["delivered 1 2", "released 1 delivered"])
        #expect(queue.run(first, .delivered) == [], "an attempt ends once")
        #expect(queue.run(second, .delivered) == ["delivered 2 2", "released 2 delivered"])
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
                "delivered 1 1", "failing 429 1 at 2.0",
            ], "as long as some go through the wait does not grow")
        let alone = try #require(queue.delivery(at: 2))
        #expect(
            queue.run(alone, .partial(retry: [4], reason: Refusal(.busy, "429"), rejected: []), at: 2) == [
                "failing 429 2 at 4.0"
            ], "now it does")
        let last = try #require(queue.delivery(at: 4))
        #expect(last.items == [4])
        #expect(queue.run(last, .delivered, at: 4) == ["delivered 1 1", "released 1 refused"])
    }

    @Test("an item that fails for ever waits alone, also when it was all that was sent")
    func failingItem() throws {
        var settings = settings
        settings.maxTimes = 3
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1"))
        var log: [String] = []
        var now = 0.0
        for number in 2..<40 {
            queue.enqueue(chunk("\(number)"))
            while let delivery = queue.delivery(at: now) {
                let outcome: DeliveryOutcome =
                    delivery.chunk.id == "1"
                    ? .partial(retry: delivery.items, reason: Refusal(.blocked, "403"), rejected: []) : .delivered
                log += queue.run(delivery, outcome, at: now)
            }
            #expect(queue.outage == nil && log.contains("released \(number) delivered"))
            now += 1
        }
        #expect(log.filter { $0.hasPrefix("failing") }.count == 3)
        #expect(log.filter { $0.hasPrefix("gaveUp") } == ["gaveUp 1 [0] 403; gave up after 4 attempts in 7 s"])
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
        #expect(log.filter { $0.hasPrefix("released") } == ["released 1 refused"], "released once")
        #expect(log.last == "released 1 refused", "when all parts are done")
        #expect(queue.isEmpty)
    }

    @Test("the retry limit gives up the one chunk that reached it, and the next one is tried at once")
    func limit() throws {
        var settings = settings
        settings.maxTimes = 1
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1"))
        queue.enqueue(chunk("2"))
        let down = DeliveryOutcome.retry(reason: Refusal(.unreachable, "down"), after: nil)
        _ = queue.run(try #require(queue.delivery(at: 0)), down, at: 0)
        #expect(
            queue.run(try #require(queue.delivery(at: 1)), down, at: 1) == [
                "gaveUp 1 [0] down; gave up after 2 attempts in 1 s", "released 1 refused",
            ])
        let next = try #require(queue.delivery(at: 1))
        #expect(next.chunk.id == "2" && queue.delivery(at: 1) == nil, "one probe at a time")
        #expect(queue.run(next, down, at: 1) == ["failing down 1 at 2.0"])
        #expect(
            queue.run(try #require(queue.delivery(at: 2)), .delivered, at: 2) == [
                "recovered 3", "delivered 2 1", "released 2 delivered",
            ])
        #expect(queue.isEmpty && queue.outage == nil)
    }

    @Test("a chunk that is refused as a whole is given up at once and holds nothing up")
    func rejected() throws {
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1"))
        queue.enqueue(chunk("2"))
        let first = try #require(queue.delivery(at: 0))
        #expect(
            queue.run(first, .rejected(reason: Refusal(.busy, "400 bad"))) == [
                "gaveUp 1 [0] 400 bad", "released 1 refused",
            ])
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

    @Test("a long wait does not jump over the secondary's turn", arguments: [false, true])
    func secondaryInTime(isPartial: Bool) throws {
        var settings = settings
        (settings.waitSeconds, settings.timeoutSeconds, settings.secondaryThreshold) = (2, 20, 0.8)
        let queue = QueueUnderTest(settings, hasSecondary: true)
        queue.enqueue(chunk("1", items: 2))
        let down = DeliveryOutcome.retry(reason: Refusal(.busy, "x"), after: nil)
        let rest = DeliveryOutcome.partial(retry: [0, 1], reason: Refusal(.busy, "x"), rejected: [])
        var moments: [Double] = []
        var now = 0.0
        while let delivery = queue.delivery(at: now) {
            moments.append(now)
            if delivery.target == .secondary { break }
            _ = queue.run(delivery, isPartial ? rest : down, at: now)
            guard case .some(.some(let next)) = queue.waits(at: now) else { break }
            now = next
        }
        // Without the cut: 0, 2, 6, 14, and at 30 it is too late.
        #expect(moments == [0, 2, 6, 14, 16])
    }

    @Test("what is refused for good goes to the secondary, which fails on its own and is tried again")
    func refusedToSecondary() throws {
        let queue = QueueUnderTest(settings, hasSecondary: true)
        queue.enqueue(chunk("1"))
        queue.enqueue(chunk("2"))
        let bad = Refusal(.invalid, "400")
        let first = try #require(queue.delivery(at: 0))
        #expect(queue.run(first, .rejected(reason: bad)) == ["passedOn 1 [0] 400"])
        let passed = try #require(queue.delivery(at: 0))
        #expect(passed.target == .secondary && passed.chunk.id == "1")
        #expect(
            queue.run(passed, .retry(reason: Refusal(.full, "no room"), after: nil), at: 0) == [
                "failing no room 1 at 1.0"
            ])
        #expect(queue.outage == nil)
        #expect(queue.delivery(at: 0)?.chunk.id == "2")
        let again = try #require(queue.delivery(at: 1))
        #expect(again.target == .secondary)
        #expect(queue.run(again, .delivered, at: 1) == ["delivered 1 1 by the secondary", "released 1 refused"])
    }

    @Test("a chunk stays until the effects of all its attempts are carried out")
    func completion() throws {
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1", items: 2))
        let whole = try #require(queue.delivery(at: 0))
        _ = queue.run(whole, .tooLarge(reason: Refusal(.tooLarge, "413")))
        let first = try #require(queue.delivery(at: 0))
        let second = try #require(queue.delivery(at: 0))
        #expect(queue.finish(first, .tooLarge(reason: Refusal(.tooLarge, "413"))) == ["rejected 1 [0]"])
        #expect(queue.run(second, .delivered) == ["delivered 1 1"], "the other half is still on its way")
        #expect(queue.undelivered.map { $0.items } == [[0]])
        #expect(queue.complete(first) == ["released 1 refused"])
        #expect(queue.complete(first) == [] && queue.isEmpty)
    }

    @Test("rejected items are told when all others failed and none was delivered")
    func rejectedAndRetried() throws {
        let queue = QueueUnderTest(settings)
        queue.enqueue(chunk("1", items: 3))
        let bad = RejectedItem(item: 1, status: 400, type: "t", reason: "r")
        let delivery = try #require(queue.delivery(at: 0))
        #expect(
            queue.run(delivery, .partial(retry: [0, 2], reason: Refusal(.busy, "429"), rejected: [bad]), at: 0) == [
                "rejected 1 [1]", "failing 429 1 at 1.0",
            ])
        #expect(queue.outage == nil)
    }

    @Test("the last items of a large chunk move into a small one of its name, unless their numbers are noted")
    func remnant() throws {
        for keepsNumbers in [false, true] {
            let queue = QueueUnderTest(settings)
            if keepsNumbers { queue.keepNumbers() }
            let large = chunk("1", items: 500)
            queue.enqueue(large)
            let delivery = try #require(queue.delivery(at: 0))
            let effects = queue.run(
                delivery, .partial(retry: [3, 499], reason: Refusal(.busy, "429"), rejected: []), at: 0)
            #expect(effects.contains("replaced 1 500 by 2") == !keepsNumbers)
            let rest = try #require(queue.delivery(at: 1))
            #expect(rest.chunk.id == "1" && rest.items == (keepsNumbers ? [3, 499] : [0, 1]))
            #expect(rest.chunk.texts(rest.items) == ["{}", "{}"])
            #expect(queue.run(rest, .delivered, at: 1).last == "released 1 delivered")
        }
    }

    @Test("parts that wait for their retry and chunks that are new take turns")
    func turns() throws {
        let queue = QueueUnderTest(settings)
        for name in ["1", "2"] { queue.enqueue(chunk(name)) }
        for _ in 0..<2 {
            let delivery = try #require(queue.delivery(at: 0))
            _ = queue.run(
                delivery, .partial(retry: delivery.items, reason: Refusal(.busy, "429"), rejected: []), at: 0)
        }
        for name in ["3", "4"] { queue.enqueue(chunk(name)) }
        let order = (0..<4).compactMap { _ in queue.delivery(at: 9)?.chunk.id }
        #expect(order == ["1", "3", "2", "4"])
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

    @Test("parts of a chunk in files are delivered so many at a time") func partsTogether() throws {
        for (count, expected) in [(1, [3, 3, 2]), (2, [6, 2]), (100, [8])] {
            let queue = QueueUnderTest(settings, partsTogether: count)
            var body = ChunkBody()
            for _ in 0..<8 { body.endItem(from: body.bytes.count, label: 0, tag: 0, time: EventTime(seconds: 0)) }
            queue.enqueue(SealedChunk(durable: body, id: "1"))
            #expect(queue.queuedCount == expected.count)
            for items in expected { #expect(try #require(queue.delivery(at: 0)).items.count == items) }
        }
    }

    @Test("a flush by signal counts the tries anew") func retryAnew() throws {
        var settings = settings
        settings.maxTimes = 1
        let queue = QueueUnderTest(settings)
        let down = DeliveryOutcome.retry(reason: Refusal(.busy, "down"), after: nil)
        queue.enqueue(chunk("1"))
        _ = queue.run(try #require(queue.delivery(at: 0)), down, at: 0)
        queue.retryNow()
        let effects = queue.run(try #require(queue.delivery(at: 1)), down, at: 1)
        #expect(!effects.contains { $0.hasPrefix("gave up") || $0.hasPrefix("released") }, "\(effects)")
    }
}

private func chunk(_ name: String, items: Int = 1) -> SealedChunk {
    var body = ChunkBody()
    for _ in 0..<items {
        let start = body.bytes.count
        body.bytes.append("{}")
        body.endItem(from: start, label: 0, tag: 0, time: EventTime(seconds: 0))
    }
    return SealedChunk(memory: body, id: name)
}

/// The queue as a reference, because the test macros cannot call mutating functions.
private final class QueueUnderTest {
    private var queue: DeliveryQueue

    init(_ settings: RetrySettings, hasSecondary: Bool = false, partsTogether: Int = 1) {
        queue = DeliveryQueue(settings, hasSecondary: hasSecondary, partsTogether: partsTogether)
    }

    var queuedCount: Int { queue.queuedCount }
    var inFlightCount: Int { queue.inFlightCount }
    var isEmpty: Bool { queue.isEmpty }
    var outage: RetryState? { queue.outage }
    func enqueue(_ chunk: SealedChunk) { queue.enqueue(chunk) }
    func dropOldest() -> DeliveryQueue.Dropped? { queue.dropOldest() }
    func retryNow() { queue.retryNow() }
    func keepNumbers() { queue.keepNumbers() }
    func takeAll() -> [(chunk: SealedChunk, items: ItemSet)] { queue.takeAll() }
    var undelivered: [(chunk: SealedChunk, items: ItemSet)] { queue.undelivered }

    func delivery(at now: Double) -> DeliveryQueue.Delivery? {
        if case .deliver(let delivery) = queue.next(at: now) { delivery } else { nil }
    }

    func waits(at now: Double) -> Double?? {
        if case .wait(let moment) = queue.next(at: now) { .some(moment) } else { nil }
    }

    /// Ends an attempt; the effects as short texts.
    func run(_ delivery: DeliveryQueue.Delivery, _ outcome: DeliveryOutcome, at now: Double = 0) -> [String] {
        let effects = queue.finish(delivery, outcome, at: now, random: 0)
        return (effects + queue.complete(delivery)).map(text)
    }

    func finish(_ delivery: DeliveryQueue.Delivery, _ outcome: DeliveryOutcome, at now: Double = 0) -> [String] {
        queue.finish(delivery, outcome, at: now, random: 0).map(text)
    }

    func complete(_ delivery: DeliveryQueue.Delivery) -> [String] { queue.complete(delivery).map(text) }

    private func text(_ effect: DeliveryQueue.Effect) -> String {
        switch effect {
        case .released(let chunk, let fate): "released \(chunk.id) \(fate)"
        case .done(let chunk, let items): "done \(chunk.id) \(items)"
        case .replaced(let chunk, let rest): "replaced \(chunk.id) \(chunk.itemCount) by \(rest.itemCount)"
        case .delivered(let chunk, let count, let target):
            "delivered \(chunk.id) \(count)" + (target == .secondary ? " by the secondary" : "")
        case .rejected(let chunk, let items, _): "rejected \(chunk.id) \(items.map(\.item))"
        case .gaveUp(let chunk, let items, let reason, _): "gaveUp \(chunk.id) \(Array(items)) \(reason)"
        case .passedOn(let chunk, let items, let reason): "passedOn \(chunk.id) \(Array(items)) \(reason)"
        case .failing(let reason, let retry, _): "failing \(reason) \(retry.failures) at \(retry.nextAttemptAt)"
        case .recovered(let failures, _): "recovered \(failures)"
        case .split(let chunk, let count, _): "split \(chunk.id) \(count)"
        }
    }
}
