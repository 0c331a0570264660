package import Events
internal import Synchronization

/// Reads the value of one record key, as text, onto the end of `value`. A record without it adds nothing.
package typealias RecordKeyReader = (
    _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, _ value: inout [UInt8]
) -> Void

/// The chunks that one loop fills. Its lock is taken once a batch, and only flush workers ever compete for it.
final class StagingArea: Sendable {
    private let settings: BufferSettings
    private let clock: any FlushClock
    private let budget: BufferBudget
    private let mode: BufferSettings.FlushMode
    private let fullBytes: Int
    private let state: Mutex<StagedChunks>

    init(settings: BufferSettings, store: any ChunkStore, clock: any FlushClock, budget: BufferBudget) {
        self.settings = settings
        self.clock = clock
        self.budget = budget
        mode = settings.resolvedFlushMode
        fullBytes = max(Int(Double(settings.chunkLimitBytes) * settings.chunkFullThreshold), 1)
        state = Mutex(
            StagedChunks(store, largestHint: max(settings.totalLimitBytes / 64, 0), fullBytes: fullBytes))
    }

    /// What a batch did to the area.
    struct Growth {
        var sealed: [SealedChunk] = []
        /// A chunk is staged whose time may come before anybody looks again.
        var hasNewDeadline = false
        var records = 0
        /// Why nothing of the batch was taken.
        var refusal: Refusal?
    }

    /// Formats all records of a batch into their chunks. It is in all of them afterwards, or in none.
    func append(
        _ batch: Batch, storage: inout ByteBuffer, rows: inout Rows, formatter: any ChunkFormatter,
        fieldReaders: [RecordKeyReader]
    ) -> Growth {
        state.withLock { state in
            var growth = Growth(records: rows.records.count)
            let rejections = rows.rejections.count
            let count = rows.records.count
            var index = 0
            state.beginBatch()
            do throws(ChunkStoreError) {
                if settings.keys.isPerBatch, mode != .immediate {
                    let staged = chunk(for: batch.tag, &state, &growth)
                    if state.touched.isEmpty {
                        // The usual case: a batch goes into one chunk, which has room for it.
                        let heldBytes: Int?
                        do throws(ChunkStoreError) {
                            heldBytes = try staged.take(
                                batch, upTo: limit(of: staged), from: &index, formatter, &storage, &rows)
                        } catch {
                            state.touch(staged)
                            throw error
                        }
                        if let heldBytes {
                            state.count(staged, heldBytes: heldBytes, budget)
                            return growth
                        }
                        state.touch(staged)
                        close(staged, at: index, rows: &rows, &state, &growth)
                    }
                }
                while index < count {
                    let isPerBatch = settings.keys.isPerBatch
                    let staged =
                        isPerBatch
                        ? chunk(for: batch.tag, &state, &growth)
                        : chunk(
                            for: key(of: rows.records[index], batch.tag, rows, storage, fieldReaders), &state, &growth)
                    state.touch(staged)
                    let isFull = formatter.fill(
                        &staged.body, upTo: limit(of: staged), from: &index, to: isPerBatch ? count : index + 1,
                        tag: batch.tag, storage: &storage, rows: &rows)
                    if isFull { close(staged, at: index, rows: &rows, &state, &growth) }
                }
                for staged in state.touched { try staged.write() }
                for staged in state.touched { staged.accept(batch.receipt) }
            } catch {
                for staged in state.touched { staged.rollBack() }
                rows.rejections.removeLast(rows.rejections.count - rejections)
                growth.records = 0
                growth.refusal = Refusal(.storage, error.description)
            }
            for staged in state.touched {
                if staged.hasLeft { state.seal(staged, &growth.sealed, budget) } else { state.count(staged, budget) }
            }
            if mode == .immediate { state.sealAll(&growth.sealed, budget) }
            return growth
        }
    }

    // MARK: - Filling

    private func limit(of staged: StagedChunk) -> ChunkLimit {
        ChunkLimit(
            bytes: fullBytes - staged.writtenBytes,
            records: (settings.chunkLimitRecords ?? .max) - staged.writtenItems)
    }

    /// The chunk has become full with the record before `index`: nothing more goes into it, and where that record made it
    /// larger than a chunk may be, it goes into the next one.
    private func close(
        _ staged: StagedChunk, at index: Int, rows: inout Rows, _ state: inout StagedChunks, _ growth: inout Growth
    ) {
        let last = staged.body.items.count - 1
        guard last >= 0, staged.byteCount > settings.chunkLimitBytes else { return state.leave(staged) }
        let size = Int(staged.body.items[last].source.length) + ChunkItem.tableBytes
        if size > settings.chunkLimitBytes {
            rows.rejections.append(
                Rejection(
                    record: rows.records[index - 1], kind: "Fluent::Plugin::Buffer::BufferChunkOverflowError",
                    reason: "a \(size) bytes record is larger than the buffer's chunk_limit_size of "
                        + "\(settings.chunkLimitBytes) bytes; raise chunk_limit_size"))
            return staged.body.removeItems(from: last)
        }
        let successor = state.begin(staged.key, at: clock.monotonicSeconds())
        successor.body.append(item: last, of: staged.body)
        staged.body.removeItems(from: last)
        state.leave(staged)
        state.enter(successor, endsAt: sliceEnd(successor.key))
        state.touch(successor)
        growth.hasNewDeadline = true
    }

