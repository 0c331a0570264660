internal import Events
internal import Synchronization

/// What became of setting up a target.
enum SetupOutcome: Sendable, Equatable {
    case ready
    /// It may work later.
    case refused(Refusal)
    /// The server does not answer.
    case away(String)
    case cancelled
}

/// Has each target set up once, however many workers want to send there: who comes while it is done waits for the same
/// outcome. What failed is done anew by whoever comes next.
final class SetupGate: Sendable {
    private struct State {
        /// When each was ready, in seconds.
        var ready: [SetupTarget: Double] = [:]
        var running: [SetupTarget: Task<SetupOutcome, Never>] = [:]
        var failures: [SetupTarget: Int] = [:]
    }

    private let state = Mutex(State())
    private let againAfterSeconds: Double?
    private let attemptLimit: Int?
    /// Names are strangers' words: they are not remembered for ever.
    private static let remembered = 10_000

    init(againAfterSeconds: Double?, attemptLimit: Int?) {
        self.againAfterSeconds = againAfterSeconds
        self.attemptLimit = attemptLimit
    }

    private enum Entry {
        case ready
        case wait(Task<SetupOutcome, Never>)
    }

    /// - onGivenUp: told once, when documents go on without.
    func pass(
        _ target: SetupTarget, at now: Double, onGivenUp: (Refusal) -> Void = { _ in },
        _ run: @escaping @Sendable () async -> SetupOutcome
    ) async -> SetupOutcome {
        let entry: Entry = state.withLock { state in
            if let since = state.ready[target], againAfterSeconds.map({ now - since < $0 }) ?? true { return .ready }
            if let running = state.running[target] { return .wait(running) }
            let task = Task { await run() }
            state.running[target] = task
            return .wait(task)
        }
        guard case .wait(let task) = entry else { return .ready }
        // All workers of an output are cancelled together.
        let outcome = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        return settle(target, task, outcome, now, onGivenUp)
    }

    /// The first to come here after the end notes it.
    private func settle(
        _ target: SetupTarget, _ task: Task<SetupOutcome, Never>, _ outcome: SetupOutcome, _ now: Double,
        _ onGivenUp: (Refusal) -> Void
    ) -> SetupOutcome {
        var givenUp: Refusal?
        let settled: SetupOutcome = state.withLock { state in
            let isFirst = state.running[target] == task
            if isFirst { state.running[target] = nil }
            switch outcome {
            case .ready: break
            case .cancelled, .away: return outcome
            case .refused(let refusal):
                if isFirst { state.failures[target, default: 0] += 1 }
                guard let attemptLimit, let failures = state.failures[target], failures > attemptLimit else {
                    return outcome
                }
                if isFirst { givenUp = refusal }
            }
            if isFirst {
                if state.ready.count >= Self.remembered { state.ready.removeAll() }
                state.ready[target] = now
                state.failures[target] = nil
            }
            return .ready
        }
        if let givenUp { onGivenUp(givenUp) }
        return settled
    }
}
