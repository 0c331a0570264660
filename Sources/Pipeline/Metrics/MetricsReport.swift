internal import Logging
internal import Monitor

/// What has passed each stage since the last look, for the log of whoever asks where events stay (`-v`). A stage that saw
/// nothing is not mentioned.
struct MetricsReport {
    private var last: [String: [Int]] = [:]

    mutating func write(_ registry: MetricsRegistry, to log: Log) {
        guard log.isEnabled(.debug) else { return }
        for (id, counts) in registry.totals() {
            let now = [counts.eventsIn, counts.eventsOut, counts.eventsRefused, counts.batchesRefused]
            let before = last[id] ?? now.map { _ in 0 }
            last[id] = now
            let new = zip(now, before).map { $0 - $1 }
            guard new[0] > 0 else { continue }
            log.debug(
                "events passed a stage",
                [
                    "stage": id, "in": new[0], "out": new[1], "refused": new[2],
                    "dropped": max(new[0] - new[1] - new[2], 0), "batches_refused": new[3],
                ])
        }
    }
}
