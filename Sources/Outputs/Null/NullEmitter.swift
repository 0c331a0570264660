package import Events

/// `@type null`: takes everything and keeps nothing. For measuring, and for tags that nobody wants.
package final class NullEmitter: Emitter {
    package init() {}
    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance { .accepted }
}
