package import Events

/// Sealed chunks on their way: what is sent next, what an outcome means, when a retry is due. Pure: no clock, no task, no
/// lock; whoever drives it passes the moment in and carries the effects out.
///
/// Two kinds of failure are told apart. When a whole attempt failed, the destination is in trouble: the queue as a whole
/// waits (one retry state for the output, as in Fluentd) and then probes with one chunk at a time. When only some items
/// failed, the destination works: those items wait on a schedule of their own and the others go on.
package struct DeliveryQueue: Sendable {
    package enum Target: Sendable, Equatable { case primary, secondary }

    /// A chunk, or what is left of it, that a worker is to send.
    package struct Delivery: Sendable {
        /// Number of this attempt; unique in the queue.
        package let number: Int
        package let chunk: SealedChunk
        package let items: ItemSet
        package let target: Target
        fileprivate let retry: RetryState?
    }

    package enum Next: Sendable {
        case deliver(Delivery)
        /// Nothing to do before that moment; nil: before another chunk comes or a delivery ends.
        case wait(until: Double?)
    }

    /// What has to be done about an outcome.
    package enum Effect: Sendable {
        /// All of the chunk is dealt with: its memory may be counted out.
        case released(SealedChunk)
        case delivered(SealedChunk, itemCount: Int)
        case rejected(SealedChunk, [RejectedItem])
        /// Nobody will try these items again.
        case gaveUp(SealedChunk, items: ItemSet, reason: Refusal)
        case failing(reason: Refusal, retry: RetryState)
        /// The first success after failures.
        case recovered(RetryState)
        case split(SealedChunk, itemCount: Int, reason: Refusal)
    }

    private struct Part: Sendable {
        var chunk: SealedChunk
        var items: ItemSet
        var retry: RetryState?
    }

    private let settings: RetrySettings
    private let hasSecondary: Bool
    private var ready: [Part] = []
    /// The first of `ready` that still counts; the ones before were taken. Keeps taking O(1).
    private var head = 0
    private var waiting: [Part] = []
    private var inFlight: [Int: (chunk: SealedChunk, itemCount: Int)] = [:]
    private var nextNumber = 0
    /// The output's own failures.
    package private(set) var outage: RetryState?
    /// How many parts of a chunk are in the queue, for chunks in more than one.
    private var partCounts: [String: Int] = [:]

    package init(_ settings: RetrySettings, hasSecondary: Bool = false) {
        self.settings = settings
        self.hasSecondary = hasSecondary
    }

    /// Parts that wait, not counting those in delivery.
    package var queuedCount: Int { ready.count - head + waiting.count }
    package var inFlightCount: Int { inFlight.count }
    package var isEmpty: Bool { queuedCount == 0 && inFlight.isEmpty }

    package mutating func enqueue(_ chunk: SealedChunk) {
        ready.append(Part(chunk: chunk, items: chunk.allItems, retry: nil))
    }

    // MARK: - What next

    package mutating func next(at now: Double) -> Next {
        if let outage {
            // One probe at a time, or each worker's failure would count as one more.
            if !inFlight.isEmpty { return .wait(until: nil) }
            if now < outage.nextAttemptAt {
                return queuedCount == 0 ? .wait(until: nil) : .wait(until: outage.nextAttemptAt)
            }
        }
        if let index = waiting.indices.first(where: { waiting[$0].retry.map { $0.nextAttemptAt <= now } ?? true }) {
            return .deliver(start(waiting.remove(at: index), at: now))
        }
        if head < ready.count {
            let part = ready[head]
            head += 1
            if head == ready.count || head >= 1024 {
                ready.removeFirst(head)
                head = 0
            }
            return .deliver(start(part, at: now))
        }
        return .wait(until: waiting.compactMap { $0.retry?.nextAttemptAt }.min())
    }

    private mutating func start(_ part: Part, at now: Double) -> Delivery {
        nextNumber += 1
        inFlight[nextNumber] = (part.chunk, part.items.count)
        let trouble = outage ?? part.retry
        let isLate = trouble.map { $0.isPastThreshold(at: now, settings) } ?? false
        return Delivery(
            number: nextNumber, chunk: part.chunk, items: part.items,
            target: hasSecondary && isLate ? .secondary : .primary, retry: part.retry)
    }

    // MARK: - What an outcome means

    /// `random`: from -1 to 1, for the jitter of a retry.
    package mutating func finish(
        _ delivery: Delivery, _ outcome: DeliveryOutcome, at now: Double, random: Double
    ) -> [Effect] {
        guard inFlight.removeValue(forKey: delivery.number) != nil else { return [] }
        let chunk = delivery.chunk
        switch outcome {
        case .delivered:
            return recover() + [.delivered(chunk, itemCount: delivery.items.count)] + release(chunk)
        case .rejected(let reason):
            return recover() + [.gaveUp(chunk, items: delivery.items, reason: reason)] + release(chunk)
        case .retry(let reason, let after):
            return fail(delivery, delivery.items, reason, at: now, random, after)
        case .tooLarge(let reason):
            return recover() + split(delivery, reason)
        case .partial(let retry, let reason, let rejected):
            var effects: [Effect] = []
            if !rejected.isEmpty { effects.append(.rejected(chunk, rejected)) }
            let delivered = delivery.items.count - retry.count - rejected.count
            if delivered > 0 { effects.append(.delivered(chunk, itemCount: delivered)) }
            if retry.isEmpty { return recover() + effects + release(chunk) }
            if delivered <= 0 && rejected.isEmpty {
                return fail(delivery, retry, reason, at: now, random, nil)
            }
            return recover() + effects + failItems(delivery, retry, reason, at: now, random)
        }
    }

    /// The whole attempt was in vain: the output waits.
    private mutating func fail(
        _ delivery: Delivery, _ items: ItemSet, _ reason: Refusal, at now: Double, _ random: Double, _ after: Double?
    ) -> [Effect] {
        var state = outage ?? RetryState(startedAt: now)
        // Deliveries that were under way when the trouble began tell nothing new.
        if outage == nil || now >= state.nextAttemptAt {
            state.fail(at: now, settings, random: random, serverWait: after)
        }
        outage = state
        if !state.isExhausted {
            putBack(Part(chunk: delivery.chunk, items: items, retry: delivery.retry))
            return [.failing(reason: reason, retry: state)]
        }
        // As Fluentd: the limit is the output's, so all that waits is given up, and the next chunk starts afresh.
        outage = nil
        let why = Refusal(
            reason.kind, "\(reason); gave up after \(state.failures) attempts in \(Int(now - state.startedAt)) s")
        var effects: [Effect] = [.gaveUp(delivery.chunk, items: items, reason: why)] + release(delivery.chunk)
        for part in ready[head...] + waiting {
            effects.append(.gaveUp(part.chunk, items: part.items, reason: why))
            effects += release(part.chunk)
        }
        ready.removeAll()
        head = 0
        waiting.removeAll()
        return effects
    }

    /// The destination works, but these items have to wait.
    private mutating func failItems(
        _ delivery: Delivery, _ items: ItemSet, _ reason: Refusal, at now: Double, _ random: Double
    ) -> [Effect] {
        var state = delivery.retry ?? RetryState(startedAt: now)
        state.fail(at: now, settings, random: random)
        if state.isExhausted {
            let why = Refusal(
                reason.kind, "\(reason); gave up after \(state.failures) attempts in \(Int(now - state.startedAt)) s")
            return [.gaveUp(delivery.chunk, items: items, reason: why)] + release(delivery.chunk)
        }
        waiting.append(Part(chunk: delivery.chunk, items: items, retry: state))
        return [.failing(reason: reason, retry: state)]
    }

    private mutating func split(_ delivery: Delivery, _ reason: Refusal) -> [Effect] {
        let chunk = delivery.chunk
        guard delivery.items.count > 1 else {
            let rejected = delivery.items.map {
                RejectedItem(item: $0, status: 413, type: "request_entity_too_large", reason: reason.sentence)
            }
            return [.rejected(chunk, rejected)] + release(chunk)
        }
        let (first, rest) = delivery.items.split(after: delivery.items.count / 2)
        partCounts[chunk.id, default: 1] += 1
        putBack(Part(chunk: chunk, items: rest, retry: delivery.retry))
        putBack(Part(chunk: chunk, items: first, retry: delivery.retry))
        return [.split(chunk, itemCount: delivery.items.count, reason: reason)]
    }

    private mutating func recover() -> [Effect] {
        guard let state = outage else { return [] }
        outage = nil
        return [.recovered(state)]
    }

    private mutating func release(_ chunk: SealedChunk) -> [Effect] {
        if let count = partCounts[chunk.id] {
            partCounts[chunk.id] = count > 2 ? count - 1 : nil
            return []
        }
        return [.released(chunk)]
    }

    /// To the front: order is kept as far as failures allow.
    private mutating func putBack(_ part: Part) {
        if head > 0 {
            head -= 1
            ready[head] = part
        } else {
            ready.insert(part, at: 0)
        }
    }

    // MARK: - From outside

    /// Forgets the waits: everything may be tried at once (SIGUSR1, shutdown).
    package mutating func retryNow() {
        outage = nil
        ready = waiting + ready[head...]
        for index in ready.indices { ready[index].retry = nil }
        head = 0
        waiting.removeAll()
    }

    /// Takes the oldest chunk out that is not in delivery; nil when there is none. `overflow_action drop_oldest_chunk`.
    package mutating func dropOldest() -> (chunk: SealedChunk, items: ItemSet, isReleased: Bool)? {
        let part: Part
        if let first = waiting.first {
            part = first
            waiting.removeFirst()
        } else if head < ready.count {
            part = ready[head]
            head += 1
        } else {
            return nil
        }
        return (part.chunk, part.items, !release(part.chunk).isEmpty)
    }

    /// Everything that has not been delivered, those in delivery included.
    package mutating func takeAll() -> [(chunk: SealedChunk, items: ItemSet)] {
        let parts = waiting + ready[head...]
        waiting.removeAll()
        ready.removeAll()
        head = 0
        return parts.map { ($0.chunk, $0.items) }
    }
}
