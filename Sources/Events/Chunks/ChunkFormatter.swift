/// Writes events into a chunk, on a loop thread, under the buffer's lock. One instance a loop.
package protocol ChunkFormatter: AnyObject {
    /// Formats one record and ends its item. A record that cannot be written goes to `rows.rejections`.
    ///
    /// It is called for all records of a batch in turn, so what depends on the tag alone may be cached by `tag.id`.
    func format(_ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody)

    /// Formats the records of a batch from `index` on, which is behind the last one afterwards. Answers whether the chunk is
    /// full; else all are in it.
    ///
    /// There is one that calls `format` for each. Whoever has much to remember between two records makes their own, in which
    /// the exclusive access to that is checked once for all of them.
    func fill(
        _ chunk: inout ChunkBody, upTo limit: ChunkLimit, from index: inout Int, to end: Int, tag: Tag,
        storage: inout ByteBuffer, rows: inout Rows
    ) -> Bool
}

/// When a chunk is full.
@usableFromInline package struct ChunkLimit: Sendable, BitwiseCopyable {
    /// As `ChunkBody.filledBytes` counts.
    @usableFromInline let bytes: Int
    @usableFromInline let records: Int

    package init(bytes: Int, records: Int = .max) {
        self.bytes = bytes
        self.records = records
    }

    @inlinable package func isReached(by chunk: borrowing ChunkBody) -> Bool {
        chunk.filledBytes >= bytes || chunk.items.count >= records
    }
}

extension ChunkFormatter {
    package func fill(
        _ chunk: inout ChunkBody, upTo limit: ChunkLimit, from index: inout Int, to end: Int, tag: Tag,
        storage: inout ByteBuffer, rows: inout Rows
    ) -> Bool {
        while index < end {
            let record = rows.records[index]
            index &+= 1
            format(record, tag: tag, storage: &storage, rows: &rows, into: &chunk)
            if limit.isReached(by: chunk) { return true }
        }
        return false
    }
}
