internal import Dispatch
package import Events
package import Logging
internal import Synchronization

/// What became of events that were handed to `FlushHandlers`.
package enum HandedOn: Sendable, Equatable {
    /// They are where they go on, but for so many that are neither there nor kept.
    case done(lost: Int)
    /// They are nowhere else: the worker's task was cancelled first. The chunk still owes them.
    case stillHeld
}

/// What becomes of events that a destination does not take. Called by workers, several at once.
///
/// The chunk stays counted until the handler returns, so that whoever waits for room elsewhere (in the buffer of `@ERROR`,
/// on a disk) holds this output back too. A handler whose task is cancelled ends soon.
package struct FlushHandlers: Sendable {
    /// These items were refused for good, each with its reason. Returns when the events are where they go on.
    package var onRejected: @Sendable (_ chunk: LoadedChunk, _ items: [RejectedItem], _ attempts: Int) async -> HandedOn
    /// These items are given up: the whole chunk was refused, or the last retry has failed. Returns when the events are
    /// where they go on.
    package var onGaveUp:
        @Sendable (_ chunk: LoadedChunk, _ items: ItemSet, _ reason: Refusal, _ attempts: Int) async -> HandedOn

    package init(
        onRejected: @escaping @Sendable (LoadedChunk, [RejectedItem], _ attempts: Int) async -> HandedOn,
        onGaveUp:
            @escaping @Sendable (_ chunk: LoadedChunk, _ items: ItemSet, _ reason: Refusal, _ attempts: Int) async ->
            HandedOn
    ) {
        self.onRejected = onRejected
        self.onGaveUp = onGaveUp
    }
}

/// What a shutdown could not deliver.
package struct FlushRemainder: Sendable {
    /// Chunks, and which of their items are still owed. What was in delivery when the time was over is among them: perhaps
    /// it has arrived. The receipts of these chunks are not settled yet.
    package var parts: [(chunk: SealedChunk, items: ItemSet)]

    package var chunkCount: Int { parts.count }
    package var eventCount: Int { parts.reduce(0) { $0 + $1.items.count } }
}

