package import Events

/// An output that gives events back under other tags, each event by itself.
package protocol RetaggingEmitter: Emitter {
    /// What becomes of one record.
    func newTag(of record: Record, in batch: Batch, _ storage: inout ByteBuffer, _ rows: inout Rows) -> RewrittenTag
}