    // MARK: - Finding

    private func chunk(for tag: Tag, _ state: inout StagedChunks, _ growth: inout Growth) -> StagedChunk {
        let id = settings.keys.usesTag ? tag.id : 0
        if let staged = state.find(tagID: id), takesMore(staged, &state) { return staged }
        let staged = chunk(for: settings.keys.usesTag ? ChunkKey(tag: tag.bytes) : .none, &state, &growth)
        state.note(tagID: id, staged)
        return staged
    }

    private func chunk(for key: ChunkKey, _ state: inout StagedChunks, _ growth: inout Growth) -> StagedChunk {
        if let staged = state.find(key), takesMore(staged, &state) { return staged }
        // By age the oldest is due first, and somebody watches it already.
        if state.count == 0 || settings.keys.timekeySeconds != nil { growth.hasNewDeadline = true }
        let staged = state.begin(key, at: clock.monotonicSeconds())
        state.enter(staged, endsAt: sliceEnd(key))
        return staged
    }

    /// A chunk that takes no more is sealed with the batch under way.
    private func takesMore(_ staged: StagedChunk, _ state: inout StagedChunks) -> Bool {
        if staged.takesMore { return true }
        state.touch(staged)
        state.leave(staged)
        return false
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

    /// When a chunk's slice is over and late events had their time, in seconds since 1970. One that begins after that is
    /// kept open for a while, so that events of long ago do not make a chunk of every batch.
    private func sliceEnd(_ key: ChunkKey) -> Int64? {
        guard let slice = key.timeSlice, let length = settings.keys.timekeySeconds else { return nil }
        let wait = settings.keys.timekeyWaitSeconds
        return max(
            slice + length + wait, clock.wallSeconds() + (min(length, wait) + Self.lateShare - 1) / Self.lateShare)
    }

    /// Fluentd looks for slices that are over this often within the shorter of `timekey` and `timekey_wait`.
    private static let lateShare: Int64 = 11

    // MARK: - Sealing

    /// Takes every chunk out, due or not.
    func sealAll() -> [SealedChunk] {
        state.withLock { state in
            var sealed: [SealedChunk] = []
            state.sealAll(&sealed, budget)
            return sealed
        }
    }

    /// Takes out the chunks whose time has come, the oldest first, at most `limit` of those that only age makes due.
    func sealDue(now: Double, wall: Int64, limit: Int) -> [SealedChunk] {
        state.withLock { state in
            var sealed: [SealedChunk] = []
            while let end = state.firstSliceEnd, end <= wall { state.sealFirstSlice(&sealed, budget) }
            guard mode == .interval else { return sealed }
            var left = limit
            while left > 0, let oldest = state.oldest, oldest.createdAt + settings.flushIntervalSeconds <= now {
                state.seal(oldest, &sealed, budget)
                left -= 1
            }
            return sealed
        }
    }

    /// Takes out the oldest chunk, due or not: the buffer is full.
    func sealOldest() -> SealedChunk? {
        state.withLock { state in
            var sealed: [SealedChunk] = []
            while sealed.isEmpty, let oldest = state.oldest { state.seal(oldest, &sealed, budget) }
            return sealed.first
        }
    }

    /// When the oldest chunk was begun.
    var oldestCreatedAt: Double? { state.withLock { $0.oldest?.createdAt } }

    /// Seconds until the next chunk is due; nil when none is staged or nothing but its size ends it.
    func secondsUntilDue(now: Double, wall: Int64) -> Double? {
        state.withLock { state in
            let byAge =
                mode == .interval ? state.oldest.map { $0.createdAt + settings.flushIntervalSeconds - now } : nil
            let bySlice = state.firstSliceEnd.map { Double($0 - wall) }
            guard let byAge, let bySlice else { return byAge ?? bySlice }
            return min(byAge, bySlice)
        }
    }

    /// Chunks now staged, their bytes as `chunk_limit_size` counts and as `total_limit_size` counts. The first is O(1).
    var count: Int { state.withLock { $0.count } }
    var byteCount: Int { state.withLock { $0.byteCount } }
    var heldBytes: Int { state.withLock { $0.heldBytes } }
}
