internal import Events

extension EventMetricReading {
    /// Of the plugin, for what a metric did not count.
    static let droppedName = "fluentd_prometheus_dropped_label_sets"

    /// Under the names that the configuration gives, and those of fluent-plugin-prometheus for what was dropped.
    static func families(_ reports: [EventMetricReading]) -> [MetricFamily] {
        var dropped = MetricFamily(
            name: droppedName, kind: .counter,
            help: "Records that a metric did not count because it has as many label sets as it may.")
        for report in reports where report.dropped > 0 {
            dropped.add(Double(report.dropped), [("name", report.definition.name)])
        }
        return reports.map(\.family) + [dropped]
    }

    private var family: MetricFamily {
        let total = "_total"
        let (name, help) = (definition.name, definition.help)
        var family: MetricFamily
        switch definition.kind {
        case .counter where name.hasSuffix(total):
            family = MetricFamily(name: String(name.dropLast(total.count)), kind: .counter, help: help)
        case .counter: family = MetricFamily(name: name, kind: .namedCounter, help: help)
        case .gauge: family = MetricFamily(name: name, kind: .gauge, help: help)
        case .summary: family = MetricFamily(name: name, kind: .summary, help: help)
        case .histogram: family = MetricFamily(name: name, kind: .histogram, help: help)
        }
        for one in series {
            let labels = zip(definition.labelNames, one.labels).map { (name: $0, value: $1) }
            switch definition.kind {
            case .counter, .gauge: family.add(one.value, labels)
            case .histogram, .summary: family.add(one, bounds: definition.buckets, labels)
            }
        }
        return family
    }
}

extension MetricFamily {
    fileprivate mutating func add(
        _ series: EventMetricReading.Series, bounds: [Double], _ labels: [(name: String, value: String)]
    ) {
        var sum = 0
        for (index, count) in series.buckets.enumerated() {
            sum += count
            let bound = index < bounds.count ? MetricsText.number(bounds[index]) : "+Inf"
            samples.append(Sample(suffix: "_bucket", labels: labels + [("le", bound)], value: Double(sum)))
        }
        samples.append(Sample(suffix: "_sum", labels: labels, value: series.value))
        samples.append(Sample(suffix: "_count", labels: labels, value: Double(series.count)))
    }
}
