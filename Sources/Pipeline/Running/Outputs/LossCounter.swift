internal import Synchronization

/// Acknowledged events that are neither delivered nor kept: they decide the exit status.
package final class LossCounter: Sendable {
    private let lost = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)

    package init() {}

    /// Events that should have been kept and could not be.
    package func noteLost(_ events: Int) { lost.add(events, ordering: .relaxed) }

    /// Events that were refused and that nobody wanted to keep (no `<label @ERROR>`). While the daemon runs the log says
    /// so, record by record; at a stop nobody would look any more, so there they count as lost.
    package func noteDropped(_ events: Int) {
        if isStopping.load(ordering: .relaxed) { noteLost(events) } else { dropped.add(events, ordering: .relaxed) }
    }

    func beginStop() { isStopping.store(true, ordering: .relaxed) }

    package var lostEvents: Int { lost.load(ordering: .relaxed) }
    package var droppedEvents: Int { dropped.load(ordering: .relaxed) }
}
