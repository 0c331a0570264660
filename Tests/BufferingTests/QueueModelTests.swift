import Buffering
import Events
import TestSupport
import Testing

/// The delivery queue through random sequences, against a list of what every event's fate must be.
@Suite("Delivery queue, against a model")
struct QueueModelTests {
    @Test("nothing is lost or doubled, and each chunk is released once, with its worst fate", arguments: 0..<20)
    func sequences(seed: UInt64) {
        for round in 0..<50 {
            var run = QueueRun(seed: seed * 1000 + UInt64(round))
            run.play(steps: 120)
        }
    }
}

/// One random sequence.
private struct QueueRun {
    var random: SeededGenerator
    var queue: DeliveryQueue
    let hasSecondary: Bool
    var now = 0.0
    var nextEvent = 0
    var nextChunk = 0
    /// Events that have not met their end, by chunk.
    var open: [String: Set<Int>] = [:]
    var all: [String: Set<Int>] = [:]
    /// Noted as not to be sent again.
    var done: [String: Set<Int>] = [:]
    var worst: [String: Receipt.Fate] = [:]
    var released: Set<String> = []
    var sizes: [String: Int] = [:]
    var inFlight: [DeliveryQueue.Delivery] = []
    /// Ended, not completed.
    var leaving: [DeliveryQueue.Delivery] = []
    /// Events that were handed on by those.
    var handed: [Int: Set<Int>] = [:]

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        var settings = RetrySettings()
        settings.randomize = Bool.random(using: &random)
        settings.maxTimes = [nil, 0, 1, 5].randomElement(using: &random)!
        settings.maxIntervalSeconds = 20
        hasSecondary = Bool.random(using: &random)
        queue = DeliveryQueue(settings, hasSecondary: hasSecondary)
    }

    mutating func play(steps: Int) {
        for step in 0..<steps {
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1: enqueue()
            case 2...5: start()
            case 6...8: finish()
            case 9: complete()
            case 10: now += Double(Int.random(in: 0...3, using: &random))
            default: rare()
            }
            if step % 4 == 0 { check() }
        }
        drain()
    }

    private mutating func enqueue() {
        var body = ChunkBody(capacity: 16)
        let count = Int.random(in: 1...12, using: &random)
        // Some are large enough that their remnants move.
        let size = Bool.random(using: &random) ? 10 : 2000
        let id = "c\(nextChunk)"
        nextChunk += 1
        for _ in 0..<count {
            let start = body.bytes.count
            body.bytes.append(Array(repeating: UInt8(ascii: "x"), count: size))
            body.endItem(from: start, label: 0, tag: body.tag(tagA), time: EventTime(seconds: Int64(nextEvent)))
            open[id, default: []].insert(nextEvent)
            all[id, default: []].insert(nextEvent)
            nextEvent += 1
        }
        worst[id] = .delivered
        let survives = Int.random(in: 0..<3, using: &random) == 0
        let chunk = survives ? SealedChunk(durable: body, id: id) : SealedChunk(memory: body, id: id)
        sizes[id] = chunk.heldBytes
        queue.enqueue(chunk)
    }

    private mutating func start() {
        switch queue.next(at: now) {
        case .deliver(let delivery):
            let events = delivery.events
            #expect(open[delivery.chunk.id]!.isSuperset(of: events), "sent again after its end")
            for other in inFlight where other.chunk.id == delivery.chunk.id {
                #expect(Set(other.events).isDisjoint(with: events), "twice in delivery")
            }
            #expect(hasSecondary || delivery.target == .primary)
            inFlight.append(delivery)
        case .wait(let moment):
            if queue.queuedCount > 0 && inFlight.isEmpty {
                #expect(moment != nil, "nobody would wake it")
            }
            if let moment { #expect(moment > now) }
        }
    }

    private mutating func finish() {
        guard let index = inFlight.indices.randomElement(using: &random) else { return }
        end(inFlight.remove(at: index), outcome: randomOutcome)
    }

    private func randomOutcome(_ delivery: DeliveryQueue.Delivery, _ random: inout SeededGenerator) -> DeliveryOutcome {
        switch Int.random(in: 0..<8, using: &random) {
        case 0...2: return .delivered
        case 3: return .retry(reason: Refusal(.unreachable, "down"), after: [nil, 3].randomElement(using: &random)!)
        case 4: return .tooLarge(reason: Refusal(.tooLarge, "413"))
        case 5: return .rejected(reason: Refusal(.invalid, "400"))
        default:
            var retry = ItemSet()
            var rejected: [RejectedItem] = []
            for item in delivery.items {
                switch Int.random(in: 0..<6, using: &random) {
                case 0: retry.append(item)
                case 1: rejected.append(RejectedItem(item: item, status: 400, type: "t", reason: "r"))
                default: break
                }
            }
            return .partial(retry: retry, reason: Refusal(.busy, "429"), rejected: rejected)
        }
    }

    private mutating func end(
        _ delivery: DeliveryQueue.Delivery,
        outcome: (DeliveryQueue.Delivery, inout SeededGenerator) -> DeliveryOutcome
    ) {
        let outcome = outcome(delivery, &random)
        var ended = Set<Int>()
        var handedOn = Set<Int>()
        var expectedRejected = Set<Int>()
        switch outcome {
        case .delivered: ended = Set(delivery.events)
        case .partial(let retry, _, let rejected):
            expectedRejected = Set(rejected.map { delivery.chunk.event($0.item) })
            ended = Set(delivery.events).subtracting(retry.map { delivery.chunk.event($0) })
        default: break
        }
        if !ended.subtracting(expectedRejected).isEmpty && delivery.target == .secondary {
            worst[delivery.chunk.id] = max(worst[delivery.chunk.id]!, .refused)
        }
        for effect in queue.finish(delivery, outcome, at: now, random: Double.random(in: -1...1, using: &random)) {
            switch effect {
            case .rejected(let chunk, let items, _):
                let events = Set(items.map { chunk.event($0.item) })
                if case .partial = outcome { #expect(events == expectedRejected) }
                ended.formUnion(events)
                handedOn.formUnion(events)
                expectedRejected.subtract(events)
                worst[chunk.id] = max(worst[chunk.id]!, .refused)
            case .gaveUp(let chunk, let items, _, _):
                ended.formUnion(items.map { chunk.event($0) })
                handedOn.formUnion(items.map { chunk.event($0) })
                worst[chunk.id] = max(worst[chunk.id]!, .refused)
            case .delivered(_, let count, let target):
                #expect(count > 0 && count <= delivery.items.count && target == delivery.target)
            case .released, .replaced: Issue.record("released before its effects were carried out")
            case .recovered: #expect(delivery.target == .primary)
            case .passedOn: #expect(hasSecondary && delivery.target == .primary)
            case .failing, .split: break
            case .done: Issue.record("an effect of the completion only")
            }
        }
        #expect(expectedRejected.isEmpty, "rejections that nobody was told of")
        open[delivery.chunk.id]!.subtract(ended)
        handed[delivery.number] = handedOn
        leaving.append(delivery)
        #expect(queue.finish(delivery, .delivered, at: now, random: 0).isEmpty, "an attempt ends once")
    }

    private mutating func complete() {
        guard let index = leaving.indices.randomElement(using: &random) else { return }
        let delivery = leaving.remove(at: index)
        handed[delivery.number] = nil
        let effects = queue.complete(delivery)
        let id = delivery.chunk.id
        note(effects)
        if delivery.chunk.isOnDisk, queue.undelivered.contains(where: { $0.chunk.id == id }) {
            let known = done[id, default: []].union(open[id]!)
            let carriedOut = leaving.filter { $0.chunk.id == id }.flatMap(\.events)
            #expect(all[id]!.subtracting(carriedOut).isSubset(of: known), "ended, and not noted as done")
        }
        #expect(queue.complete(delivery).isEmpty)
    }

    private mutating func note(_ effects: [DeliveryQueue.Effect]) {
        for effect in effects {
            switch effect {
            case .released(let chunk, let fate):
                #expect(open[chunk.id]!.isEmpty, "released with events still to send")
                #expect(!leaving.contains { $0.chunk.id == chunk.id }, "released while events are handed on")
                #expect(released.insert(chunk.id).inserted, "released twice")
                #expect(fate == worst[chunk.id])
                #expect(sizes.removeValue(forKey: chunk.id) == chunk.heldBytes)
            case .replaced(let chunk, let rest):
                #expect(sizes[chunk.id] == chunk.heldBytes && rest.heldBytes < chunk.heldBytes)
                #expect(rest.id == chunk.id)
                sizes[chunk.id] = rest.heldBytes
            case .done(let chunk, let items):
                let events = items.map { chunk.event($0) }
                #expect(chunk.isOnDisk && open[chunk.id]!.isDisjoint(with: events), "done before its end")
                done[chunk.id, default: []].formUnion(events)
            default: Issue.record("no effect of a completion: \(effect)")
            }
        }
    }

    private mutating func rare() {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: queue.retryNow()
        case 1:
            guard let dropped = queue.dropOldest() else { return }
            let id = dropped.chunk.id
            let before = open[id]!.count
            // Which ones it was shows in what is left.
            let left = Set(queue.undelivered.filter { $0.chunk.id == id }.flatMap(events))
            open[id]!.formIntersection(left)
            #expect(before - open[id]!.count == dropped.itemCount)
            worst[id] = .lost
            note(dropped.effects)
        case 2 where Int.random(in: 0..<10, using: &random) == 0: queue.keepNumbers()
        default: break
        }
    }

    private func check() {
        let undelivered = queue.undelivered.flatMap(events)
        let expected = open.values.reduce(into: Set<Int>()) { $0.formUnion($1) }
            .union(handed.values.reduce(into: Set<Int>()) { $0.formUnion($1) })
        #expect(undelivered.count == expected.count && Set(undelivered) == expected)
        #expect(queue.heldBytes == sizes.values.reduce(0, +))
        #expect(queue.inFlightCount == inFlight.count)
    }

    private mutating func drain() {
        for _ in 0..<10_000 where !queue.isEmpty {
            start()
            while let delivery = inFlight.popLast() { end(delivery) { _, _ in .delivered } }
            while !leaving.isEmpty { complete() }
            now += 1
        }
        #expect(queue.isEmpty && released.count == nextChunk && queue.byteCount == 0)
        #expect(open.values.allSatisfy { $0.isEmpty })
    }
}

extension SealedChunk {
    fileprivate func event(_ item: Int) -> Int {
        (try? load([item])).map { Int($0.item(item).time.seconds) } ?? -1
    }
}

extension DeliveryQueue.Delivery {
    fileprivate var events: [Int] { items.map { chunk.event($0) } }
}

private func events(_ part: (chunk: SealedChunk, items: ItemSet)) -> [Int] { part.items.map { part.chunk.event($0) } }
