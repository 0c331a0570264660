package import Events

/// What a buffer holds and has done, for the log and the monitor (Fluentd's `buffer_*` and `retry_count`).
package struct BufferStatistics: Sendable, Equatable {
    package var stagedChunks = 0
    package var stagedBytes = 0
    package var queuedChunks = 0
    package var inFlightChunks = 0
    /// Of the chunks queued and in delivery, as `chunk_limit_size` counts.
    package var queuedBytes = 0
    /// What all chunks keep allocated, as `total_limit_size` counts: staged, queued, in delivery, being refused.
    package var totalBytes = 0
    package var totalLimitBytes = 0
    /// How long the oldest event that is held has been here, in seconds; nil: none is held.
    package var oldestSeconds: Double?
    /// Failures in a row, now; 0 when the destination works.
    package var retryCount = 0
    /// While it does not.
    package var retry: Retry?
    /// What the last failed attempt said.
    package var lastFailure: String?
    package var counts = BufferCounts()

    package init() {}

    /// A run of failures. Times in seconds of the epoch.
    package struct Retry: Sendable, Equatable {
        package var failures: Int
        package var startedAtSeconds: Double
        package var nextAttemptAtSeconds: Double
        /// From now until the next attempt.
        package var waitSeconds: Double

        package init(
            failures: Int, startedAtSeconds: Double, nextAttemptAtSeconds: Double = 0, waitSeconds: Double = 0
        ) {
            (self.failures, self.startedAtSeconds) = (failures, startedAtSeconds)
            (self.nextAttemptAtSeconds, self.waitSeconds) = (nextAttemptAtSeconds, waitSeconds)
        }
    }

    /// How much of `total_limit_size` is free, from 0 to 1.
    package var freeShare: Double {
        totalLimitBytes > 0 ? max(1 - Double(totalBytes) / Double(totalLimitBytes), 0) : 1
    }
}

/// Counted since the start.
package struct BufferCounts: Sendable, Equatable {
    package var acceptedEvents = 0
    package var deliveredEvents = 0
    /// Refused for good by the destination.
    package var rejectedEvents = 0
    /// Given up after the last retry, or because the destination refused the whole chunk.
    package var abandonedEvents = 0
    package var droppedEvents = 0
    package var droppedChunks = 0
    /// Refused because the buffer was full.
    package var refusedEvents = 0
    /// Deliveries that were tried and have ended.
    package var attempts = 0
    /// Attempts that failed, in whole or in part.
    package var failedAttempts = 0
    /// Attempts over `slow_flush_log_threshold`.
    package var slowAttempts = 0
    /// What all attempts took together.
    package var attemptSeconds: Double { attemptDurations.sum }
    package var attemptDurations = Histogram.ofSeconds
    /// Of what was delivered, as it was in the buffer.
    package var deliveredBytes = 0

    package init() {}

    mutating func note(_ effect: DeliveryQueue.Effect) {
        switch effect {
        case .delivered(let chunk, let count, _):
            deliveredEvents += count
            deliveredBytes += chunk.byteCount * count / max(chunk.itemCount, 1)
        case .rejected(_, let items, _): rejectedEvents += items.count
        case .gaveUp(_, let items, _, _): abandonedEvents += items.count
        case .failing: failedAttempts += 1
        case .released, .replaced, .passedOn, .recovered, .split, .done: break
        }
    }
}
