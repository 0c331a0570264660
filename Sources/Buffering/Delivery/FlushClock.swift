internal import Events
internal import Time

/// The clocks of flushing, injected so that tests need not wait.
package protocol FlushClock: Sendable {
    /// Seconds since some fixed point; never goes back.
    func monotonicSeconds() -> Double
    /// Seconds since 1970, for time slices.
    func wallSeconds() -> Int64
    /// Throws only when the task is cancelled.
    func sleep(seconds: Double) async throws
}

/// The machine's clocks.
package struct SystemFlushClock: FlushClock {
    package init() {}
    package func monotonicSeconds() -> Double { Double(Time.Clock.monotonicMilliseconds()) / 1000 }
    package func wallSeconds() -> Int64 { Time.Clock.now().seconds }
    package func sleep(seconds: Double) async throws {
        try await Task.sleep(for: .milliseconds(Int64(min(max(seconds, 0), 86_400) * 1000) + 1))
    }
}
