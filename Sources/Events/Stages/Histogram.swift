/// How often something had which size: counts in fixed buckets, as Prometheus' histograms have them
/// (prometheus.io/docs/concepts/metric_types).
package struct Histogram: Sendable, Equatable {
    /// Upper bounds, rising; what is larger is counted behind the last.
    package let bounds: [Double]
    /// By bucket, not summed up; one more than there are bounds.
    package private(set) var counts: [Int]
    /// Of all that was observed.
    package private(set) var sum = 0.0

    private init(bounds: [Double]) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    /// For what takes time, in seconds: an answer of a server, an ack.
    package static let ofSeconds = Histogram(
        bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30])
    /// For what is sent at once, in bytes: from 1 KiB to 64 MiB.
    package static let ofBytes = Histogram(bounds: [10, 12, 14, 16, 18, 20, 21, 22, 24, 26].map { Double(1 << $0) })

    package mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }

    /// - Precondition: the other one has the same bounds.
    package mutating func add(_ other: Histogram) {
        precondition(bounds == other.bounds, "histograms of different things are not summed up")
        for index in counts.indices { counts[index] += other.counts[index] }
        sum += other.sum
    }

    package var count: Int { counts.reduce(0, +) }
}
