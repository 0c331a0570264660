internal import Synchronization

/// All stages' counts, by the stage's id and loop. Filled while loops are set up; read by whoever shows them. A stage that
/// comes back after a reload goes on counting where it was.
package final class MetricsRegistry: Sendable {
    private let stages = Mutex<[(id: String, loop: Int, metrics: StageMetrics)]>([])

    package init() {}

    /// Counts for one stage on one loop.
    func register(_ id: String, loop: Int = 0) -> StageMetrics {
        stages.withLock { stages in
            if let known = stages.first(where: { $0.id == id && $0.loop == loop }) { return known.metrics }
            let metrics = StageMetrics()
            stages.append((id, loop, metrics))
            return metrics
        }
    }

    /// The sum over all loops, by stage, in the order in which stages were first registered.
    package func totals(_ count: StageMetrics.Count) -> [(id: String, value: Int)] {
        stages.withLock { stages in
            var order: [String] = []
            var sums: [String: Int] = [:]
            for (id, _, metrics) in stages {
                if sums[id] == nil { order.append(id) }
                sums[id, default: 0] += metrics.value(count)
            }
            return order.map { ($0, sums[$0] ?? 0) }
        }
    }
}
