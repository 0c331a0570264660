internal import Events

/// A chunk that is being filled.
///
/// Safety: touched only under the lock of the staging area that holds it; the lock itself moves between threads.
final class StagedChunk: @unchecked Sendable {
    let id: String
    let key: ChunkKey
    /// What has been formatted, as far as the store leaves it here.
    var body: ChunkBody
    /// On the clock that never jumps, in seconds.
    let createdAt: Double
    /// Ids of the tags under which the staging area finds this chunk.
    var tagIDs: [Int] = []
    /// What the budget has been told of this chunk.
    var countedBytes = 0
    /// Nothing more comes in, and the staging area does not find it any more; lists that are tidied up later still name it.
    var hasLeft = false
    /// The last batch that touched it, as the staging area counts them.
    var batch = 0
    private let writer: any ChunkWriter
    private var receipts: [Receipt] = []
    /// Items of the body that belong to batches before this one.
    private var acceptedItems = 0

    init(id: String, key: ChunkKey, createdAt: Double, _ body: consuming ChunkBody, _ writer: any ChunkWriter) {
        self.id = id
        self.key = key
        self.createdAt = createdAt
        self.body = body
        self.writer = writer
    }

    var takesMore: Bool { writer.takesMore }
    var writtenItems: Int { writer.writtenItems }
    var writtenBytes: Int { writer.writtenBytes }
    /// As `chunk_limit_size` counts.
    var byteCount: Int { writtenBytes + body.byteCount }
    /// As `total_limit_size` counts.
    var heldBytes: Int { heldBytes(with: body) }
    private func heldBytes(with body: borrowing ChunkBody) -> Int {
        writer.heldBytes(body) + key.heldBytes + receipts.count * Receipt.heldBytes
    }
    private var isEmpty: Bool { writtenItems == 0 && body.items.isEmpty }

    // MARK: - A batch

    // Each touches the body once, as an access to it is checked each time.

    /// Formats a batch's records into the chunk, from `index` on, and takes them in. Answers `heldBytes` as they are then;
    /// nil when the chunk became full on the way: then nothing is kept or counted yet, and `index` is where to go on. After
    /// an error, `rollBack`.
    func take(
        _ batch: Batch, upTo limit: ChunkLimit, from index: inout Int, _ formatter: any ChunkFormatter,
        _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(ChunkStoreError) -> Int? {
        try take(batch, into: &body, upTo: limit, from: &index, formatter, &storage, &rows)
    }

    private func take(
        _ batch: Batch, into body: inout ChunkBody, upTo limit: ChunkLimit, from index: inout Int,
        _ formatter: any ChunkFormatter, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(ChunkStoreError) -> Int? {
        let isFull = formatter.fill(
            &body, upTo: limit, from: &index, to: rows.records.count, tag: batch.tag, storage: &storage, rows: &rows)
        if isFull { return nil }
        try write(body)
        accept(batch.receipt, &body)
        return heldBytes(with: body)
    }

    /// Keeps what the batch has added, without counting it yet.
    func write() throws(ChunkStoreError) { try write(body) }

    private func write(_ body: borrowing ChunkBody) throws(ChunkStoreError) {
        if body.items.count > acceptedItems { try writer.write(body) }
    }

    /// The batch is taken: what it has added counts, and its receipt is held.
    func accept(_ receipt: Receipt?) { accept(receipt, &body) }

    private func accept(_ receipt: Receipt?, _ body: inout ChunkBody) {
        guard body.items.count > acceptedItems else { return }
        // The batches of a loop come one after the other.
        if let receipt, receipt.moment == .delivered, receipts.last !== receipt {
            receipt.hold()
            receipts.append(receipt)
        }
        writer.accept(&body, safe: receipt?.moment == .safe ? receipt : nil)
        acceptedItems = body.items.count
    }

    /// The batch is not taken: it is forgotten here.
    func rollBack() {
        guard body.items.count > acceptedItems else { return }
        body.removeItems(from: acceptedItems)
        writer.discard()
    }

    // MARK: - Sealing

    /// Hands the content over, without spare room; nil when there is none. The staged chunk is of no use afterwards.
    func seal() -> SealedChunk? {
        if isEmpty { return nil }
        var content = ChunkBody(capacity: 0)
        swap(&content, &body)
        return SealedChunk(id: id, key: key, receipts: receipts, writer.seal(content, id: id))
    }
}
