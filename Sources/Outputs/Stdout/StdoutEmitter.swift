package import Events

/// `@type stdout`: writes a batch's records as lines at once, without a buffer. One instance a loop; they share the sink.
package final class StdoutEmitter: Emitter {
    private let sink: TextSink
    private var format: LineFormat
    private var lines = ByteBuffer(capacity: 16 * 1024)
    /// Memory kept between batches; a larger batch's is given back.
    private static let keptBytes = 1 << 20

    package init(sink: TextSink, format: LineFormat = LineFormat(.stdout)) {
        self.sink = sink
        self.format = format
    }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        let tag = batch.tag
        lines.clear()
        for record in rows.records { format.append(record, tag: tag, rows, storage, to: &lines) }
        if !lines.isEmpty { sink.write(lines) }
        lines.clear()
        lines.shrink(toAtMost: Self.keptBytes)
        return .accepted
    }
}
