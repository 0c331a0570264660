import Buffering
import Synchronization

/// A clock that stands still until the test moves it.
package final class FakeClock: FlushClock {
    private struct State {
        var now = 1000.0
        var sleepers: [Int: (until: Double, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var next = 0
    }
    private let state = Mutex(State())

    package init() {}

    package func monotonicSeconds() -> Double { state.withLock { $0.now } }
    package func wallSeconds() -> Int64 { Int64(monotonicSeconds()) + 1_576_000_000 }

    package func advance(_ seconds: Double) {
        let due = state.withLock { state in
            state.now += seconds
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for key in due.keys { state.sleepers[key] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Waits until somebody sleeps, and moves the clock to where the first of them wakes.
    package func advanceToNextSleeper() async {
        while true {
            let next = state.withLock { state in state.sleepers.values.map(\.until).min().map { $0 - state.now } }
            if let next { return advance(max(next, 0)) }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    package func sleep(seconds: Double) async throws {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    if Task.isCancelled { return true }
                    state.sleepers[number] = (state.now + seconds, continuation)
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.continuation.resume(
                throwing: CancellationError())
        }
    }
}
