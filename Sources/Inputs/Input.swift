/// Where events come from: takes bytes from outside, hands batches to its emitter and answers whoever waits for that.
///
/// An input belongs to one loop: it is made for it, and every call comes on it. Its life goes one way, as `InputPhase`
/// says. What is refused or broken on the way is the input's to report; it never ends the daemon.
///
/// Each promise below is held by the contract suite in `Tests/InputsTests/InputContractTests.swift`, through which
/// every input goes.
package protocol Input: AnyObject {
    /// Opens what it reads from. Once.
    ///
    /// Throws what the operator must mend: an address in use, a port or file without permission. It has left nothing
    /// open then.
    func start() throws

    /// Where it counts what it takes in; nil: nobody asks.
    var meter: IntakeMeter? { get set }

    /// Takes nothing more in, for good: accepts nobody, reads nothing. Nothing is emitted after it has returned.
    ///
    /// What was read before has been emitted and answered. What lies unread in the kernel stays unread and unanswered:
    /// its sender knows by that to send it again. Whoever is connected stays so until `close`, so that answers that
    /// are still to come (an ack after delivery) can be written.
    func stopReading()

    /// There is room in the buffers again: goes on where an answer `acceptedFull` or `refused` made it wait. Does
    /// nothing once reading was stopped.
    func resumeReading()

    /// Whether answers may come long after the events: until the outputs have ended.
    var answersLater: Bool { get }

    /// Reads nothing for a moment: nothing is emitted until `goOn`. Whoever wants to connect waits.
    func rest()

    /// Goes on after `rest`, where nothing else holds it.
    func goOn()

    /// What the events go through has changed.
    ///
    /// - Parameter hasDurableBuffer: whether a buffer waits for the disk.
    func routesChanged(hasDurableBuffer: Bool)

    /// The sockets it listens on, once more, for a successor; nil: it has none to share.
    func share() throws -> InheritedSockets?

    /// A successor, perhaps in another process, listens on the same sockets: closing leaves them usable.
    func leaveSockets()

    /// A successor listens on the same sockets: accepts nobody more. Whoever is connected stays and is served.
    func retire()

    /// Retired, and everybody has gone.
    var isDeserted: Bool { get }

    /// Ends in order: says good-bye to whoever is connected once everything written has gone out, and closes what was
    /// opened, within a bounded time. Stops reading first, if nobody has.
    func close()

    /// Closed, and not at its end yet: a last word is on its way to somebody outside. The process waits for it, within the
    /// bound of `close`.
    var isEnding: Bool { get }
}

/// Sockets that an input listens on and its successor goes on with. The descriptors belong to whoever has the value.
package struct InheritedSockets: Sendable, Equatable {
    package var stream: Int32
    package var datagram: Int32?

    package init(stream: Int32, datagram: Int32?) {
        self.stream = stream
        self.datagram = datagram
    }
}

extension Input {
    package var answersLater: Bool { false }
    package var isEnding: Bool { false }
    /// One that listens on no socket.
    package func share() throws -> InheritedSockets? { nil }
    package func leaveSockets() {}
}

/// How far an input is. A later phase follows an earlier one; none comes again.
package enum InputPhase: Int, Comparable, Sendable {
    /// Made; nothing is open.
    case idle
    /// Open: takes what comes, or makes it wait while the buffers are full.
    case reading
    /// Takes nothing more in; answers can still be written.
    case stopped
    /// Everything is closed, or about to be within the bound.
    case closed

    package static func < (a: InputPhase, b: InputPhase) -> Bool { a.rawValue < b.rawValue }
}
