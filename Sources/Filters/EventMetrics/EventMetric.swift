internal import Events
internal import Synchronization

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

    package init(name: String, kind: Kind, help: String, labelNames: [String]) {
        (self.name, self.kind, self.help, self.labelNames) = (name, kind, help, labelNames)
    }

    /// Of a histogram that names none, as Prometheus' own client for Ruby has them.
    package static let standardBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
}

/// One such metric and its series, which all loops share: filters observe, the monitor reads.
package final class EventMetric: Sendable {
    /// What has been seen with one set of labels.
    package struct Series: Sendable {
        package let labels: [String]
        /// Of a counter or a gauge; else the sum of all values.
        package fileprivate(set) var value = 0.0
        package fileprivate(set) var count = 0
        /// By bucket of a histogram, not summed up; one more than there are bounds.
        package fileprivate(set) var buckets: [Int]
    }

    package enum Outcome: Sendable, Equatable {
        case observed
        /// The metric has as many series as it may, and these labels are of none.
        case tooManySeries
        /// A counter never falls.
        case negative
    }

    private struct State {
        var series: [Series] = []
        /// By the values of the labels, each behind its length.
        var places: [[UInt8]: Int] = [:]
        var dropped = 0
    }

    package let definition: EventMetricDefinition
    private let state = Mutex(State())

    package init(_ definition: EventMetricDefinition) { self.definition = definition }

    /// - Parameters:
    ///   - key: the values of the labels as `EventMetricKey` writes them.
    ///   - limit: as many series as there may be with a new one.
    package func observe(_ value: Double, _ key: borrowing EventMetricKey, limit: Int) -> Outcome {
        let bytes = key.bytes
        return state.withLock { state in
            if definition.kind == .counter, value < 0 { return .negative }
            let place: Int
            if let known = state.places[bytes] {
                place = known
            } else {
                guard state.series.count < limit else {
                    state.dropped += 1
                    return .tooManySeries
                }
                place = add(bytes, EventMetricKey.values(bytes), to: &state)
            }
            switch definition.kind {
            case .counter: state.series[place].value += value
            case .gauge: state.series[place].value = value
            case .summary, .histogram:
                state.series[place].value += value
                state.series[place].count += 1
                if definition.kind == .histogram {
                    let bucket = definition.buckets.firstIndex { value <= $0 } ?? definition.buckets.count
                    state.series[place].buckets[bucket] += 1
                }
            }
            return .observed
        }
    }

    /// A series that is there before its first event, at zero.
    package func begin(_ labels: [String]) {
        var key = EventMetricKey()
        for label in labels { key.add(Array(label.utf8)) }
        let bytes = key.bytes
        state.withLock { state in
            if state.places[bytes] == nil { _ = add(bytes, labels, to: &state) }
        }
    }

    private func add(_ key: [UInt8], _ labels: [String], to state: inout State) -> Int {
        let buckets = definition.kind == .histogram ? definition.buckets.count + 1 : 0
        state.places[key] = state.series.count
        state.series.append(Series(labels: labels, buckets: [Int](repeating: 0, count: buckets)))
        return state.series.count - 1
    }

    /// What has been seen, in the order in which series began, and how many events had no place.
    package var reading: (series: [Series], dropped: Int) { state.withLock { ($0.series, $0.dropped) } }
}

/// The values of a series' labels, one behind the other.
package struct EventMetricKey: ~Copyable {
    private var buffer = ByteBuffer(capacity: 128)

    package init() {}

    package mutating func clear() { buffer.clear() }

    package mutating func add(_ value: borrowing [UInt8]) {
        begin(value.count)
        buffer.append(value)
    }

    mutating func add(_ text: borrowing ByteBuffer) {
        begin(text.count)
        buffer.append(text)
    }

    private mutating func begin(_ length: Int) {
        for shift in [24, 16, 8, 0] { buffer.append(UInt8(truncatingIfNeeded: length >> shift)) }
    }

    fileprivate var bytes: [UInt8] { buffer.array() }

    fileprivate static func values(_ bytes: [UInt8]) -> [String] {
        var values: [String] = []
        var place = 0
        while place + 4 <= bytes.count {
            let length = bytes[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) }
            place += 4
            values.append(String(decoding: bytes[place..<(place + length)], as: UTF8.self))
            place += length
        }
        return values
    }
}
