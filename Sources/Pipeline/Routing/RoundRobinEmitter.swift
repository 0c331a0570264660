package import Events
internal import Synchronization

/// Whose turn it is, for the loops of all threads together: an order of stores that repeats.
package final class StoreTurns: Sendable {
    private struct State {
        var order: [Int]
        var next = 0
    }

    private let state: Mutex<State>

    /// Each store stands in the order as often as its weight says, as in Fluentd's `out_roundrobin.rb`; shuffled, so
    /// that those with a large weight do not get all their turns in a row.
    ///
    /// - Parameter weights: one a store; one that is 0 never has a turn.
    package init(weights: [Int], using generator: inout some RandomNumberGenerator) {
        let divisor = weights.reduce(0) { Self.greatestCommonDivisor($0, $1) }
        var order = weights.indices.flatMap { Array(repeating: $0, count: weights[$0] / max(divisor, 1)) }
        order.shuffle(using: &generator)
        state = Mutex(State(order: order))
    }

    /// The store whose turn it is; nil when no store has a weight.
    package func next() -> Int? {
        state.withLock { state in
            if state.order.isEmpty { return nil }
            defer { state.next = (state.next + 1) % state.order.count }
            return state.order[state.next]
        }
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }
}

/// `@type roundrobin`: each batch goes to one of the stores, in turn. What that store answers is the answer: a refusal
/// is not tried on another one, as in Fluentd.
package final class RoundRobinEmitter: Emitter {
    private let stores: [any Emitter]
    private let turns: StoreTurns

    package init(_ stores: [any Emitter], turns: StoreTurns) {
        self.stores = stores
        self.turns = turns
    }

    package var showsOrder: Bool { stores.contains { $0.showsOrder } }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        if rows.isEmpty { return .accepted }
        guard let store = turns.next() else { return .refused(Refusal(.invalid, "every store has weight 0")) }
        let records = rows.records
        let acceptance = stores[store].emit(batch, storage: &storage, rows: &rows)
        if case .refused = acceptance { rows.records = records }
        return acceptance
    }
}
