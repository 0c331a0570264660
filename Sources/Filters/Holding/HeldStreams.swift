package import Events
package import Logging

/// The events that one stage has under construction, by stream, on one loop. A state machine without a clock: it is told
/// what comes, what ends, what time it is, and what became of the batches it had a part in.
///
/// Each batch can be taken back: streams that it changes are marked first, and what it lets go is kept until `settle`.
package final class HeldStreams {
    package let limits: HeldLimits
    private let log: Log
    /// After so many milliseconds without a piece an event leaves as it is; 0: never.
    private let timeoutMilliseconds: Int64
    /// Fields that a whole event does not have any more.
    private let removedKeys: [[UInt8]]
    private let separator: [UInt8]
    /// What ends without its last piece has the time of its first one, else of the moment.
    private let usesFirstTime: Bool
    private var table: [[UInt8]: HeldStream] = [:]
    private var nextSequence = 0
    /// Streams that the batches at hand have changed or made, and those they have let go.
    private var changed: [HeldStream] = []
    private var released: [HeldStream] = []
    private var leavingReceipts: [Receipt] = []
    /// Batches that are not settled: one, or several inside of each other where a batch came round again.
    private var openBatches = 0
    private var receipt: Receipt?
    private var overLimit: [HeldStream] = []
    /// Told behind each batch that leaves events held.
    package var whenHolding: (() -> Void)?
    /// What a round has found due, those of one tag together, the last first.
    private var due: [HeldStream] = []

    /// Of what a round puts into one batch.
    private static let eventsPerBatch = 1000

    package init(
        limits: HeldLimits, timeoutMilliseconds: Int64 = 0, separator: [UInt8], removedKeys: [[UInt8]] = [],
        usesFirstTime: Bool = false, log: Log = .discarding
    ) {
        self.limits = limits
        self.timeoutMilliseconds = timeoutMilliseconds
        self.separator = separator
        self.removedKeys = removedKeys
        self.usesFirstTime = usesFirstTime
        self.log = log
    }

    deinit {
        for stream in Array(table.values) + released {
            limits.count(bytes: -stream.countedBytes, streams: stream.isInTable ? -1 : 0)
        }
    }

    package var heldEvents: Int { table.count }

    package var isOverLimit: Bool { !overLimit.isEmpty }

    // MARK: - A batch

    package func beginBatch(_ receipt: Receipt?) {
        openBatches += 1
        self.receipt = receipt
    }

    func stream(_ key: [UInt8]) -> HeldStream? { table[key] }

    /// A first piece.
    func begin(
        _ key: [UInt8], _ tag: Tag, _ record: Record, textField: Int, text: Slice, _ storage: borrowing ByteBuffer,
        _ rows: borrowing Rows
    ) -> HeldStream {
        let stream = HeldStream(
            key, tag: tag, sequence: nextSequence, record, textField: textField, storage, rows)
        nextSequence += 1
        changed.append(stream)
        table[key] = stream
        limits.count(bytes: 0, streams: 1)
        add(text, to: stream, at: record.time, storage)
        return stream
    }

    /// One more.
    func add(_ text: Slice, to stream: HeldStream, at time: EventTime, _ storage: borrowing ByteBuffer) {
        mark(stream)
        stream.add(text, of: storage, separator: separator, at: time, receipt)
        recount(stream)
        if limits.excess != nil, overLimit.isEmpty { chooseForLimit() }
    }

    /// No more fits into it.
    func isFull(_ stream: HeldStream) -> Bool { stream.text.count > limits.limitEventBytes }

    /// The event leaves in the batch at hand.
    func finish(
        _ stream: HeldStream, time: EventTime, origin: UInt32 = 0, isWhole: Bool = true, _ storage: inout ByteBuffer,
        _ rows: inout Rows
    ) -> Record {
        mark(stream)
        table[stream.key] = nil
        stream.isInTable = false
        limits.count(bytes: 0, streams: -1)
        released.append(stream)
        for one in stream.receipts where one !== receipt && !leavingReceipts.contains(where: { $0 === one }) {
            leavingReceipts.append(one)
        }
        return stream.append(
            to: &storage, &rows, time: time, origin: origin, without: isWhole ? removedKeys : [])
    }

    package func takeReceipts() -> [Receipt] {
        defer { leavingReceipts = [] }
        return leavingReceipts
    }

    package func settle(isTaken: Bool) {
        openBatches -= 1
        receipt = nil
        // What came round again inside of another batch shares its end.
        guard openBatches == 0 else { return }
        if isTaken {
            for stream in changed { stream.clearMark() }
            for stream in released {
                stream.settleReceipts()
                forget(stream)
            }
        } else {
            takeBack()
        }
        changed.removeAll(keepingCapacity: true)
        released.removeAll(keepingCapacity: true)
        if !table.isEmpty { whenHolding?() }
    }

    private func mark(_ stream: HeldStream) { if stream.setMark() { changed.append(stream) } }

    private func recount(_ stream: HeldStream) {
        let bytes = stream.bytes
        limits.count(bytes: bytes - stream.countedBytes, streams: 0)
        stream.countedBytes = bytes
    }

    private func forget(_ stream: HeldStream) {
        limits.count(bytes: -stream.countedBytes, streams: 0)
        stream.countedBytes = 0
    }

    private func takeBack() {
        overLimit += due.filter(\.isOverLimit)
        due.removeAll()
        for stream in changed where stream.mark?.wasHeld == false {
            if stream.isInTable {
                table[stream.key] = nil
                stream.isInTable = false
                limits.count(bytes: 0, streams: -1)
            }
            stream.rollBack()
            forget(stream)
        }
        for stream in changed where stream.mark?.wasHeld == true {
            stream.rollBack()
            recount(stream)
            guard !stream.isInTable else { continue }
            stream.isInTable = true
            table[stream.key] = stream
            limits.count(bytes: 0, streams: 1)
            if stream.isOverLimit { overLimit.append(stream) }
        }
        overLimit.removeAll { !$0.isInTable }
    }

    // MARK: - Limits and time

    /// Those that have waited the longest must leave, an eighth at a time: who chooses looks at all of them.
    private func chooseForLimit() {
        let oldest = table.values.filter { !$0.isOverLimit }.sorted { $0.sequence < $1.sequence }
        overLimit = Array(oldest.prefix(max(oldest.count / 8, 1)))
        for stream in overLimit { stream.isOverLimit = true }
        guard let (limit, value) = limits.excess else { return }
        log.limited(
            .warn, kind: limit, count: overLimit.count,
            "too much waits to be completed: the oldest events go on as they are; raise \(limit)",
            [
                "events": overLimit.count, "\(limit)": value, "held_bytes": limits.bytes,
                "held_streams": limits.streams,
            ])
    }

    /// See `EventHolder.takeDue`.
    package func takeDue(at moment: StageMoment?, storage: inout ByteBuffer, rows: inout Rows) -> Tag? {
        if due.isEmpty { findDue(moment) }
        guard let first = due.last else { return nil }
        beginBatch(nil)
        while let next = due.last, next.tag === first.tag, rows.records.count < Self.eventsPerBatch {
            due.removeLast()
            let time =
                if usesFirstTime || moment?.isLast == true { next.firstTime } else if next.isOverLimit {
                    next.lastTime
                } else { moment?.time ?? next.lastTime }
            rows.records.append(finish(next, time: time, isWhole: false, &storage, &rows))
        }
        return first.tag
    }

    private func findDue(_ moment: StageMoment?) {
        if let moment {
            for stream in table.values {
                let seen = stream.seenMilliseconds ?? moment.milliseconds
                stream.seenMilliseconds = seen
                let isLate = timeoutMilliseconds > 0 && moment.milliseconds - seen >= timeoutMilliseconds
                if moment.isLast || isLate || stream.isOverLimit { due.append(stream) }
            }
        } else {
            due = overLimit.filter(\.isInTable)
        }
        overLimit.removeAll()
        due.sort { ($1.tag.id, $1.sequence) < ($0.tag.id, $0.sequence) }
    }
}
