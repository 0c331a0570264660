package import Events
internal import Synchronization

/// A metric of events and its series, which all loops share: filters observe, the monitor reads.
package final class EventMetric: Sendable {
    package enum Outcome: Sendable, Equatable {
        case observed
        /// The metric has as many series as it may, and these labels are of none.
        case tooManySeries
        /// A counter never falls.
        case negative
    }

    private struct State {
        var series: [EventMetricReading.Series] = []
        var table = SeriesTable()
        var dropped = 0
    }

    package let definition: EventMetricDefinition
    private let state = Mutex(State())

    package init(_ definition: EventMetricDefinition) { self.definition = definition }

    /// - Parameters:
    ///   - key: the values of the labels.
    ///   - limit: as many series as there may be with a new one.
    package func observe(_ value: Double, _ key: borrowing SeriesKey, limit: Int) -> Outcome {
        state.withLock { state in
            if definition.kind == .counter, value < 0 { return .negative }
            let place: Int
            if let known = state.table.find(key) {
                place = known
            } else {
                guard state.series.count < limit else {
                    state.dropped += 1
                    return .tooManySeries
                }
                place = add(key, to: &state)
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
        var key = SeriesKey()
        for label in labels { key.add(Array(label.utf8)) }
        state.withLock { state in
            if state.table.find(key) == nil { _ = add(key, to: &state) }
        }
    }

    private func add(_ key: borrowing SeriesKey, to state: inout State) -> Int {
        let buckets = definition.kind == .histogram ? definition.buckets.count + 1 : 0
        state.series.append(.init(labels: key.values, buckets: [Int](repeating: 0, count: buckets)))
        return state.table.add(key)
    }

    package var reading: EventMetricReading {
        state.withLock { EventMetricReading(definition, series: $0.series, dropped: $0.dropped) }
    }
}
