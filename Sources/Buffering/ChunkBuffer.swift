package import Events
package import Logging
internal import Synchronization

/// One output's buffer in memory: the staging areas of all loops, and the queue of sealed chunks.
///
/// ```
/// loop 1 ─ BufferedEmitter ─► StagingArea ─┐ full or due
/// loop 2 ─ BufferedEmitter ─► StagingArea ─┴──────────► DeliveryQueue ─► FlushWorkers ─► Destination
/// ```
/// Locks are taken in that order and never the other way round.
package final class ChunkBuffer: Sendable {
    package let settings: BufferSettings
    let clock: any FlushClock
    private let log: Log
    private let areas = Mutex<[StagingArea]>([])
    private let queue: Mutex<DeliveryQueue>
    let wakeup = Wakeup()
    /// Bytes staged, queued and in delivery. Below zero for a moment when a chunk is delivered before it was counted.
    private let totalBytes = Atomic<Int>(0)
    private let isFull = Atomic<Bool>(false)
    private let onRoom = Mutex<(@Sendable () -> Void)?>(nil)
    /// Everything but `acceptedEvents`, which changes with every batch.
    private let counts = Mutex(BufferCounts())
    private let acceptedEvents = Atomic<Int>(0)

    package init(
        settings: BufferSettings, hasSecondary: Bool = false, clock: any FlushClock = SystemFlushClock(),
        log: Log = .discarding
    ) {
        self.settings = settings
        self.clock = clock
        self.log = log
        queue = Mutex(DeliveryQueue(settings.retry, hasSecondary: hasSecondary))
    }

    /// What to call, on any thread, when there is room again after `Acceptance.acceptedFull`.
    ///
    /// It must reach an input after the input's own reaction to that answer: post it to the input's loop as a job.
    package func whenRoom(_ action: @escaping @Sendable () -> Void) { onRoom.withLock { $0 = action } }

    /// Whether the limit is not reached.
    package var hasRoom: Bool { totalBytes.load(ordering: .sequentiallyConsistent) < settings.totalLimitBytes }

    // MARK: - In

    func makeStagingArea() -> StagingArea {
        let area = StagingArea(settings: settings, clock: clock)
        areas.withLock { $0.append(area) }
        return area
    }

    /// Makes room or says why a batch cannot be taken; nil: go on. Called before anything is formatted.
    func refusal() -> Refusal? {
        if settings.overflowAction == .block || hasRoom { return nil }
        if settings.overflowAction == .dropOldestChunk {
            while !hasRoom {
                guard let dropped = queue.withLock({ $0.dropOldest() }) else { break }
                counts.withLock { counts in
                    counts.droppedChunks += 1
                    counts.droppedEvents += dropped.items.count
                }
                log.limited(
                    .error, "buffer is full: dropping the oldest chunk (overflow_action drop_oldest_chunk)",
                    ["chunk": dropped.chunk.id, "events": dropped.items.count])
                if dropped.isReleased { release(dropped.chunk) }
            }
            if hasRoom { return nil }
        }
        return Refusal(
            .full,
            "buffer space has too many data: total_limit_size of \(settings.totalLimitBytes) bytes is reached; "
                + "raise it, or find out why the destination is slow")
    }

    func noteGrowth(_ growth: StagingArea.Growth) -> Acceptance {
        let total = totalBytes.wrappingAdd(growth.bytes, ordering: .sequentiallyConsistent).newValue
        acceptedEvents.wrappingAdd(growth.records, ordering: .relaxed)
        if !growth.sealed.isEmpty { enqueue(growth.sealed) } else if growth.hasNewChunk { wakeup.wake() }
        guard total >= settings.totalLimitBytes else { return .accepted }
        isFull.store(true, ordering: .sequentiallyConsistent)
        // A worker may have made room before it could see the mark: then nobody else would call.
        if hasRoom && isFull.exchange(false, ordering: .sequentiallyConsistent) { return .accepted }
        return .acceptedFull
    }

    private func enqueue(_ chunks: [SealedChunk]) {
        queue.withLock { queue in
            for chunk in chunks { queue.enqueue(chunk) }
        }
        wakeup.wake()
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
        let areas = areas.withLock { $0 }
        var room = max(settings.resolvedQueuedChunksLimit - queue.withLock { $0.queuedCount }, 0)
        for area in areas {
            let sealed = area.sealDue(now: now, wall: wall, limit: room)
            room = max(room - sealed.count, 0)
            if !sealed.isEmpty {
                queue.withLock { queue in
                    for chunk in sealed { queue.enqueue(chunk) }
                }
            }
        }
        switch queue.withLock({ $0.next(at: now) }) {
        case .deliver(let delivery): return .deliver(delivery)
        case .wait(let moment):
            var seconds = moment.map { $0 - now }
            // While the queue is full, age seals nothing; the end of a delivery wakes us.
            for area in areas {
                if let due = area.secondsUntilDue(now: now, wall: wall), room > 0 || due > 0 {
                    seconds = min(seconds ?? due, due)
                }
            }
            return .sleep(seconds: seconds.map { max($0, 0) })
        }
    }

    /// Notes how an attempt ended; the caller carries out what the effects ask for. Memory is counted out here.
    package func finish(_ delivery: DeliveryQueue.Delivery, _ outcome: DeliveryOutcome) -> [DeliveryQueue.Effect] {
        let now = clock.monotonicSeconds()
        let random = Double.random(in: -1...1)
        let effects = queue.withLock { $0.finish(delivery, outcome, at: now, random: random) }
        counts.withLock { counts in
            for effect in effects { counts.note(effect) }
        }
        for case .released(let chunk) in effects { release(chunk) }
        wakeup.wake()
        return effects
    }

    private func release(_ chunk: SealedChunk) {
        totalBytes.wrappingSubtract(chunk.body.byteCount, ordering: .sequentiallyConsistent)
        if hasRoom && isFull.exchange(false, ordering: .sequentiallyConsistent) {
            let action = onRoom.withLock { $0 }
            action?()
        }
    }

    /// Seals everything staged and forgets all waits, so that workers send at once (SIGUSR1, shutdown).
    package func flushAll() {
        let sealed = areas.withLock { $0 }.flatMap { $0.sealAll() }
        queue.withLock { queue in
            for chunk in sealed { queue.enqueue(chunk) }
            queue.retryNow()
        }
        wakeup.wake()
    }

    /// Takes out all that waits, sealed; what is in delivery stays there.
    package func takeAll() -> [(chunk: SealedChunk, items: ItemSet)] {
        let sealed = areas.withLock { $0 }.flatMap { $0.sealAll() }
        let parts = queue.withLock { queue in
            for chunk in sealed { queue.enqueue(chunk) }
            return queue.takeAll()
        }
        for id in Set(parts.map(\.chunk.id)) {
            if let part = parts.first(where: { $0.chunk.id == id }) { release(part.chunk) }
        }
        return parts
    }

    /// Nothing staged, queued or in delivery.
    package var isEmpty: Bool {
        areas.withLock { $0 }.allSatisfy { $0.size.chunks == 0 } && queue.withLock { $0.isEmpty }
    }

    /// A snapshot for the log and the monitor.
    package var statistics: BufferStatistics {
        let staged = areas.withLock { $0 }.map(\.size)
        var counts = counts.withLock { $0 }
        counts.acceptedEvents = acceptedEvents.load(ordering: .relaxed)
        return queue.withLock { queue in
            BufferStatistics(
                stagedChunks: staged.reduce(0) { $0 + $1.chunks }, stagedBytes: staged.reduce(0) { $0 + $1.bytes },
                queuedChunks: queue.queuedCount, inFlightChunks: queue.inFlightCount,
                totalBytes: max(totalBytes.load(ordering: .relaxed), 0), totalLimitBytes: settings.totalLimitBytes,
                retryCount: queue.outage?.failures ?? 0, counts: counts)
        }
    }
}
