package import Events
package import Logging
internal import Synchronization

/// What becomes of events that a destination does not take. Called by workers, several at once.
package struct FlushHandlers: Sendable {
    /// These items were refused for good, each with its reason.
    package var onRejected: @Sendable (SealedChunk, [RejectedItem]) -> Void
    /// These items are given up: the whole chunk was refused, or the last retry has failed.
    package var onGaveUp: @Sendable (_ chunk: SealedChunk, _ items: ItemSet, _ reason: Refusal) -> Void

    package init(
        onRejected: @escaping @Sendable (SealedChunk, [RejectedItem]) -> Void,
        onGaveUp: @escaping @Sendable (_ chunk: SealedChunk, _ items: ItemSet, _ reason: Refusal) -> Void
    ) {
        self.onRejected = onRejected
        self.onGaveUp = onGaveUp
    }
}

/// What a shutdown could not deliver.
package struct FlushRemainder: Sendable {
    /// Chunks, and which of their items are still owed.
    package var parts: [(chunk: SealedChunk, items: ItemSet)]

    package var chunkCount: Int { parts.count }
    package var eventCount: Int { parts.reduce(0) { $0 + $1.items.count } }
    package var byteCount: Int {
        parts.reduce(0) { sum, part in
            sum + part.items.reduce(0) { $0 + Int(part.chunk.body.items[$1].source.length) }
        }
    }
}

/// The tasks that carry one buffer's chunks to their destination: `flush_thread_count` of them.
package final class FlushWorkers: Sendable {
    private let buffer: ChunkBuffer
    private let destination: any Destination
    private let secondary: (any Destination)?
    private let name: String
    private let log: Log
    private let handlers: FlushHandlers
    private let task = Mutex<Task<Void, Never>?>(nil)
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
            task = Task.detached {
                await withDiscardingTaskGroup { group in
                    for _ in 0..<count {
                        group.addTask { await self.work() }
                    }
                }
            }
        }
    }

    /// Sends everything now (SIGUSR1).
    package func flushAll() { buffer.flushAll() }

    /// Sends what there is for at most `seconds` (not at all with `flush_at_shutdown false`), stops the workers and
    /// answers what is left. Cancelling the calling task ends the wait at once.
    package func shutdown(within seconds: Double) async -> FlushRemainder {
        if buffer.settings.flushAtShutdown {
            let deadline = buffer.clock.monotonicSeconds() + seconds
            buffer.flushAll()
            while true {
                let generation = buffer.wakeup.generation
                let left = deadline - buffer.clock.monotonicSeconds()
                if buffer.isEmpty || left <= 0 || Task.isCancelled { break }
                await buffer.wakeup.sleep(since: generation, seconds: left, clock: buffer.clock)
            }
        }
        let running = task.withLock { task in
            let running = task
            task = nil
            return running
        }
        running?.cancel()
        await running?.value
        let remainder = FlushRemainder(parts: buffer.takeAll())
        if remainder.chunkCount > 0 {
            log.error(
                "shutdown before everything was delivered",
                ["destination": name, "chunks": remainder.chunkCount, "events": remainder.eventCount])
        }
        return remainder
    }

    // MARK: - One worker

    private func work() async {
        while !Task.isCancelled {
            let generation = buffer.wakeup.generation
            switch buffer.nextStep() {
            case .deliver(let delivery): await deliver(delivery)
            case .sleep(let seconds):
                await buffer.wakeup.sleep(since: generation, seconds: seconds, clock: buffer.clock)
            }
        }
    }

    private func deliver(_ delivery: DeliveryQueue.Delivery) async {
        let start = buffer.clock.monotonicSeconds()
        let target = delivery.target == .secondary ? secondary ?? destination : destination
        let outcome = await target.deliver(delivery.chunk, items: delivery.items)
        let elapsed = buffer.clock.monotonicSeconds() - start
        let threshold = buffer.settings.slowFlushLogThresholdSeconds
        if elapsed > threshold {
            log.limited(
                .warn, "buffer flush took longer time than slow_flush_log_threshold",
                [
                    "destination": name, "elapsed_time": elapsed, "slow_flush_log_threshold": threshold,
                    "chunk": delivery.chunk.id,
                ])
        }
        for effect in buffer.finish(delivery, outcome) { carryOut(effect) }
    }

    private func carryOut(_ effect: DeliveryQueue.Effect) {
        switch effect {
        case .released, .delivered: break
        case .rejected(let chunk, let items): handlers.onRejected(chunk, items)
        case .gaveUp(let chunk, let items, let reason):
            log.error(
                "giving up a chunk",
                ["destination": name, "chunk": chunk.id, "events": items.count, "reason": reason.sentence])
            handlers.onGaveUp(chunk, items, reason)
        case .failing(let reason, let retry):
            let now = buffer.clock.monotonicSeconds()
            guard notices.withLock({ $0.admit(reason.sentence, at: now) }) else { return }
            let statistics = buffer.statistics
            log.warn(
                FailureNotices.text(
                    destination: name, reason: reason.sentence, retry: retry, now: now, chunks: statistics.queuedChunks,
                    bytes: statistics.totalBytes))
        case .recovered(let retry):
            notices.withLock { $0.forget() }
            log.info(
                "retry succeeded",
                [
                    "destination": name, "failures": retry.failures,
                    "seconds": Int(buffer.clock.monotonicSeconds() - retry.startedAt),
                ])
        case .split(let chunk, let count, let reason):
            log.limited(
                .warn, "request was too large: sending the chunk in two halves",
                ["destination": name, "chunk": chunk.id, "events": count, "reason": reason.sentence])
        }
    }
}

/// When a failure that goes on is worth another line: when its reason is new, then after 1, 2, 4 … at most 300 seconds.
struct FailureNotices: Sendable {
    static let longestSilenceSeconds = 300.0
    private var reason = ""
    private var nextAt = 0.0
    private var silence = 0.0

    mutating func admit(_ reason: String, at now: Double) -> Bool {
        if reason != self.reason {
            self.reason = reason
            silence = 1
        } else if now < nextAt {
            return false
        } else {
            silence = min(silence * 2, Self.longestSilenceSeconds)
        }
        nextAt = now + silence
        return true
    }

    mutating func forget() { self = FailureNotices() }

    /// `cannot deliver to http://127.0.0.1:9200: connection refused; retry 3 in 4.2 s; 12 chunks, 3.4 MB waiting`
    static func text(
        destination: String, reason: String, retry: RetryState, now: Double, chunks: Int, bytes: Int
    ) -> String {
        "cannot deliver to \(destination): \(reason); retry \(retry.failures) in "
            + "\(oneDecimal(max(retry.nextAttemptAt - now, 0))) s; \(chunks) \(chunks == 1 ? "chunk" : "chunks"), "
            + "\(size(bytes)) waiting"
    }

    private static func size(_ bytes: Int) -> String {
        if bytes < 1000 { return "\(bytes) B" }
        return bytes < 1_000_000 ? "\(oneDecimal(Double(bytes) / 1e3)) kB" : "\(oneDecimal(Double(bytes) / 1e6)) MB"
    }

    private static func oneDecimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
