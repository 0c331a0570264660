package import Events
internal import Synchronization
internal import Time

/// What one source takes in on one loop, beside its events.
///
/// The loop that owns it is the only writer, so a count is a load and a store; any thread may read.
package final class IntakeMeter: Sendable {
    private let bytes = Atomic<Int>(0)
    private let connections = Atomic<Int>(0)
    private let acceptedConnections = Atomic<Int>(0)
    private let heldMilliseconds = Atomic<Int>(0)
    /// By the clock that never goes back; 0: nobody is held.
    private let heldSince = Atomic<Int>(0)
    /// A lock that nobody else takes but a reader, now and then.
    private let acks = Mutex(Histogram.ofSeconds)

    package init() {}

    // MARK: - On the owning loop

    package func received(_ count: Int) { Self.add(count, to: bytes) }

    package func connected() {
        Self.add(1, to: connections)
        Self.add(1, to: acceptedConnections)
    }

    package func disconnected() { Self.add(-1, to: connections) }

    package func acknowledged(afterSeconds seconds: Double) { acks.withLock { $0.observe(seconds) } }

    /// Outputs are full: clients wait.
    package func hold() {
        if heldSince.load(ordering: .relaxed) == 0 {
            heldSince.store(Int(Clock.monotonicMilliseconds()), ordering: .relaxed)
        }
    }

    /// There is room again.
    package func release() {
        let since = heldSince.load(ordering: .relaxed)
        guard since > 0 else { return }
        heldSince.store(0, ordering: .relaxed)
        Self.add(Int(Clock.monotonicMilliseconds()) - since, to: heldMilliseconds)
    }

    private static func add(_ value: Int, to count: borrowing Atomic<Int>) {
        count.store(count.load(ordering: .relaxed) &+ value, ordering: .relaxed)
    }

    // MARK: - On any thread

    package var reading: IntakeReading {
        var reading = IntakeReading()
        reading.bytes = bytes.load(ordering: .relaxed)
        reading.connections = connections.load(ordering: .relaxed)
        reading.acceptedConnections = acceptedConnections.load(ordering: .relaxed)
        let since = heldSince.load(ordering: .relaxed)
        let now = since > 0 ? Int(Clock.monotonicMilliseconds()) - since : 0
        reading.heldSeconds = Double(heldMilliseconds.load(ordering: .relaxed) + now) / 1000
        reading.acks = acks.withLock { $0 }
        return reading
    }
}
