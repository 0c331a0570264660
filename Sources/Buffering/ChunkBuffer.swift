package import Events
package import Logging
internal import Synchronization

/// One output's buffer: the staging areas of all loops, and the queue of sealed chunks.
///
/// ```
/// loop 1 ─ BufferedEmitter ─► StagingArea ─┐ full or due
/// loop 2 ─ BufferedEmitter ─► StagingArea ─┴──────────► DeliveryQueue ─► FlushWorkers ─► Destination
/// ```
/// Locks are taken in that order and never the other way round.
package final class ChunkBuffer: Sendable {
    package let settings: BufferSettings
    let clock: any FlushClock
    let log: Log
    let areas = Mutex<[StagingArea]>([])
    /// Of those, the ones that no emitter has.
    private let freeAreas = Mutex<[StagingArea]>([])
    let queue: Mutex<DeliveryQueue>
    let budget: BufferBudget
    private let store: any ChunkStore
    /// Where workers sleep.
    let wakeup = Wakeup()
    /// Where they sleep who wait for an empty buffer.
    let emptied = Wakeup()
    /// Where it sleeps who sees to it that no pause is long.
    let paused = Wakeup()
    let pace: Mutex<Pace>
    /// Whether inputs wait for the destination before `total_limit_size` is reached.
    let isPaced: Bool
    let isDraining = Atomic<Bool>(false)
    private let onRoom = Mutex<[@Sendable () -> Void]>([])
    let notices = Mutex(OverflowNotices())
    /// Everything but `acceptedEvents`, which changes with every batch.
    private let counts = Mutex(BufferCounts())
    private let acceptedEvents = Atomic<Int>(0)
    /// What the last failed attempt said.
    private let lastFailure = Mutex<String?>(nil)
    /// A moment of the clock, as its bits; 0: none.
    private let storageTryAt = Atomic<UInt64>(0)
    private static let storageWaitSeconds = 1.0

    package convenience init(
        settings: BufferSettings, hasSecondary: Bool = false, clock: any FlushClock = SystemFlushClock(),
        log: Log = .discarding, gate: OutputGate? = nil
    ) {
        self.init(
            settings: settings, store: MemoryChunkStore(), hasSecondary: hasSecondary, clock: clock, log: log,
            gate: gate)
    }

    /// With its chunks in files.
    package convenience init(
        settings: BufferSettings, files: FileChunkStore, hasSecondary: Bool = false,
        clock: any FlushClock = SystemFlushClock(), log: Log = .discarding, gate: OutputGate? = nil
    ) {
        self.init(
            settings: settings, store: files, hasSecondary: hasSecondary, clock: clock, log: log, gate: gate)
    }

    init(
        settings: BufferSettings, store: any ChunkStore, hasSecondary: Bool = false, clock: any FlushClock,
        log: Log = .discarding, gate: OutputGate? = nil
    ) {
        self.settings = settings
        self.store = store
        self.clock = clock
        self.log = log
        budget = BufferBudget(limitBytes: settings.totalLimitBytes, gate: gate)
        let paceBytes = Pace.limitBytes(chunkLimitBytes: settings.chunkLimitBytes)
        isPaced = settings.overflowAction == .block && !store.isOnDisk && paceBytes < settings.totalLimitBytes
        pace = Mutex(Pace(limitBytes: paceBytes))
        queue = Mutex(
            DeliveryQueue(
                settings.retry, hasSecondary: hasSecondary,
                partsTogether: settings.deliveryBytes / ChunkEnd.windowBytes))
    }

    /// Adds something to be called, on any thread, when there is room again after `Acceptance.acceptedFull`.
    ///
    /// It must reach an input after the input's own reaction to that answer: post it to the input's loop as a job.
    package func whenRoom(_ action: @escaping @Sendable () -> Void) { onRoom.withLock { $0.append(action) } }

    /// Nothing comes in or goes out any more, and the process goes on: another buffer may have the files.
    package func retire() {
        releaseFiles()
        gate?.release()
    }

    /// Nothing comes in or goes out any more.
    package func releaseFiles() { store.release() }

    /// Whether what is left at a stop is there for the next process.
    package var isOnDisk: Bool { store.isOnDisk }

    /// Closed while this output is full.
    var gate: OutputGate? { budget.gate }

    /// Whether the limit is not reached.
    package var hasRoom: Bool { budget.hasRoom }

    // MARK: - In

    /// Takes up what an earlier process left in the store. Before anything comes in; blocks.
    ///
    /// - Returns: how many events wait again.
    package func recover() throws(ChunkStoreError) -> Int {
        let chunks = try store.recover()
        budget.add(chunks.reduce(0) { $0 + $1.heldBytes })
        enqueue(chunks)
        return chunks.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.count } }
    }

    /// One that an emitter has given back, with what is still staged in it, or a new one.
    func makeStagingArea() -> StagingArea {
        if let free = freeAreas.withLock({ $0.popLast() }) { return free }
        return areas.withLock { areas in
            if settings.sharesChunks, let shared = areas.first { return shared }
            let area = StagingArea(settings: settings, store: store, clock: clock, budget: budget)
            areas.append(area)
            return area
        }
    }

    /// The emitter is gone: a reload makes others.
    func giveBack(_ area: StagingArea) { if !settings.sharesChunks { freeAreas.withLock { $0.append(area) } } }

    /// Says why a batch cannot be taken; nil: go on. Called before anything is formatted.
    func refusal(events: Int) -> Refusal? {
        switch settings.overflowAction {
        case .dropOldestChunk: return nil
        // Inputs have been asked to stop. Those that have not heard of it yet are many.
        case .block: if !budget.isOverrun { return nil }
        case .throwException: if budget.hasRoom { return nil }
        }
        guard budget.markFull() else { return nil }
        counts.withLock { $0.refusedEvents += events }
        tell { $0.refused(events: events, at: $1) }
        wakeup.wakeOne()
        return Refusal(
            .full,
            "buffer space has too many data: total_limit_size of \(settings.totalLimitBytes) bytes is reached; "
                + Self.advice)
    }

    /// - Parameter events: in the batch, taken or not.
    func noteGrowth(_ growth: StagingArea.Growth, events: Int) -> Acceptance {
        acceptedEvents.wrappingAdd(growth.records, ordering: .relaxed)
        if !growth.sealed.isEmpty {
            enqueue(growth.sealed)
        } else if growth.hasNewDeadline || isDraining.load(ordering: .relaxed) {
            wakeup.wakeOne()
        }
        if let refusal = growth.refusal {
            counts.withLock { $0.refusedEvents += events }
            log.limited(.error, "the buffer cannot keep events: \(refusal.sentence)", ["events": events])
            if settings.overflowAction == .block { waitForStorage() }
            return .refused(refusal)
        }
        if budget.hasRoom { return mustPause() ? .acceptedFull : .accepted }
        switch settings.overflowAction {
        case .throwException: return .accepted
        case .dropOldestChunk:
            dropOldest()
            return .accepted
        case .block:
            guard budget.markFull() else { return .accepted }
            tell { $0.becameFull(at: $1) }
            // When nothing is queued, a worker has to take what is staged before its time.
            wakeup.wakeOne()
            return .acceptedFull
        }
    }

    /// Inputs wait, as for room, and try again after a second.
    private func waitForStorage() {
        budget.mark()
        let again = clock.monotonicSeconds() + Self.storageWaitSeconds
        storageTryAt.store(again.bitPattern, ordering: .relaxed)
        wakeup.wakeOne()
    }

    /// When inputs that wait for the disk are let in again, in seconds from now; nil: none does.
    private func storageTry(now: Double) -> Double? {
        let again = Double(bitPattern: storageTryAt.load(ordering: .relaxed))
        guard again > 0 else { return nil }
        if again > now { return again - now }
        storageTryAt.store(0, ordering: .relaxed)
        tellRoom()
        return nil
    }

    private func enqueue(_ chunks: [SealedChunk]) {
        queue.withLock { queue in
            for chunk in chunks { queue.enqueue(chunk) }
        }
        wakeup.wakeOne()
    }

    /// Makes room. What is in delivery cannot be dropped.
    private func dropOldest() {
        var events = 0
        var chunks = 0
        while !budget.hasRoom {
            if let dropped = queue.withLock({ $0.dropOldest() }) {
                events += dropped.itemCount
                chunks += dropped.effects.contains { if case .released = $0 { true } else { false } } ? 1 : 0
                for effect in dropped.effects { settle(effect) }
            } else if let staged = sealOldestStaged() {
                events += staged.itemCount
                chunks += 1
                release(staged, .lost)
            } else {
                break
            }
        }
        budget.mark()
        let (droppedEvents, droppedChunks) = (events, chunks)
        counts.withLock { counts in
            counts.droppedChunks += droppedChunks
            counts.droppedEvents += droppedEvents
        }
        tell { $0.dropped(events: droppedEvents, chunks: droppedChunks, at: $1) }
    }

    private func sealOldestStaged() -> SealedChunk? {
        let ages = areas.withLock { $0 }.compactMap { area in area.oldestCreatedAt.map { (area, $0) } }
        for (area, _) in ages.sorted(by: { $0.1 < $1.1 }) {
            // The oldest one may turn out to be empty.
            if let sealed = area.sealOldest() { return sealed }
        }
        return nil
    }

    // MARK: - Out

    /// Seals what is due, then says what to do. `sleepSeconds` is nil when only a wake brings work.
    package enum Step: Sendable {
        case deliver(DeliveryQueue.Delivery)
        case sleep(seconds: Double?)
    }

    package func nextStep() -> Step {
        let now = clock.monotonicSeconds()
        let wall = clock.wallSeconds()
        let storageTry = storageTry(now: now)
        let areas = areas.withLock { $0 }
        // Parts that wait for their own retry hold nobody up.
        var room = max(settings.resolvedQueuedChunksLimit - queue.withLock { $0.readyCount }, 0)
        let isDraining = isDraining.load(ordering: .relaxed)
        for area in areas {
            let sealed = isDraining ? area.sealAll() : area.sealDue(now: now, wall: wall, limit: room)
            room = max(room - sealed.count, 0)
            if !sealed.isEmpty {
                queue.withLock { queue in
                    for chunk in sealed { queue.enqueue(chunk) }
                }
            }
        }
        if isDraining && isEmpty { emptied.wakeAll() }
        if budget.isFull, queue.withLock({ $0.readyCount }) == 0, let staged = sealOldestStaged() {
            queue.withLock { $0.enqueue(staged) }
        }
        switch queue.withLock({ $0.next(at: now) }) {
        case .deliver(let delivery):
            // Somebody has to watch over what is left while this worker delivers.
            wakeup.wakeOne()
            return .deliver(delivery)
        case .wait(let moment):
            var seconds = moment.map { $0 - now }
            if let storageTry { seconds = min(seconds ?? storageTry, storageTry) }
            // While the queue is full, age seals nothing; the end of a delivery wakes us.
            for area in areas {
                if let due = area.secondsUntilDue(now: now, wall: wall), room > 0 || due > 0 {
                    seconds = min(seconds ?? due, due)
                }
            }
            return .sleep(seconds: seconds.map { max($0, 0) })
        }
    }

    /// Notes how an attempt ended; the caller carries out what the effects ask for, and then calls `complete`.
    ///
    /// - Parameter seconds: what the attempt took.
    package func finish(
        _ delivery: DeliveryQueue.Delivery, _ outcome: DeliveryOutcome, took seconds: Double = 0
    ) -> [DeliveryQueue.Effect] {
        let now = clock.monotonicSeconds()
        let random = Double.random(in: -1...1)
        let effects = queue.withLock { $0.finish(delivery, outcome, at: now, random: random) }
        counts.withLock { counts in
            counts.attempts += 1
            counts.attemptDurations.observe(seconds)
            if seconds > settings.slowFlushLogThresholdSeconds { counts.slowAttempts += 1 }
            for effect in effects { counts.note(effect) }
        }
        for case .failing(let reason, _, _) in effects { lastFailure.withLock { $0 = reason.sentence } }
        wakeup.wakeOne()
        return effects
    }

    /// The effects of an attempt are carried out. When nothing else is left of the chunk, its memory is counted out and
    /// its receipts are settled here.
    @discardableResult
    package func complete(_ delivery: DeliveryQueue.Delivery) -> [DeliveryQueue.Effect] {
        let effects = queue.withLock { $0.complete(delivery) }
        for effect in effects { settle(effect) }
        return effects
    }

    private func settle(_ effect: DeliveryQueue.Effect) {
        switch effect {
        case .released(let chunk, let fate): release(chunk, fate)
        case .replaced(let chunk, let rest):
            budget.add(rest.heldBytes - chunk.heldBytes)
            tellRoom()
        case .done(let chunk, let items): chunk.noteDone(items)
        default: break
        }
    }

    private func release(_ chunk: SealedChunk, _ fate: Receipt.Fate) {
        chunk.remove()
        budget.add(-chunk.heldBytes)
        for receipt in chunk.receipts { receipt.settle(fate) }
        // Room that dropping makes is no room to tell of.
        if fate != .lost { tellRoom() }
        if budget.heldBytes == 0 { emptied.wakeAll() }
    }

    func tellRoom() {
        if isPaced, !isPauseOver { return }
        guard budget.takeRoom() else { return }
        tell { $0.hasRoom(at: $1) }
        for action in onRoom.withLock({ $0 }) { action() }
    }

    // MARK: - What there is

    /// Nothing staged, queued, in delivery, or on its way to where refused events go.
    package var isEmpty: Bool { budget.heldBytes == 0 }

    /// While the destination is in trouble: when it is asked next.
    var outage: RetryState? { queue.withLock { $0.outage } }

    /// A snapshot for the log and the monitor.
    package var statistics: BufferStatistics {
        let areas = areas.withLock { $0 }
        let (stagedChunks, stagedBytes) = (areas.reduce(0) { $0 + $1.count }, areas.reduce(0) { $0 + $1.byteCount })
        var counts = counts.withLock { $0 }
        counts.acceptedEvents = acceptedEvents.load(ordering: .relaxed)
        let (now, wall) = (clock.monotonicSeconds(), Double(clock.wallSeconds()))
        let failure = lastFailure.withLock { $0 }
        let oldestStaged = areas.compactMap(\.oldestCreatedAt).min().map { now - $0 }
        return queue.withLock { queue in
            var statistics = BufferStatistics()
            (statistics.stagedChunks, statistics.stagedBytes) = (stagedChunks, stagedBytes)
            (statistics.queuedChunks, statistics.queuedBytes) = (queue.queuedCount, queue.byteCount)
            statistics.inFlightChunks = queue.inFlightCount
            (statistics.totalBytes, statistics.totalLimitBytes) = (budget.heldBytes, settings.totalLimitBytes)
            statistics.counts = counts
            let oldestQueued = queue.oldestID.flatMap(ChunkID.createdAtSeconds).map { wall - $0 }
            statistics.oldestSeconds = [oldestStaged, oldestQueued].compactMap { $0.map { max($0, 0) } }.max()
            if let outage = queue.outage {
                statistics.retryCount = max(outage.failures, 1)
                statistics.retry = BufferStatistics.Retry(
                    failures: statistics.retryCount, startedAtSeconds: wall - now + outage.startedAt,
                    nextAttemptAtSeconds: wall - now + outage.nextAttemptAt,
                    waitSeconds: max(outage.nextAttemptAt - now, 0))
                statistics.lastFailure = failure
            }
            return statistics
        }
    }

    /// What `statistics.totalBytes` must be while nobody changes anything, added up anew.
    package var recountedBytes: Int {
        areas.withLock { $0 }.reduce(0) { $0 + $1.heldBytes } + queue.withLock { $0.heldBytes }
    }
}
