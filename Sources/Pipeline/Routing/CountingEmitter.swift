package import Events
internal import Inputs

/// Counts what passes on the way to an emitter: for stages that no router leads to, sources and the stores of a copy.
package final class CountingEmitter: Emitter {
    private let target: any Emitter
    private let metrics: StageMetrics
    /// A source's; nil: no source stands before it.
    private let meter: IntakeMeter?

    init(_ target: any Emitter, _ metrics: StageMetrics, _ meter: IntakeMeter? = nil) {
        (self.target, self.metrics, self.meter) = (target, metrics, meter)
    }

    package var showsOrder: Bool { target.showsOrder }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        let count = rows.records.count
        let acceptance = target.emit(batch, storage: &storage, rows: &rows)
        if acceptance != .accepted { meter?.hold() }
        if case .refused = acceptance {
            metrics.refusedBatch()
        } else {
            metrics.passed(in: count, out: count, refused: 0)
        }
        return acceptance
    }
}
