package import Events

/// Counts what passes on the way to an emitter: for stages that no router leads to, sources and the stores of a copy.
package final class CountingEmitter: Emitter {
    private let target: any Emitter
    private let metrics: StageMetrics

    init(_ target: any Emitter, _ metrics: StageMetrics) { (self.target, self.metrics) = (target, metrics) }

    package var showsOrder: Bool { target.showsOrder }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        let count = rows.records.count
        let acceptance = target.emit(batch, storage: &storage, rows: &rows)
        if case .refused = acceptance {
            metrics.refusedBatch()
        } else {
            metrics.passed(in: count, out: count, refused: 0)
        }
        return acceptance
    }
}
