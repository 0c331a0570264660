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

    private struct Stages {
        var list: [(id: String, metrics: StageMetrics)] = []
        var places: [Key: Int] = [:]
        var meters: [Key: IntakeMeter] = [:]
        var patterns: [Key: PatternMeter] = [:]
        var eventMetrics: [EventMetric] = []
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

    /// The metric of a definition: whoever asks for the same one, on any loop and after a reload, gets the same. Where a name
    /// has another definition than before, it begins anew.
    func eventMetric(_ definition: EventMetricDefinition) -> EventMetric {
        stages.withLock { stages in
            let place = stages.eventMetrics.firstIndex { $0.definition.name == definition.name }
            if let place, stages.eventMetrics[place].definition == definition { return stages.eventMetrics[place] }
            let metric = EventMetric(definition)
            if let place { stages.eventMetrics[place] = metric } else { stages.eventMetrics.append(metric) }
            return metric
        }
    }

    /// What filters have made of events, in the order in which metrics were first asked for.
    func eventMetrics() -> [EventMetricReport] {
        stages.withLock { $0.eventMetrics }.map { metric in
            let definition = metric.definition
            let (series, dropped) = metric.reading
            var report = EventMetricReport(name: definition.name, help: definition.help)
            report.labelNames = definition.labelNames
            report.buckets = definition.buckets
            report.dropped = dropped
            switch definition.kind {
            case .counter: report.kind = .counter
            case .gauge: report.kind = .gauge
            case .summary: report.kind = .summary
            case .histogram: report.kind = .histogram
            }
            report.series = series.map {
                EventMetricReport.Series(labels: $0.labels, value: $0.value, count: $0.count, buckets: $0.buckets)
            }
            return report
        }
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
