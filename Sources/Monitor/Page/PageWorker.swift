internal import EventLoop
internal import Synchronization

/// A thread for what may take a while: the monitor's own goes on to answer `/health`, and the loops with events come first.
/// Begins with the first work. Safe from any thread.
final class PageWorker: Sendable {
    /// Work that waits beside what is being done; whoever comes then is told to come again.
    static let mostWaiting = 4
    /// Behind everything else of the process.
    private static let niceness: Int32 = 10
    private static let joinSeconds = 2.0

    private struct State {
        var thread: LoopThread?
        var waiting = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// - Returns: why not; nil: it will be done.
    func run(_ work: @escaping @Sendable () -> Void) -> PageRefusal? {
        state.withLock { state in
            guard !state.isClosed else { return PageRefusal(503, "the daemon stops") }
            guard state.waiting < Self.mostWaiting else { return PageRefusal(503, "too many ask at once; try again") }
            do throws(LoopError) {
                let thread: LoopThread
                if let made = state.thread { thread = made } else { thread = try Self.start() }
                state.thread = thread
                state.waiting += 1
                thread.loop.submit { [self] in
                    work()
                    self.state.withLock { $0.waiting -= 1 }
                }
                return nil
            } catch {
                return PageRefusal(503, "\(error)")
            }
        }
    }

    private static func start() throws(LoopError) -> LoopThread {
        try LoopThread.start(try Loop(receiveBufferBytes: 4096), name: "sluice-page", niceness: niceness)
    }

    /// What is being done is left to end by itself.
    func close() {
        let thread = state.withLock { state in
            state.isClosed = true
            defer { state.thread = nil }
            return state.thread
        }
        guard let thread else { return }
        thread.loop.submit { thread.loop.stop() }
        _ = thread.join(withinSeconds: Self.joinSeconds)
    }
}
