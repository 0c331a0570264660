package import Events

/// Sealed chunks on their way: what is sent next, what an outcome means, when a retry is due. Pure: no clock, no task, no
/// lock; whoever drives it passes the moment in and carries the effects out.
///
/// Two kinds of failure are told apart. When a whole attempt failed, the destination is in trouble: the queue as a whole
/// waits, as in Fluentd, and then probes with one chunk at a time. When the destination has answered for single items, it
/// works: those that failed wait on a schedule of their own, behind all others, be they one or all of the attempt's.
/// Limits of retries are each part's own, so that giving one up takes no other down.
///
/// An attempt ends in two steps. `finish` says what the outcome means; once the effects are carried out (refused events
/// are where they go on), `complete` lets go of the chunk. Until then it counts as held.
package struct DeliveryQueue: Sendable {
    /// Items of a chunk that are sent together.
    private struct Part: Sendable {
        /// Of the chunk, in order of age.
        let serial: Int
        var items: ItemSet
        /// Its own failures.
        var retry: RetryState?
        /// The destination has refused it for good.
        var isForSecondary = false
        /// How often it was sent, with the attempt that has just ended.
        var attempts: Int { (retry?.failures ?? 0) + 1 }
    }

    /// A chunk in the queue.
    private struct Account: Sendable {
        var chunk: SealedChunk
        /// Parts waiting or in delivery, and attempts whose effects are being carried out.
        var holds = 1
        var fate = Receipt.Fate.delivered
        /// The chunk that this one has taken the place of, still counted.
        var replaced: SealedChunk?
    }

    private struct Leaving: Sendable {
        let serial: Int
        /// Items that go elsewhere.
        var refused = ItemSet()
        /// Items that are to be sent again.
        var kept = ItemSet()
    }

    private let settings: RetrySettings
    private let hasSecondary: Bool
    private var ready = Ring<Part>()
    /// Parts with a moment of their own.
    private var waiting = Agenda<Part>()
    private var inFlight: [Int: (part: Part, target: Target)] = [:]
    /// Attempts that have ended and whose effects are being carried out.
    private var leaving: [Int: Leaving] = [:]
    private var accounts: [Int: Account] = [:]
    private var nextSerial = 0
    private var nextNumber = 0
    /// The last part came from `waiting`: the next one comes from `ready`, so that neither starves.
    private var tookWaiting = false
    /// When the next probe is due, while the destination is in trouble.
    package private(set) var outage: RetryState?
    private var outageFailures = 0
    private var outageSince = 0.0
    private let partsTogether: Int
    /// Chunks stay as they are: somebody has noted their items by number.
    private var keepsNumbers = false
    /// Of the chunks in the queue, as `chunk_limit_size` counts.
    package private(set) var byteCount = 0

    /// - Parameter partsTogether: how many parts of a chunk in files one delivery holds.
    package init(_ settings: RetrySettings, hasSecondary: Bool = false, partsTogether: Int = 1) {
        self.settings = settings
        self.hasSecondary = hasSecondary
        self.partsTogether = max(partsTogether, 1)
    }

    /// Parts that wait, not counting those in delivery.
    package var queuedCount: Int { ready.count + waiting.count }
    /// Parts that only wait for a worker, or for the destination to come back: not those that wait on their own.
    package var readyCount: Int { ready.count }
    package var inFlightCount: Int { inFlight.count }
    package var isEmpty: Bool { accounts.isEmpty }
    /// As `total_limit_size` counts. O(n): for checks.
    package var heldBytes: Int {
        accounts.values.reduce(0) { $0 + ($1.replaced ?? $1.chunk).heldBytes }
    }

    /// The name of the chunk that began first; nil: there is none. O(n): for who looks on.
    var oldestID: String? { accounts.values.lazy.map(\.chunk.id).min() }

    package mutating func enqueue(_ chunk: SealedChunk) {
        let all = chunk.parts
        let parts = stride(from: 0, to: all.count, by: partsTogether).map { first in
            all[first..<min(first + partsTogether, all.count)].reduce(ItemSet()) { $0.union($1) }
        }.filter { !$0.isEmpty }
        if parts.isEmpty { return }
        accounts[nextSerial] = Account(chunk: chunk, holds: parts.count)
        byteCount += chunk.byteCount
        for items in parts { ready.append(Part(serial: nextSerial, items: items)) }
        nextSerial += 1
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
        let isDue = waiting.firstMoment.map { $0 <= now } ?? false
        let takesWaiting = isDue && (ready.isEmpty || !tookWaiting)
        guard let part = takesWaiting ? waiting.popFirst() : ready.popFirst() else {
            return .wait(until: waiting.firstMoment)
        }
        tookWaiting = takesWaiting
        return .deliver(start(part, at: now))
    }

    private mutating func start(_ part: Part, at now: Double) -> Delivery {
        let isLate = part.retry.map { $0.isPastThreshold(at: now, settings) } ?? false
        let target: Target = hasSecondary && (isLate || part.isForSecondary) ? .secondary : .primary
        nextNumber += 1
        inFlight[nextNumber] = (part, target)
        return Delivery(number: nextNumber, chunk: chunk(of: part), items: part.items, target: target)
    }

    private func chunk(of part: Part) -> SealedChunk {
        guard let account = accounts[part.serial] else { preconditionFailure("a part without its chunk") }
        return account.chunk
    }

    // MARK: - What an outcome means

    /// What an outcome means. `complete` must follow, once the effects are carried out.
    ///
    /// `random`: from -1 to 1, for the jitter of a retry.
    package mutating func finish(
        _ delivery: Delivery, _ outcome: DeliveryOutcome, at now: Double, random: Double
    ) -> [Effect] {
        guard let (part, target) = inFlight.removeValue(forKey: delivery.number) else { return [] }
        let chunk = delivery.chunk
        // The attempt's hold on the chunk goes on until it is completed.
        leaving[delivery.number] = Leaving(serial: part.serial)
        switch outcome {
        case .delivered:
            return recover(target, part) + noteDelivered(part, chunk, part.items.count, target)
        case .rejected(let reason):
            if hasSecondary && target == .primary {
                var passed = part
                passed.isForSecondary = true
                putBack(passed, delivery)
                return recover(target, part) + [.passedOn(chunk, items: part.items, reason: reason)]
            }
            return recover(target, part) + giveUp(delivery, part, part.items, reason, attempts: part.attempts)
        case .retry(let reason, let after):
            // When the secondary fails, that tells nothing about the destination.
            if part.isForSecondary { return failItems(delivery, part, part.items, target, reason, at: now, random) }
            return fail(delivery, part, target, reason, at: now, random, after)
        case .tooLarge(let reason):
            return recover(target, part) + split(delivery, part, reason)
        case .partial(let retry, let reason, let rejected):
            var effects = recover(target, part)
            if !rejected.isEmpty { effects += reject(delivery, part, rejected) }
            let delivered = part.items.count - retry.count - rejected.count
            if delivered > 0 { effects += noteDelivered(part, chunk, delivered, target) }
            if !retry.isEmpty {
                var rest = part
                // A server that took some of them now takes more soon (429): the wait does not grow as long as it does.
                if delivered > 0 { rest.retry?.progressed() }
                effects += failItems(delivery, rest, retry, target, reason, at: now, random)
            }
            return effects
        }
    }

    /// The effects of an attempt are carried out: the last one that ends lets go of the chunk.
    package mutating func complete(_ delivery: Delivery) -> [Effect] {
        guard let ended = leaving.removeValue(forKey: delivery.number) else { return [] }
        var effects: [Effect] = []
        if let account = accounts[ended.serial], let replaced = account.replaced {
            accounts[ended.serial]?.replaced = nil
            effects.append(.replaced(replaced, by: account.chunk))
        }
        effects += release(ended.serial)
        return effects + note(done: delivery.items.subtracting(ended.kept), of: delivery.chunk, ended.serial)
    }

    private mutating func noteDelivered(_ part: Part, _ chunk: SealedChunk, _ count: Int, _ target: Target) -> [Effect]
    {
        if target == .secondary { note(.refused, part.serial) }
        return [.delivered(chunk, itemCount: count, by: target)]
    }

    /// The whole attempt was in vain: the output waits.
    private mutating func fail(
        _ delivery: Delivery, _ part: Part, _ target: Target, _ reason: Refusal, at now: Double, _ random: Double,
        _ after: Double?
    ) -> [Effect] {
        var pace = outage ?? RetryState(startedAt: now)
        if outage == nil { (outageFailures, outageSince) = (0, now) }
        // Deliveries that were under way when the trouble began tell nothing new.
        if outage == nil || now >= pace.nextAttemptAt {
            pace.fail(at: now, settings, random: random, serverWait: after)
            outageFailures += 1
        }
        var part = part
        var own = part.retry ?? RetryState(startedAt: now)
        own.fail(
            at: now, settings, random: random, serverWait: after, hasSecondary: hasSecondary && target == .primary)
        // The part's turn at the secondary comes, however long the output as a whole would wait.
        if own.endsAtSecondary { pace.hurry(to: own.nextAttemptAt) }
        outage = pace
        if own.isExhausted {
            // The next chunk starts afresh, and at once.
            outage = RetryState(startedAt: now)
            return giveUp(delivery, part, part.items, Self.exhausted(reason, own, now), attempts: own.failures)
        }
        part.retry = own
        putBack(part, delivery)
        return [.failing(reason: reason, retry: pace, target: target)]
    }

    /// Whoever was asked works, but these items have to wait.
    private mutating func failItems(
        _ delivery: Delivery, _ part: Part, _ items: ItemSet, _ target: Target, _ reason: Refusal, at now: Double,
        _ random: Double
    ) -> [Effect] {
        var rest = part
        rest.items = items
        var own = part.retry ?? RetryState(startedAt: now)
        own.fail(at: now, settings, random: random, hasSecondary: hasSecondary && target == .primary)
        if own.isExhausted {
            return giveUp(delivery, part, items, Self.exhausted(reason, own, now), attempts: own.failures)
        }
        rest.retry = own
        hold(part.serial)
        let isHandedOn = leaving[delivery.number].map { !$0.refused.isEmpty } ?? false
        leaving[delivery.number]?.kept = items
        waiting.insert(isHandedOn ? rest : shrunk(rest), at: own.nextAttemptAt)
        return [.failing(reason: reason, retry: own, target: target)]
    }

    /// Few items of a large chunk move into one of their own, so that it need not stay for them. Not while others of its
    /// items are known by their numbers.
    private mutating func shrunk(_ part: Part) -> Part {
        guard !keepsNumbers, let account = accounts[part.serial], account.holds == 2, account.replaced == nil,
            let small = account.chunk.shrunk(to: part.items)
        else { return part }
        byteCount += small.byteCount - account.chunk.byteCount
        accounts[part.serial]?.replaced = account.chunk
        accounts[part.serial]?.chunk = small
        var part = part
        part.items = small.allItems
        return part
    }

    private mutating func split(_ delivery: Delivery, _ part: Part, _ reason: Refusal) -> [Effect] {
        guard part.items.count > 1 else {
            let rejected = part.items.map {
                RejectedItem(item: $0, status: 413, type: "request_entity_too_large", reason: reason.sentence)
            }
            return reject(delivery, part, rejected)
        }
        let (first, rest) = part.items.split(after: part.items.count / 2)
        for items in [rest, first] {
            var half = part
            half.items = items
            putBack(half, delivery)
        }
        return [.split(delivery.chunk, itemCount: part.items.count, reason: reason)]
    }

    private mutating func reject(_ delivery: Delivery, _ part: Part, _ items: [RejectedItem]) -> [Effect] {
        note(.refused, part.serial)
        leaving[delivery.number]?.refused = ItemSet(Set(items.map(\.item)).sorted())
        return [.rejected(delivery.chunk, items, attempts: part.attempts)]
    }

    private mutating func giveUp(
        _ delivery: Delivery, _ part: Part, _ items: ItemSet, _ reason: Refusal, attempts: Int
    ) -> [Effect] {
        note(.refused, part.serial)
        let others = leaving[delivery.number]?.refused ?? ItemSet()
        leaving[delivery.number]?.refused = others.union(items)
        return [.gaveUp(delivery.chunk, items: items, reason: reason, attempts: attempts)]
    }

    /// The destination itself has answered. What the secondary took ends the waiting, as in Fluentd, but is no recovery.
    private mutating func recover(_ target: Target, _ part: Part) -> [Effect] {
        guard outage != nil, !part.isForSecondary else { return [] }
        outage = nil
        return target == .primary ? [.recovered(failures: outageFailures, since: outageSince)] : []
    }

    private static func exhausted(_ reason: Refusal, _ retry: RetryState, _ now: Double) -> Refusal {
        Refusal(
            reason.kind,
            "\(reason.sentence); gave up after \(retry.failures) attempts in \(Int(now - retry.startedAt)) s")
    }

    // MARK: - Accounts

    private mutating func note(_ fate: Receipt.Fate, _ serial: Int) {
        accounts[serial]?.fate.worsen(to: fate)
    }

    /// Where the rest of the chunk survives a stop, so must this.
    private func note(done items: ItemSet, of chunk: SealedChunk, _ serial: Int) -> [Effect] {
        chunk.isOnDisk && accounts[serial] != nil && !items.isEmpty ? [.done(chunk, items: items)] : []
    }

    private mutating func hold(_ serial: Int) { accounts[serial]?.holds += 1 }

    private mutating func release(_ serial: Int) -> [Effect] {
        guard var account = accounts[serial] else { return [] }
        account.holds -= 1
        if account.holds > 0 {
            accounts[serial] = account
            return []
        }
        accounts[serial] = nil
        byteCount -= account.chunk.byteCount
        return [.released(account.chunk, account.fate)]
    }

    /// To the front: order is kept as far as failures allow.
    private mutating func putBack(_ part: Part, _ delivery: Delivery) {
        hold(part.serial)
        let kept = leaving[delivery.number]?.kept ?? ItemSet()
        leaving[delivery.number]?.kept = kept.union(part.items)
        ready.prepend(part)
    }

    // MARK: - From outside

    /// Forgets the waits: everything may be tried at once (SIGUSR1, shutdown).
    package mutating func retryNow() {
        outage = nil
        var parts = (waiting.elements + ready.elements).sorted { $0.serial < $1.serial }
        waiting.removeAll()
        ready.removeAll()
        for index in parts.indices {
            parts[index].retry = nil
            ready.append(parts[index])
        }
    }

    /// From now on chunks keep their items' numbers: a stop writes down what is not delivered yet.
    package mutating func keepNumbers() { keepsNumbers = true }

    /// Takes the oldest chunk out that is not in delivery; nil when there is none. `overflow_action drop_oldest_chunk`.
    package mutating func dropOldest() -> Dropped? {
        let fromWaiting = waiting.first.map { due in ready.first.map { due.serial < $0.serial } ?? true } ?? false
        guard let part = fromWaiting ? waiting.popFirst() : ready.popFirst() else { return nil }
        note(.lost, part.serial)
        let chunk = chunk(of: part)
        let effects = release(part.serial) + note(done: part.items, of: chunk, part.serial)
        return Dropped(chunk: chunk, itemCount: part.items.count, effects: effects)
    }

    /// Everything that is not confirmed: what waits, what is in delivery, and refused items that are not yet where they go
    /// on. The oldest first.
    package var undelivered: [(chunk: SealedChunk, items: ItemSet)] {
        let parts =
            waiting.elements.map { ($0.serial, $0.items) } + ready.elements.map { ($0.serial, $0.items) }
            + inFlight.values.map { ($0.part.serial, $0.part.items) }
            + leaving.values.filter { !$0.refused.isEmpty }.map { ($0.serial, $0.refused) }
        var bySerial: [Int: ItemSet] = [:]
        for (serial, items) in parts { bySerial[serial] = bySerial[serial]?.union(items) ?? items }
        return bySerial.sorted { $0.key < $1.key }.compactMap { serial, items in
            accounts[serial].map { ($0.chunk, items) }
        }
    }

    /// Takes out all that is not confirmed. Attempts still under way end without effect: what they sent is perhaps
    /// delivered.
    package mutating func takeAll() -> [(chunk: SealedChunk, items: ItemSet)] {
        let parts = undelivered
        self = DeliveryQueue(settings, hasSecondary: hasSecondary, partsTogether, after: nextNumber)
        return parts
    }

    private init(_ settings: RetrySettings, hasSecondary: Bool, _ partsTogether: Int, after number: Int) {
        self.init(settings, hasSecondary: hasSecondary, partsTogether: partsTogether)
        nextNumber = number
    }
}

extension Receipt.Fate {
    fileprivate mutating func worsen(to fate: Receipt.Fate) { self = max(self, fate) }
}
