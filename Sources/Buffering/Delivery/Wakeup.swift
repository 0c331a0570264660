internal import Synchronization

/// Wakes tasks that sleep until a moment, when something happens before it. Any thread may wake.
///
/// A wake is never lost: who wants to sleep reads `generation` first, then looks whether there is work, then sleeps "unless
/// that generation is over".
final class Wakeup: Sendable {
    private struct State {
        var generation = 0
        var sleepers: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextSleeper = 0
        /// Tasks that have not lain down yet, or are up again.
        var awake: Set<Int> = []
        /// Of those, the ones whose time was over before they lay down.
        var late: Set<Int> = []
    }

    private let state = Mutex(State())

    var generation: Int { state.withLock { $0.generation } }

    /// Wakes everyone.
    func wakeAll() {
        let sleepers = state.withLock { state in
            state.generation += 1
            let sleepers = Array(state.sleepers.values)
            state.sleepers.removeAll()
            return sleepers
        }
        for sleeper in sleepers { sleeper.resume() }
    }

    /// Wakes one: there is work for one, and who takes it wakes the next when there is more.
    func wakeOne() {
        let sleeper = state.withLock { state in
            state.generation += 1
            return state.sleepers.popFirst()?.value
        }
        sleeper?.resume()
    }

    /// Returns after a wake since `generation`, after `seconds` (nil: no limit), or when the task is cancelled.
    func sleep(since generation: Int, seconds: Double?, clock: any FlushClock) async {
        let number = state.withLock { state in
            state.nextSleeper += 1
            state.awake.insert(state.nextSleeper)
            return state.nextSleeper
        }
        let timer = seconds.map { seconds in
            Task {
                try? await clock.sleep(seconds: seconds)
                self.release(number)
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.generation != generation || state.late.contains(number) || Task.isCancelled { return true }
                    state.sleepers[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            self.release(number)
        }
        timer?.cancel()
        state.withLock { state in
            state.late.remove(number)
            state.awake.remove(number)
        }
    }

    private func release(_ number: Int) {
        let sleeper = state.withLock { state in
            let sleeper = state.sleepers.removeValue(forKey: number)
            if sleeper == nil && state.awake.contains(number) { state.late.insert(number) }
            return sleeper
        }
        sleeper?.resume()
    }
}
