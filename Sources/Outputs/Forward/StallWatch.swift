internal import EventLoop

/// Tells when bytes have stopped moving: a time limit that starts anew as long as a count grows.
final class StallWatch {
    private let timer: LoopTimer
    /// Of the next `start`.
    var milliseconds: UInt64
    /// Whether it is watching.
    private(set) var isRunning = false

    init(on loop: Loop, milliseconds: UInt64) {
        timer = LoopTimer(on: loop)
        self.milliseconds = milliseconds
    }

    /// Watches from now on; a watch that is running begins anew.
    ///
    /// - Parameters:
    ///   - count: what must grow within the time limit.
    ///   - stalled: called once if it does not.
    func start(_ count: @escaping () -> Int, stalled: @escaping () -> Void) {
        isRunning = true
        let before = count()
        timer.start(afterMilliseconds: milliseconds) { [self] in
            if count() > before { return start(count, stalled: stalled) }
            isRunning = false
            stalled()
        }
    }

    func stop() {
        isRunning = false
        timer.stop()
    }

    /// For good.
    func close() { timer.close() }
}
