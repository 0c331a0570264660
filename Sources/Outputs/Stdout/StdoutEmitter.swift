package import Events

/// `@type stdout`: gives a batch's records as lines to standard output, without a buffer of its own. One instance a loop;
/// they share the sink.
///
/// A record is one line whatever a client put into its tag, keys and values, and no byte of it is obeyed by a terminal:
/// what `UnsafeScalar` names is written as JSON escapes it where the format knows escapes, and as a blank elsewhere.
package final class StdoutEmitter: Emitter {
    /// What the lines are for.
    package enum Purpose: Sendable {
        /// They are what becomes of the events: when nobody reads, the events wait.
        case delivery
        /// Copies of events that go on elsewhere (the stdout filter): when nobody reads, they are dropped and counted.
        case view
    }

    private let sink: TextSink
    private let purpose: Purpose
    private var format: RecordFormat
    private var injection: Injection?
    private var lines = ByteBuffer(capacity: 16 * 1024)
    /// Memory kept between batches; a larger batch's is given back.
    private static let keptBytes = 1 << 20

    package init(
        sink: TextSink, format: RecordFormat = RecordFormat(.stdout), injection: Injection? = nil,
        purpose: Purpose = .delivery
    ) {
        self.sink = sink
        self.format = format
        self.injection = injection
        self.purpose = purpose
    }

    package var showsOrder: Bool { true }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        lines.clear()
        for record in rows.records {
            format.appendShown(record, tag: batch.tag, &injection, &rows, &storage, to: &lines)
        }
        defer {
            lines.clear()
            lines.shrink(toAtMost: Self.keptBytes)
        }
        switch purpose {
        case .delivery: return sink.write(lines, count: rows.records.count)
        case .view:
            sink.show(lines, count: rows.records.count)
            return .accepted
        }
    }
}
