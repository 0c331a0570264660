/// What a metric that is made from events is: `<metric>` of fluent-plugin-prometheus (its README, "Supported Metric Types").
package struct EventMetricDefinition: Sendable, Equatable {
    package enum Kind: String, Sendable { case counter, gauge, summary, histogram }

    package var name: String
    package var kind: Kind
    package var help: String
    /// In the order in which the values of a series stand.
    package var labelNames: [String]
    /// Upper bounds, rising; empty unless it is a histogram.
    package var buckets: [Double] = []

    package init(name: String, kind: Kind, help: String, labelNames: [String] = []) {
        (self.name, self.kind, self.help, self.labelNames) = (name, kind, help, labelNames)
    }

    /// Of a histogram that names none, as Prometheus' own client for Ruby has them.
    package static let standardBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// The names under which Prometheus keeps it (Prometheus' "Exposition formats": a summary and a histogram are several).
    package var exposedNames: [String] {
        switch kind {
        case .counter, .gauge: [name]
        case .summary: [name, name + "_sum", name + "_count"]
        case .histogram: [name, name + "_sum", name + "_count", name + "_bucket"]
        }
    }
}

/// A metric that filters of type prometheus make of events, at one moment.
package struct EventMetricReading: Sendable {
    /// What has been seen with one set of labels.
    package struct Series: Sendable, Equatable {
        package var labels: [String]
        /// Of a counter or a gauge; else the sum of all values.
        package var value = 0.0
        package var count = 0
        /// By bucket of a histogram, not summed up; one more than there are bounds.
        package var buckets: [Int]

        package init(labels: [String], value: Double = 0, count: Int = 0, buckets: [Int] = []) {
            (self.labels, self.value, self.count, self.buckets) = (labels, value, count, buckets)
        }
    }

    package var definition: EventMetricDefinition
    /// In the order in which they began.
    package var series: [Series] = []
    /// Events that had no place among the series.
    package var dropped = 0

    package init(_ definition: EventMetricDefinition, series: [Series] = [], dropped: Int = 0) {
        (self.definition, self.series, self.dropped) = (definition, series, dropped)
    }
}
