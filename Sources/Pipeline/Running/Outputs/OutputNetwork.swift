internal import EventLoop

/// The loop, on a thread of its own, on which outputs keep their connections. Made when the first output asks.
final class OutputNetwork {
    private var thread: LoopThread?
    private var endings: [() -> Void] = []

    func loop() throws(LoopError) -> Loop {
        if let thread { return thread.loop }
        let made = try LoopThread.start(try Loop(), name: "outputs")
        thread = made
        return made.loop
    }

    /// What an output does when the last delivery is over: it closes what it has on the loop.
    func atEnd(_ ending: @escaping () -> Void) { endings.append(ending) }

    deinit {
        // Only of a network that nobody closed: a rehearsal's.
        for ending in endings { ending() }
        thread?.loop.stop()
    }

    /// How long the thread may take to end, in seconds.
    private static let endingSeconds = 2.0

    /// Ends the thread. Blocks until it is done. Answers what was left open, which is a fault of an output's; nil when
    /// it does not end in time, which is a name server's: everything is delivered or kept by now, and the process ends.
    func close() -> [String]? {
        for ending in endings { ending() }
        endings = []
        thread?.loop.stop()
        defer { thread = nil }
        guard let thread else { return [] }
        return thread.join(withinSeconds: Self.endingSeconds)
    }
}
