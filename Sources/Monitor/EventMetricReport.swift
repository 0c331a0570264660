/// A metric that filters of type prometheus make of events, at one moment.
package struct EventMetricReport: Sendable {
    package enum Kind: Sendable { case counter, gauge, summary, histogram }

    package struct Series: Sendable {
        package var labels: [String]
        /// Of a counter or a gauge; else the sum.
        package var value: Double
        package var count: Int
        /// By bucket, not summed up; one more than there are bounds.
        package var buckets: [Int]

        package init(labels: [String], value: Double, count: Int = 0, buckets: [Int] = []) {
            (self.labels, self.value, self.count, self.buckets) = (labels, value, count, buckets)
        }
    }

    package var name: String
    package var help: String
    package var kind = Kind.counter
    package var labelNames: [String] = []
    package var buckets: [Double] = []
    package var series: [Series] = []
    /// Events that had no place among the series.
    package var dropped = 0

    package init(name: String, help: String) { (self.name, self.help) = (name, help) }
}

extension EventMetricReport {
    /// Under the names that the configuration gives, and those of fluent-plugin-prometheus for what was dropped.
    static func families(_ reports: [EventMetricReport]) -> [MetricFamily] {
        var dropped = MetricFamily(
            name: "fluentd_prometheus_dropped_label_sets", kind: .counter,
            help: "Records that a metric did not count because it has as many label sets as it may.")
        for report in reports where report.dropped > 0 {
            dropped.add(Double(report.dropped), [("name", report.name)])
        }
        return reports.map(\.family) + [dropped]
    }

    private var family: MetricFamily {
        let total = "_total"
        var family: MetricFamily
        switch kind {
        case .counter where name.hasSuffix(total):
            family = MetricFamily(name: String(name.dropLast(total.count)), kind: .counter, help: help)
        case .counter: family = MetricFamily(name: name, kind: .namedCounter, help: help)
        case .gauge: family = MetricFamily(name: name, kind: .gauge, help: help)
        case .summary: family = MetricFamily(name: name, kind: .summary, help: help)
        case .histogram: family = MetricFamily(name: name, kind: .histogram, help: help)
        }
        for one in series {
            let labels = zip(labelNames, one.labels).map { (name: $0, value: $1) }
            switch kind {
            case .counter, .gauge: family.add(one.value, labels)
            case .histogram, .summary: family.add(one, bounds: buckets, labels)
            }
        }
        return family
    }
}

extension MetricFamily {
    fileprivate mutating func add(
        _ series: EventMetricReport.Series, bounds: [Double], _ labels: [(name: String, value: String)]
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
