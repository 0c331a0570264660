import Glibc

/// A moment on the wall clock, UTC since 1970.
package struct LogTime: Sendable, Equatable {
    package var seconds: Int64
    package var nanoseconds: Int32

    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

/// The log's two clocks, injected so that tests need not wait: the wall for the time stamp, and one that never jumps
/// for the windows of `LogRepetition`.
package struct LogClock: Sendable {
    package let wall: @Sendable () -> LogTime
    /// Seconds since an arbitrary moment; never runs backwards.
    package let steadySeconds: @Sendable () -> Int64

    package init(wall: @escaping @Sendable () -> LogTime, steadySeconds: @escaping @Sendable () -> Int64) {
        self.wall = wall
        self.steadySeconds = steadySeconds
    }

    /// The machine's clocks (clock_gettime(2)).
    package static let system = LogClock(
        wall: { LogClock.read(CLOCK_REALTIME) }, steadySeconds: { LogClock.read(CLOCK_MONOTONIC).seconds })

    private static func read(_ clock: clockid_t) -> LogTime {
        var now = timespec()
        // The pointer is to a local and does not leave the call; it cannot fail for these two clocks.
        _ = unsafe clock_gettime(clock, &now)
        return LogTime(seconds: Int64(now.tv_sec), nanoseconds: Int32(truncatingIfNeeded: now.tv_nsec))
    }
}
