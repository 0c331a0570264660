/// What a source has taken in beside its events, at one moment.
package struct IntakeReading: Sendable, Equatable {
    package var bytes = 0
    package var connections = 0
    package var acceptedConnections = 0
    /// Time in which it held its clients back because outputs were full.
    package var heldSeconds = 0.0
    /// From a message's last bytes to its ack, in seconds.
    package var acks = Histogram.ofSeconds

    package init() {}

    /// Of another loop.
    package mutating func add(_ other: IntakeReading) {
        bytes += other.bytes
        connections += other.connections
        acceptedConnections += other.acceptedConnections
        heldSeconds += other.heldSeconds
        acks.add(other.acks)
    }
}
