package import Events
internal import Synchronization

/// Reads the value of one record key, as text, onto the end of `value`. A record without it adds nothing.
package typealias RecordKeyReader = (
    _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, _ value: inout [UInt8]
) -> Void

/// The chunks that one loop fills. Its lock is taken once a batch, and only flush workers ever compete for it.
final class StagingArea: Sendable {
    private struct State {
        var chunks: [ChunkKey: StagedChunk] = [:]
        /// The same chunks by tag, for areas whose only key is the tag: spares hashing its bytes.
        var chunksByTag: [Int: StagedChunk] = [:]
        /// Capacity of a new chunk: what the last one needed, so that it does not grow by copying.
        var capacity = 64 * 1024
    }

    private let settings: BufferSettings
    private let clock: any FlushClock
    private let fullBytes: Int
    private let state = Mutex(State())

    init(settings: BufferSettings, clock: any FlushClock) {
        self.settings = settings
        self.clock = clock
        fullBytes = max(Int(Double(settings.chunkLimitBytes) * settings.chunkFullThreshold), 1)
    }

    /// What a batch did to the area.
    struct Growth {
        /// Bytes added, sealed chunks included.
        var bytes = 0
        var sealed: [SealedChunk] = []
        /// A chunk was begun, so there is a new deadline.
        var hasNewChunk = false
        var records = 0
    }

    /// Formats all records of a batch into their chunks.
    func append(
        tag: Tag, storage: inout ByteBuffer, rows: inout Rows, formatter: any ChunkFormatter,
        fieldReaders: [RecordKeyReader]
    ) -> Growth {
        return state.withLock { state in
            var growth = Growth()
            let count = rows.records.count
            if settings.keys.isPerBatch {
                var index = 0
                while index < count {
                    let staged = chunk(for: tag, &state, &growth)
                    fill(
                        staged, from: &index, to: count, tag, &storage, &rows, formatter, &state, &growth)
                }
            } else {
                var index = 0
                while index < count {
                    let record = rows.records[index]
                    let key = key(of: record, tag, rows, storage, fieldReaders)
                    let staged = chunk(for: key, &state, &growth)
                    fill(
                        staged, from: &index, to: index + 1, tag, &storage, &rows, formatter, &state, &growth)
                }
            }
            growth.records = count
            if settings.resolvedFlushMode == .immediate { sealAll(&state, &growth.sealed) }
            return growth
        }
    }

    // MARK: - Filling

    /// Formats records until the chunk is full or the range ends.
    private func fill(
        _ staged: StagedChunk, from index: inout Int, to end: Int, _ tag: Tag, _ storage: inout ByteBuffer,
        _ rows: inout Rows, _ formatter: any ChunkFormatter, _ state: inout State, _ growth: inout Growth
    ) {
        let before = staged.body.byteCount
        let isFull = Self.fill(
            &staged.body, from: &index, to: end, tag, &storage, &rows, formatter, fullBytes: fullBytes,
            limitRecords: settings.chunkLimitRecords ?? .max)
        guard isFull else {
            growth.bytes += staged.body.byteCount - before
            return
        }
        guard staged.body.byteCount > settings.chunkLimitBytes, let last = staged.body.items.last else {
            growth.bytes += staged.body.byteCount - before
            seal(staged, &state, &growth.sealed)
            return
        }
        // The last record made it larger than a chunk may be.
        let size = Int(last.source.length) + ChunkItem.tableBytes
        if size > settings.chunkLimitBytes {
            staged.body.removeLastItem()
            growth.bytes += staged.body.byteCount - before
            rows.rejections.append(
                Rejection(
                    record: rows.records[index - 1], kind: "Fluent::Plugin::Buffer::BufferChunkOverflowError",
                    reason: "a \(size) bytes record is larger than the buffer's chunk_limit_size of "
                        + "\(settings.chunkLimitBytes) bytes; raise chunk_limit_size"))
            return
        }
        let next = StagedChunk(key: staged.key, createdAt: clock.monotonicSeconds(), capacity: state.capacity)
        staged.body.moveLastItem(to: &next.body)
        growth.bytes += staged.body.byteCount + next.body.byteCount - before
        seal(staged, &state, &growth.sealed)
        state.chunks[next.key] = next
        growth.hasNewChunk = true
    }

    /// The hot loop: apart, so that the chunk's exclusive access is checked once for all records.
    private static func fill(
        _ body: inout ChunkBody, from index: inout Int, to end: Int, _ tag: Tag, _ storage: inout ByteBuffer,
        _ rows: inout Rows, _ formatter: any ChunkFormatter, fullBytes: Int, limitRecords: Int
    ) -> Bool {
        while index < end {
            let record = rows.records[index]
            index &+= 1
            formatter.format(record, tag: tag, storage: &storage, rows: &rows, into: &body)
            if body.byteCount >= fullBytes || body.items.count >= limitRecords { return true }
        }
        return false
    }

