internal import Logging

/// What has passed each stage since the last look, for the log of whoever asks where events stay (`-v`). A stage that saw
/// nothing is not mentioned.
struct MetricsReport {
    private static let counts: [StageMetrics.Count] = [.recordsIn, .recordsOut, .recordsRefused, .batchesRefused]
    private var last: [String: [Int]] = [:]

    mutating func write(_ registry: MetricsRegistry, to log: Log) {
        guard log.isEnabled(.debug) else { return }
        let totals = Self.counts.map { registry.totals($0) }
        for (index, stage) in (totals.first ?? []).enumerated() {
            let now = totals.map { $0[index].value }
            let before = last[stage.id] ?? now.map { _ in 0 }
            last[stage.id] = now
            let new = zip(now, before).map { $0 - $1 }
            guard new[0] > 0 else { continue }
            log.debug(
                "events passed a stage",
                [
                    "stage": stage.id, "in": new[0], "out": new[1], "refused": new[2],
                    "dropped": max(new[0] - new[1] - new[2], 0), "batches_refused": new[3],
                ])
        }
    }
}
