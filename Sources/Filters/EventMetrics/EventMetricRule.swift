package import Events

/// `<metric>`: which value of a record goes into which metric, under which labels.
package struct EventMetricRule: Sendable {
    /// The value of a label.
    package enum Label: Sendable {
        case place(RecordAccessor)
        case template(TextTemplate)
    }

    package var definition: EventMetricDefinition
    /// Where the number stands; nil: each record counts one.
    package var value: RecordAccessor?
    /// In the order of the definition's names.
    package var labels: [Label]
    /// Series that there may be; records that would begin another are counted as dropped, and go on.
    package var maximumSeries = EventMetricRule.standardMaximumSeries
    /// Labels of series that are there from the start.
    package var begun: [[String]] = []

    /// `max_series_per_metric` where nobody sets it. Fluentd has no limit there, and a field with many values takes its
    /// memory and Prometheus' then.
    package static let standardMaximumSeries = 10_000
    /// What `max_series_per_metric 0` stands for.
    package static let largestMaximumSeries = 1_000_000

    package init(_ definition: EventMetricDefinition, labels: [Label]) {
        (self.definition, self.labels) = (definition, labels)
    }
}