    // MARK: - Finding

    private func chunk(for tag: Tag, _ state: inout State, _ growth: inout Growth) -> StagedChunk {
        let id = settings.keys.usesTag ? tag.id : 0
        if let staged = state.chunksByTag[id] { return staged }
        let staged = chunk(for: settings.keys.usesTag ? ChunkKey(tag: tag.bytes) : .none, &state, &growth)
        staged.tagIDs.append(id)
        state.chunksByTag[id] = staged
        return staged
    }

    private func chunk(for key: ChunkKey, _ state: inout State, _ growth: inout Growth) -> StagedChunk {
        if let staged = state.chunks[key] { return staged }
        let staged = StagedChunk(key: key, createdAt: clock.monotonicSeconds(), capacity: state.capacity)
        state.chunks[key] = staged
        growth.hasNewChunk = true
        return staged
    }

    private func key(
        of record: Record, _ tag: Tag, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer,
        _ readers: [RecordKeyReader]
    ) -> ChunkKey {
        var fields: [[UInt8]] = []
        for reader in readers {
            var value: [UInt8] = []
            reader(record, rows, storage, &value)
            fields.append(value)
        }
        return ChunkKey(
            tag: settings.keys.usesTag ? tag.bytes : nil, timeSlice: settings.keys.slice(of: record.time.seconds),
            fields: fields)
    }

    // MARK: - Sealing

    private func seal(_ staged: StagedChunk, _ state: inout State, _ sealed: inout [SealedChunk]) {
        state.chunks.removeValue(forKey: staged.key)
        for id in staged.tagIDs { state.chunksByTag.removeValue(forKey: id) }
        if staged.body.items.isEmpty { return }
        // A little more, or a chunk of the same size would be copied into twice the room for its last bytes.
        let size = staged.body.bytes.count
        state.capacity = min(size + size / 16 + 4096, settings.chunkLimitBytes)
        sealed.append(staged.seal())
    }

    private func sealAll(_ state: inout State, _ sealed: inout [SealedChunk]) {
        for staged in Array(state.chunks.values) { seal(staged, &state, &sealed) }
    }

    /// Takes every chunk out, due or not.
    func sealAll() -> [SealedChunk] {
        state.withLock { state in
            var sealed: [SealedChunk] = []
            sealAll(&state, &sealed)
            return sealed
        }
    }

    /// Takes out the chunks whose time has come, the oldest first, at most `limit` of those that only age makes due.
    func sealDue(now: Double, wall: Int64, limit: Int) -> [SealedChunk] {
        state.withLock { state in
            var sealed: [SealedChunk] = []
            var left = limit
            for staged in state.chunks.values.sorted(by: { $0.createdAt < $1.createdAt }) {
                if isSliceOver(staged, wall) {
                    seal(staged, &state, &sealed)
                } else if left > 0, let dueAt = dueAt(staged), dueAt <= now {
                    left -= 1
                    seal(staged, &state, &sealed)
                }
            }
            return sealed
        }
    }

    /// Seconds until the next chunk is due; nil when none is staged or nothing but its size ends it.
    func secondsUntilDue(now: Double, wall: Int64) -> Double? {
        state.withLock { state in
            var least: Double?
            for staged in state.chunks.values {
                var seconds = dueAt(staged).map { $0 - now }
                if let slice = staged.key.timeSlice, let length = settings.keys.timekeySeconds {
                    let left = Double(slice + length + settings.keys.timekeyWaitSeconds - wall)
                    seconds = min(seconds ?? left, left)
                }
                if let seconds { least = min(least ?? seconds, seconds) }
            }
            return least
        }
    }

    private func dueAt(_ staged: StagedChunk) -> Double? {
        settings.resolvedFlushMode == .interval ? staged.createdAt + settings.flushIntervalSeconds : nil
    }

    private func isSliceOver(_ staged: StagedChunk, _ wall: Int64) -> Bool {
        guard let slice = staged.key.timeSlice, let length = settings.keys.timekeySeconds else { return false }
        return slice + length + settings.keys.timekeyWaitSeconds <= wall
    }

    /// Chunks and bytes now staged.
    var size: (chunks: Int, bytes: Int) {
        state.withLock { state in
            (state.chunks.count, state.chunks.values.reduce(0) { $0 + $1.body.byteCount })
        }
    }
}

extension ChunkBody {
    /// The last event goes to another chunk.
    mutating func moveLastItem(to other: inout ChunkBody) {
        guard let last = items.last else { return }
        let start = other.bytes.count
        other.bytes.append(last.source, of: bytes)
        let label = labels.indices.contains(Int(last.label)) ? other.label(labels[Int(last.label)]) : 0
        let tag = tags.indices.contains(Int(last.tag)) ? other.tag(tags[Int(last.tag)]) : 0
        other.endItem(from: start, label: label, tag: tag, time: last.time)
        removeLastItem()
    }
}
