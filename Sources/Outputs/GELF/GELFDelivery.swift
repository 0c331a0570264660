internal import EventLoop
internal import Events

/// Some messages on their way. Used on one loop alone.
///
/// `Sendable`, because the reference is handed to the loop in a job; every member asserts the loop's thread.
protocol GELFDelivery: AnyObject, Sendable {
    /// Starts. `ended` is called once, later or at once: nil when it was sent.
    func start(_ ended: @escaping (Refusal?) -> Void)
    /// Ends it, if it has not ended; before the start, too.
    func cancel(because reason: Refusal)
}

/// The deliveries of one output that are under way, and the sockets for datagrams.
///
/// `@unchecked Sendable`: every member but the initialiser asserts the loop's thread.
final class GELFDeliveries: @unchecked Sendable {
    static let stopping = Refusal(.stopping, "the output is being closed")
    static let cancelled = Refusal(.stopping, "the delivery was given up")

    private let loop: Loop
    private var running: [ObjectIdentifier: any GELFDelivery] = [:]
    private var sockets: [Bool: Datagram] = [:]
    private var isClosed = false

    init(on loop: Loop) { self.loop = loop }

    func start(_ delivery: any GELFDelivery, _ ended: @escaping (Refusal?) -> Void) {
        loop.assertOnLoop()
        if isClosed { return ended(Self.stopping) }
        running[ObjectIdentifier(delivery)] = delivery
        delivery.start { [self] refusal in
            running[ObjectIdentifier(delivery)] = nil
            ended(refusal)
        }
    }

    /// A socket for one family of addresses; it stays for the next datagrams.
    func socket(isIPv6: Bool) throws(LoopError) -> Datagram {
        loop.assertOnLoop()
        if let socket = sockets[isIPv6] { return socket }
        // Nobody answers.
        let made = try unsafe Datagram(host: isIPv6 ? "::" : "0.0.0.0", port: 0, on: loop) {
            (_: UnsafeRawBufferPointer, _: SocketAddress, _: Bool) in
        }
        sockets[isIPv6] = made
        return made
    }

    /// Gives everything up, and takes nothing more.
    func close() {
        loop.assertOnLoop()
        isClosed = true
        for delivery in Array(running.values) { delivery.cancel(because: Self.stopping) }
        for socket in sockets.values { socket.close() }
        sockets = [:]
    }
}
