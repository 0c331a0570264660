internal import Events
internal import Time

/// What a `<buffer>` section says, with Fluentd's defaults for the memory buffer (`lib/fluent/plugin/buffer.rb`,
/// `output.rb`, `buf_memory.rb`).
///
/// Two defaults differ on purpose: `overflowAction` is back-pressure, so that nothing is thrown away, and a failed
/// chunk's good items are not sent again.
package struct BufferSettings: Sendable {
    /// When staged events leave for the queue (`flush_mode`).
    package enum FlushMode: String, Sendable, CaseIterable {
        /// `lazy` with a `time` key, else `interval`.
        case `default`
        /// When a chunk's time slice is over (and `timekey_wait` has passed), or it is full.
        case lazy
        /// When a chunk is `flush_interval` old.
        case interval
        /// After every batch.
        case immediate
    }

    /// What happens when `total_limit_size` is reached (`overflow_action`).
    package enum OverflowAction: String, Sendable, CaseIterable {
        /// Take the batch in and ask the inputs to stop reading.
        case block
        /// Refuse the batch: it goes to `@ERROR`, or its sender gets no ack.
        case throwException = "throw_exception"
        /// Throw away the oldest chunks until there is room. Inputs are never held up.
        case dropOldestChunk = "drop_oldest_chunk"
    }

    /// Which values split events into chunks of their own.
    package var keys = ChunkKeyPlan()
    package var flushMode = FlushMode.default
    package var flushIntervalSeconds = 60.0
    /// How many chunks are delivered at once (`flush_thread_count`).
    package var flushThreadCount = 1
    package var flushAtShutdown = true
    package var overflowAction = OverflowAction.block
    /// `chunk_limit_size`: no chunk, and so no record, is larger.
    package var chunkLimitBytes = 8 << 20
    /// `total_limit_size`: what the output's chunks keep in memory, staged, queued and in delivery together.
    package var totalLimitBytes = 512 << 20
    package var chunkLimitRecords: Int?
    /// The part of `chunk_limit_size` from which on a chunk counts as full.
    package var chunkFullThreshold = 0.95
    /// While so many chunks are queued, `flush_interval` makes no more of them: an outage then gives few large chunks
    /// instead of many small ones. nil: as many as `flush_thread_count`.
    package var queuedChunksLimit: Int?
    /// All loops fill the same chunks, which then are fewer: for outputs that make something of each chunk.
    package var sharesChunks = false
    /// About how much of a chunk in files one delivery holds, in bytes, and so in memory for each worker.
    package var deliveryBytes = 8 << 20
    package var retry = RetrySettings()
    /// `durability power`: events of a buffer in files are safe when they are on the disk; else when they are in their
    /// files, which survive the process.
    package var waitsForDisk = false
    /// `fsync_interval`: the least time between two syncs; 0: one begins when the last has ended.
    package var fsyncIntervalSeconds = 0.0
    /// What nobody takes, in the end, is not written to files.
    package var disableChunkBackup = false
    /// `dead_letter_limit_size`: what the files of dead letters may take; nil: as much as `total_limit_size`, 0: none.
    package var deadLetterLimit: Int?
    package var deadLetterLimitBytes: Int { deadLetterLimit ?? totalLimitBytes }
    /// Deliveries that take longer are worth a warning.
    package var slowFlushLogThresholdSeconds = 20.0

    package init() {}

    /// The mode in force, with `default` resolved.
    package var resolvedFlushMode: FlushMode {
        if flushMode != .default { return flushMode }
        return keys.timekeySeconds == nil ? .interval : .lazy
    }

    package var resolvedQueuedChunksLimit: Int { max(queuedChunksLimit ?? flushThreadCount, 1) }
}

/// The chunk keys of a buffer section: `<buffer tag,time,user>`.
package struct ChunkKeyPlan: Sendable {
    package var usesTag = false
    /// Length of a time slice in seconds; set exactly when `time` is a key.
    package var timekeySeconds: Int64?
    /// How long after its slice a chunk still waits for late events.
    package var timekeyWaitSeconds: Int64 = 600
    /// Seconds ahead of UTC at a moment, for where slices begin (`timekey_use_utc`, `timekey_zone`): the process's zone.
    package var zoneOffset: @Sendable (_ seconds: Int64) -> Int = { LocalZone.offset(at: $0) }
    /// Names of the record keys, for messages; the emitter is given one reader for each.
    package var fieldNames: [String] = []

    package init() {}

    /// Whether all events of one batch always share one chunk.
    var isPerBatch: Bool { timekeySeconds == nil && fieldNames.isEmpty }

    /// The start of the slice a moment falls into.
    package func slice(of seconds: Int64) -> Int64? {
        guard let timekeySeconds, timekeySeconds > 0 else { return nil }
        // Times beyond these are of the same slice as their neighbours: 300,000 years either way.
        let seconds = min(max(seconds, -9_999_999_999_999), 9_999_999_999_999)
        let local = seconds + Int64(zoneOffset(seconds))
        let rest = local % timekeySeconds
        return seconds - (rest < 0 ? rest + timekeySeconds : rest)
    }
}
