internal import Events

/// Batches that wait for something from outside, on one loop: of each tag in their order, so that no later event of a tag
/// overtakes an earlier one. A state machine without a clock, as `HeldStreams`: each batch that passes can be taken back.
final class HeldBatches<Subject> {
    let limits: HeldLimits
    private var queues: [Int: Queue] = [:]
    /// What the batches at hand have put in, and what they have let go, in order.
    private var added: [HeldBatch<Subject>] = []
    private var released: [HeldBatch<Subject>] = []
    private var leavingReceipts: [Receipt] = []
    /// Batches that are not settled: one, or several inside of each other where a batch came round again.
    private var openBatches = 0
    private var receipt: Receipt?
    private(set) var heldEvents = 0
    /// Told behind each batch that leaves events held.
    var whenHolding: (() -> Void)?

    private struct Queue {
        let tag: Tag
        var batches: [HeldBatch<Subject>] = []
        /// The first that has not left.
        var first = 0

        mutating func compact() {
            guard first > 32, first * 2 > batches.count else { return }
            batches.removeFirst(first)
            first = 0
        }
    }

    init(limits: HeldLimits) { self.limits = limits }

    deinit {
        for queue in queues.values { for batch in queue.batches[queue.first...] { uncount(batch) } }
        for batch in released { uncount(batch) }
    }

    // MARK: - A batch

    func beginBatch(_ receipt: Receipt?) {
        openBatches += 1
        self.receipt = receipt
    }

    func hold(
        _ records: ArraySlice<Record>, of tag: Tag, for subject: Subject, since milliseconds: Int64,
        _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) {
        let batch = HeldBatch(records, tag, subject, since: milliseconds, receipt, storage, rows)
        queues[tag.id, default: Queue(tag: tag)].batches.append(batch)
        added.append(batch)
        heldEvents += batch.count
        limits.count(bytes: batch.bytes, streams: batch.count)
    }

    /// What has waited the longest of a tag; nil: nothing waits.
    func first(of tag: Tag) -> HeldBatch<Subject>? {
        guard let queue = queues[tag.id] else { return nil }
        return queue.batches[queue.first]
    }

    /// What has waited the longest of each tag.
    var firsts: [HeldBatch<Subject>] { queues.values.map { $0.batches[$0.first] } }

    /// The first batch of a tag leaves with the batch at hand.
    func release(firstOf tag: Tag, to storage: inout ByteBuffer, _ rows: inout Rows) {
        guard var queue = queues.removeValue(forKey: tag.id) else { return }
        let batch = queue.batches[queue.first]
        queue.first += 1
        if queue.first < queue.batches.count {
            queue.compact()
            queues[tag.id] = queue
        }
        heldEvents -= batch.count
        released.append(batch)
        if let one = batch.receipt, one !== receipt, !leavingReceipts.contains(where: { $0 === one }) {
            leavingReceipts.append(one)
        }
        batch.append(to: &storage, &rows)
    }

    func takeReceipts() -> [Receipt] {
        defer { leavingReceipts = [] }
        return leavingReceipts
    }

    func settle(isTaken: Bool) {
        openBatches -= 1
        receipt = nil
        // What came round again inside of another batch shares its end.
        guard openBatches == 0 else { return }
        if isTaken {
            for batch in released { forget(batch) }
        } else {
            takeBack()
        }
        added.removeAll(keepingCapacity: true)
        released.removeAll(keepingCapacity: true)
        if heldEvents > 0 { whenHolding?() }
    }

    /// The batch at hand will come again, or is another's: what it brought goes, and what left with it waits on.
    private func takeBack() {
        let new = Set(added.map(ObjectIdentifier.init))
        for batch in released.reversed() {
            if new.contains(ObjectIdentifier(batch)) {
                forget(batch)
                continue
            }
            var queue = queues.removeValue(forKey: batch.tag.id) ?? Queue(tag: batch.tag)
            if queue.first > 0 {
                queue.first -= 1
                queue.batches[queue.first] = batch
            } else {
                queue.batches.insert(batch, at: 0)
            }
            queues[batch.tag.id] = queue
            heldEvents += batch.count
        }
        let gone = Set(released.map(ObjectIdentifier.init))
        for batch in added.reversed() where !gone.contains(ObjectIdentifier(batch)) {
            guard var queue = queues.removeValue(forKey: batch.tag.id) else { continue }
            // Nothing has come behind it since.
            queue.batches.removeLast()
            if queue.first < queue.batches.count { queues[batch.tag.id] = queue }
            heldEvents -= batch.count
            forget(batch)
        }
    }

    private func forget(_ batch: HeldBatch<Subject>) {
        batch.receipt?.settle(.delivered)
        uncount(batch)
    }

    private func uncount(_ batch: HeldBatch<Subject>) { limits.count(bytes: -batch.bytes, streams: -batch.count) }

    // MARK: - Limits

    var isOverLimit: Bool { heldEvents > 0 && limits.excess != nil }

    /// The tag whose events have waited the longest.
    var oldestTag: Tag? { firsts.min { $0.sinceMilliseconds < $1.sinceMilliseconds }?.tag }
}
