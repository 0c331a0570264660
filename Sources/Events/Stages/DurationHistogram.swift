/// How often something took how long: counts in fixed buckets, as Prometheus' histograms have them
/// (prometheus.io/docs/concepts/metric_types).
package struct DurationHistogram: Sendable, Equatable {
    /// Upper bounds, in seconds; what took longer is counted behind the last.
    package static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    /// By bucket, not summed up; one more than there are bounds.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    package private(set) var seconds = 0.0

    package init() {}

    package mutating func observe(_ seconds: Double) {
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        self.seconds += seconds
    }

    package mutating func add(_ other: DurationHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        seconds += other.seconds
    }

    package var count: Int { counts.reduce(0, +) }
}