/// The tasks that carry one buffer's chunks to their destination: `flush_thread_count` of them.
///
/// A stop goes in steps, so that several outputs can be taken through them one after the other: `beginDrain`, then what
/// `snapshotUndelivered` answers may be written down, then `drained`, then `stop`.
package final class FlushWorkers: Sendable {
    private let buffer: ChunkBuffer
    private let destination: any Destination
    private let secondary: (any Destination)?
    private let name: String
    private let log: Log
    private let handlers: FlushHandlers
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let isWorking = Atomic<Bool>(false)
    /// Nothing more is sent; what is under way ends by itself.
    private let isWindingDown = Atomic<Bool>(false)
    private let ended = Wakeup()
    private let notices = Mutex(FailureNotices())

    /// `name`: what log lines call the destination, as `http://127.0.0.1:9200`.
    package init(
        buffer: ChunkBuffer, destination: any Destination, secondary: (any Destination)? = nil, name: String,
        log: Log = .discarding, handlers: FlushHandlers
    ) {
        self.buffer = buffer
        self.destination = destination
        self.secondary = secondary
        self.name = name
        self.log = log
        self.handlers = handlers
    }

    /// Starts the workers. A second call does nothing.
    package func start() {
        let count = max(buffer.settings.flushThreadCount, 1)
        task.withLock { task in
            guard task == nil else { return }
            isWorking.store(true, ordering: .sequentiallyConsistent)
            task = Task.detached {
                await withDiscardingTaskGroup { group in
                    group.addTask { await self.destination.prepare() }
                    if self.buffer.isPaced { group.addTask { await self.watchPauses() } }
                    for _ in 0..<count {
                        group.addTask { await self.work() }
                    }
                }
                self.isWorking.store(false, ordering: .sequentiallyConsistent)
                self.ended.wakeAll()
            }
        }
    }

    /// Of the requests that the destination has sent, in bytes; nil: it sends none.
    package var requestSizes: Histogram? { destination.requests?.reading }

    /// What the destination tells of itself.
    package var figures: [(name: String, value: Int)] { destination.figures }

    /// Sends everything now (SIGUSR1).
    package func flushAll() { buffer.flushAll() }

    // MARK: - Stopping

    /// Seals what is staged, forgets all waits, and from now on sends what comes in without delay. Retries go on.
    package func beginDrain() { buffer.beginDrain() }

    /// Waits until nothing is left: not staged, not queued, not in delivery, not on its way to where refused events go.
    /// False when the time is over before, or the calling task is cancelled.
    package func drained(within seconds: Double) async -> Bool {
        let deadline = buffer.clock.monotonicSeconds() + seconds
        while true {
            let generation = buffer.emptied.generation
            if buffer.isEmpty { return true }
            let left = deadline - buffer.clock.monotonicSeconds()
            if left <= 0 || Task.isCancelled { return false }
            await buffer.emptied.sleep(since: generation, seconds: left, clock: buffer.clock)
        }
    }

    /// Everything that is not confirmed at this moment, what is in delivery included. From now on chunks
    /// keep their items' numbers.
    package func snapshotUndelivered() -> [(chunk: SealedChunk, items: ItemSet)] { buffer.snapshotUndelivered() }

    /// Sends nothing more, and waits so long for what is under way to end by itself: an answer that is not waited for may
    /// be that of a server that has taken the events.
    package func windDown(within seconds: Double) async {
        isWindingDown.store(true, ordering: .sequentiallyConsistent)
        buffer.wakeup.wakeAll()
        buffer.paused.wakeAll()
        await waitForEnd(within: seconds)
    }

    private func waitForEnd(within seconds: Double) async {
        let deadline = buffer.clock.monotonicSeconds() + seconds
        while true {
            let generation = ended.generation
            let left = deadline - buffer.clock.monotonicSeconds()
            if !isWorking.load(ordering: .sequentiallyConsistent) || left <= 0 { return }
            // Not cancelled with the caller: what is under way ends soon, and what it says is worth waiting for.
            await Task { await self.ended.sleep(since: generation, seconds: left, clock: self.buffer.clock) }.value
        }
    }

    /// Cancels what is under way, waits so many seconds for it to end, and answers what is left. Whatever has not ended
    /// by then is among it.
    package func stop(within seconds: Double) async -> FlushRemainder {
        let running = task.withLock { task in
            let running = task
            task = nil
            return running
        }
        running?.cancel()
        await waitForEnd(within: seconds)
        let remainder = FlushRemainder(parts: buffer.takeAll())
        if remainder.chunkCount > 0, !buffer.isOnDisk {
            log.error(
                "shutdown before everything was delivered",
                ["destination": name, "chunks": remainder.chunkCount, "events": remainder.eventCount])
        }
        return remainder
    }

    /// All steps of a stop: sends what there is for at most `seconds` (not at all with `flush_at_shutdown false`), stops
    /// the workers and answers what is left. Cancelling the calling task ends the wait at once.
    package func shutdown(within seconds: Double) async -> FlushRemainder {
        if buffer.settings.flushAtShutdown {
            beginDrain()
            _ = await drained(within: seconds)
        }
        return await stop(within: Self.cancellationSeconds)
    }

    /// How long attempts that were cancelled may take to end.
    package static let cancellationSeconds = 2.0

    // MARK: - One worker

    private func work() async {
        while !Task.isCancelled {
            let generation = buffer.wakeup.generation
            if isWindingDown.load(ordering: .sequentiallyConsistent) { return }
            switch buffer.nextStep() {
            case .deliver(let delivery): await deliver(delivery)
            case .sleep(let seconds):
                let wait = [remind(before: seconds), BlockPool.shared.releaseIdle()].compactMap { $0 }.min()
                await buffer.wakeup.sleep(since: generation, seconds: wait, clock: buffer.clock)
            }
        }
    }

    /// Ends the pauses that take too long: a worker may be busy meanwhile.
    private func watchPauses() async {
        while !Task.isCancelled {
            let generation = buffer.paused.generation
            if isWindingDown.load(ordering: .sequentiallyConsistent) { return }
            await buffer.paused.sleep(since: generation, seconds: buffer.lookAtPause(), clock: buffer.clock)
        }
    }

    /// Says that an outage goes on when that was not said for long; answers how long to sleep at most.
    private func remind(before seconds: Double?) -> Double? {
        guard let outage = buffer.outage else { return seconds }
        let now = buffer.clock.monotonicSeconds()
        let (reason, silence) = notices.withLock { ($0.remind(at: now), $0.secondsUntilReminder(at: now)) }
        if let reason { tellFailing(name, reason, outage, at: now) }
        guard let seconds, let silence else { return seconds ?? silence }
        return min(seconds, silence)
    }

    private func tellFailing(_ name: String, _ reason: String, _ retry: RetryState, at now: Double) {
        let statistics = buffer.statistics
        log.warn(
            FailureNotices.text(
                destination: name, reason: reason, retry: retry, now: now, chunks: statistics.queuedChunks,
                bytes: statistics.queuedBytes))
    }

    private func deliver(_ delivery: DeliveryQueue.Delivery) async {
        let start = buffer.clock.monotonicSeconds()
        let target = delivery.target == .secondary ? secondary ?? destination : destination
        var loaded: LoadedChunk?
        let outcome: DeliveryOutcome
        do throws(ChunkStoreError) {
            let chunk = try await load(delivery)
            loaded = chunk
            let readable = delivery.items.subtracting(chunk.unreadable)
            noteUnreadable(delivery.items.count - readable.count, of: delivery.chunk)
            outcome = readable.isEmpty ? .delivered : await target.deliver(chunk, items: readable)
        } catch {
            outcome = .retry(reason: Refusal(.storage, error.description), after: nil)
        }
        let elapsed = buffer.clock.monotonicSeconds() - start
        log.debug(
            "flushed a chunk: \(outcome.summary)",
            [
                "destination": name, "chunk": delivery.chunk.id, "events": delivery.items.count,
                "chunk_bytes": delivery.chunk.byteCount, "elapsed_seconds": Self.rounded(elapsed),
            ])
        let threshold = buffer.settings.slowFlushLogThresholdSeconds
        if elapsed > threshold {
            log.limited(
                .warn, "buffer flush took longer time than slow_flush_log_threshold",
                [
                    "destination": name, "elapsed_time": Self.rounded(elapsed), "slow_flush_log_threshold": threshold,
                    "chunk": delivery.chunk.id,
                ])
        }
        var isCarriedOut = true
        for effect in buffer.finish(delivery, outcome, took: elapsed) where await !carryOut(effect, loaded) {
            isCarriedOut = false
        }
        // Else the attempt's hold on the chunk stays, and whoever takes what is left finds the events in it.
        if isCarriedOut { buffer.complete(delivery) }
    }

    /// Reads a chunk where no task has to wait for it.
    private func load(_ delivery: DeliveryQueue.Delivery) async throws(ChunkStoreError) -> LoadedChunk {
        let (chunk, items) = (delivery.chunk, delivery.items)
        guard chunk.isOnDisk else { return try chunk.load(items) }
        let result: Result<LoadedChunk, ChunkStoreError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: Result { () throws(ChunkStoreError) in try chunk.load(items) })
            }
        }
        return try result.get()
    }

    /// To milliseconds, for people.
    private static func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }

    /// - Parameter loaded: the events; nil where they could not be read.
    /// - Returns: false when the chunk still owes the events of the effect.
    private func carryOut(_ effect: DeliveryQueue.Effect, _ loaded: LoadedChunk?) async -> Bool {
        switch effect {
        case .replaced, .released, .done: break
        case .delivered(_, _, .primary): break
        case .delivered(let chunk, let count, .secondary):
            log.limited(
                .warn, "the secondary took what the destination did not",
                ["destination": name, "chunk": chunk.id, "events": count])
        case .rejected(let chunk, let items, let attempts):
            guard let loaded else {
                noteUnread(items.count, of: chunk)
                break
            }
            return note(await handlers.onRejected(loaded, items, attempts), of: chunk)
        case .gaveUp(let chunk, let items, let reason, let attempts):
            log.limited(
                .error, kind: reason.kind.rawValue, "giving up a chunk",
                ["destination": name, "chunk": chunk.id, "events": items.count, "reason": reason.sentence])
            guard let loaded else {
                noteUnread(items.count, of: chunk)
                break
            }
            // What could not be read is told of already.
            let readable = items.subtracting(loaded.unreadable)
            if !readable.isEmpty { return note(await handlers.onGaveUp(loaded, readable, reason, attempts), of: chunk) }
        case .passedOn(let chunk, let items, let reason):
            log.limited(
                .warn, "the destination refused a chunk for good; asking the secondary",
                ["destination": name, "chunk": chunk.id, "events": items.count, "reason": reason.sentence])
        case .failing(let reason, let retry, let target):
            let now = buffer.clock.monotonicSeconds()
            guard notices.withLock({ $0.admit(reason, at: now) }) else { break }
            tellFailing(target == .secondary ? "\(name)'s secondary" : name, reason.sentence, retry, at: now)
        case .recovered(let failures, let since):
            notices.withLock { $0.forget() }
            log.info(
                "retry succeeded",
                [
                    "destination": name, "failures": failures,
                    "seconds": Int(buffer.clock.monotonicSeconds() - since),
                ])
        case .split(let chunk, let count, let reason):
            log.limited(
                .warn, "request was too large: sending the chunk in two halves",
                ["destination": name, "chunk": chunk.id, "events": count, "reason": reason.sentence])
        }
        return true
    }

    private func note(_ outcome: HandedOn, of chunk: SealedChunk) -> Bool {
        guard case .done(let lost) = outcome else { return false }
        noteLost(lost, of: chunk)
        return true
    }

    /// A part of a chunk is not what was written.
    private func noteUnreadable(_ events: Int, of chunk: SealedChunk) {
        guard events > 0 else { return }
        chunk.keepAside()
        log.limited(
            .error,
            "a chunk is corrupt, and some of its events cannot be read; a copy of it is kept, and the rest is sent",
            ["chunk": chunk.id, "events": events])
        noteLost(events, of: chunk)
    }

    private func noteUnread(_ events: Int, of chunk: SealedChunk) {
        chunk.keepAside()
        log.error(
            "giving up a chunk that could not be read; a copy of it is kept", ["chunk": chunk.id, "events": events])
        noteLost(events, of: chunk)
    }

    private func noteLost(_ events: Int, of chunk: SealedChunk) {
        guard events > 0 else { return }
        for receipt in chunk.receipts { receipt.note(.lost) }
    }
}

extension DeliveryOutcome {
    /// For the log of whoever looks for a fault: what became of one attempt.
    fileprivate var summary: String {
        switch self {
        case .delivered: "delivered"
        case .partial(let retry, let reason, let rejected):
            "\(retry.count) to be sent again, \(rejected.count) rejected: \(reason.sentence)"
        case .retry(let reason, _): "to be sent again: \(reason.sentence)"
        case .tooLarge(let reason): "too large: \(reason.sentence)"
        case .rejected(let reason): "rejected: \(reason.sentence)"
        }
    }
}
