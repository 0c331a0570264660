internal import Events
internal import Filters
internal import Grok
internal import Inputs
internal import Monitor
internal import Parsing
internal import Synchronization

/// All stages' counts, by the stage's id and loop. Filled while loops are set up; read by whoever shows them. A stage that
/// comes back after a reload goes on counting where it was.
package final class MetricsRegistry: Sendable {
    private struct Key: Hashable {
        let id: String
        let loop: Int
    }

    /// A metric that its filters hold: with the last of them, at a reload, it ends.
    private struct HeldMetric {
        weak var metric: EventMetric?
    }

    private struct Stages {
        var list: [(id: String, metrics: StageMetrics)] = []
        var places: [Key: Int] = [:]
        var meters: [Key: IntakeMeter] = [:]
        var patterns: [Key: PatternMeter] = [:]
        var eventMetrics: [HeldMetric] = []
    }

    private let stages = Mutex(Stages())

    package init() {}

    /// Counts for one stage on one loop.
    func register(_ id: String, loop: Int = 0) -> StageMetrics {
        stages.withLock { stages in
            let key = Key(id: id, loop: loop)
            if let place = stages.places[key] { return stages.list[place].metrics }
            let metrics = StageMetrics(stage: id)
            stages.places[key] = stages.list.count
            stages.list.append((id, metrics))
            return metrics
        }
    }

    /// What a source takes in on one loop.
    func registerMeter(_ id: String, loop: Int) -> IntakeMeter {
        stages.withLock { stages in
            let key = Key(id: id, loop: loop)
            let meter = stages.meters[key] ?? IntakeMeter()
            stages.meters[key] = meter
            return meter
        }
    }

    /// What a filter's grok patterns do on one loop, in the place of what was there: after a reload they count anew.
    func registerPatterns(_ names: [String], of id: String, loop: Int) -> PatternMeter {
        let meter = PatternMeter(names: names)
        stages.withLock { $0.patterns[Key(id: id, loop: loop)] = meter }
        return meter
    }

    /// The metric of a definition: whoever asks for the same one, on any loop and after a reload, gets the same while somebody
    /// holds it. Where a name has another definition than before, it begins anew; one that no filter has any more is gone.
    func eventMetric(_ definition: EventMetricDefinition) -> EventMetric {
        stages.withLock { stages in
            stages.eventMetrics.removeAll { $0.metric == nil }
            let place = stages.eventMetrics.firstIndex { $0.metric?.definition.name == definition.name }
            if let place, let metric = stages.eventMetrics[place].metric, metric.definition == definition {
                return metric
            }
            let metric = EventMetric(definition)
            if let place {
                stages.eventMetrics[place].metric = metric
            } else {
                stages.eventMetrics.append(HeldMetric(metric: metric))
            }
            return metric
        }
    }

    /// What filters have made of events, in the order in which metrics were first asked for.
    func eventMetrics() -> [EventMetricReading] {
        stages.withLock { $0.eventMetrics.compactMap(\.metric) }.map(\.reading)
    }

    /// What grok patterns have done, by stage, in the order in which they are tried.
    func patterns() -> [String: [PatternReading]] {
        let meters = stages.withLock { $0.patterns }
        var sums: [String: [PatternReading]] = [:]
        for (key, meter) in meters {
            let reading = meter.reading
            guard var sum = sums[key.id] else {
                sums[key.id] = reading
                continue
            }
            // Loops change one after the other at a reload.
            guard sum.map(\.name) == meter.names else { continue }
            for (index, one) in reading.enumerated() { sum[index].counters.add(one.counters) }
            sums[key.id] = sum
        }
        return sums
    }

    /// What sources have taken in, by stage.
    func intake() -> [String: IntakeReading] {
        let meters = stages.withLock { $0.meters }
        var sums: [String: IntakeReading] = [:]
        for (key, meter) in meters { sums[key.id, default: IntakeReading()].add(meter.reading) }
        return sums
    }

    /// The sums over all loops, by stage, in the order in which stages were first registered.
    func totals() -> [(id: String, counts: StageReport.Counts)] {
        stages.withLock { stages in
            var order: [String] = []
            var sums: [String: StageReport.Counts] = [:]
            for (id, metrics) in stages.list {
                if sums[id] == nil { order.append(id) }
                var sum = sums[id] ?? StageReport.Counts()
                sum.batchesIn += metrics.value(.batchesIn)
                sum.eventsIn += metrics.value(.recordsIn)
                sum.eventsOut += metrics.value(.recordsOut)
                sum.eventsRefused += metrics.value(.recordsRefused)
                sum.batchesRefused += metrics.value(.batchesRefused)
                sum.refusedByKind.merge(metrics.refusedByKind) { $0 + $1 }
                sums[id] = sum
            }
            return order.map { ($0, sums[$0] ?? StageReport.Counts()) }
        }
    }
}
