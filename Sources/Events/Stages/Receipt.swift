internal import Synchronization

/// A second word about a batch, after `Acceptance`: what became of its events in the end.
///
/// An input that must know (an ack after delivery, a tail position, an HTTP answer) makes one a batch and passes it along
/// in `Batch.receipt`; on the plain path there is none, and no cost. Whoever keeps a part of the batch (a staged chunk, a
/// file, a copy, a re-injection) calls `hold` before `emit` returns, and `settle` once for each hold when that part has
/// met its end. The input itself holds the first part and settles it after `emit` has returned, with `.delivered` when
/// every part went elsewhere. When the last part is settled, `onSettled` is called once, on the thread that settled it,
/// with the worst of all fates: it posts to the input's loop.
@usableFromInline package final class Receipt: Sendable {
    /// What became of a part, from best to worst.
    package enum Fate: Int, Sendable, Comparable, CaseIterable {
        /// The destination has confirmed it.
        case delivered
        /// It is kept where a crash does not reach it.
        case safe
        /// Its destination refused it for good, and it went where refused events go (`@ERROR`, a backup file).
        case refused
        /// It is gone.
        case lost

        package static func < (a: Fate, b: Fate) -> Bool { a.rawValue < b.rawValue }
    }

    /// When a part has met its end.
    package enum Moment: Sendable {
        /// When a crash does not reach it any more, as far as its buffer goes: a buffer that is safe at once holds nothing.
        case safe
        /// When its destination has answered for it.
        case delivered
    }

    /// What one keeps in memory for as long as it is held, with what its maker keeps for it (an ack, a place).
    package static let heldBytes = 256

    private struct State {
        var parts = 1
        var worst = Fate.delivered
    }

    private let state = Mutex(State())
    private let onSettled: @Sendable (Fate) -> Void
    /// What the input waits for.
    package let moment: Moment

    /// The maker holds the first part.
    package init(for moment: Moment = .delivered, onSettled: @escaping @Sendable (Fate) -> Void) {
        self.moment = moment
        self.onSettled = onSettled
    }

    /// One more part that somebody will settle. Only while at least one is held.
    package func hold() {
        state.withLock { state in
            precondition(state.parts > 0, "a receipt was held after everything was settled")
            state.parts += 1
        }
    }

    /// A part that met its end while the batch was being emitted: nobody needs to hold it.
    package func note(_ fate: Fate) { state.withLock { $0.worst = max($0.worst, fate) } }

    /// One part has met its end.
    package func settle(_ fate: Fate) {
        let ended: Fate? = state.withLock { state in
            precondition(state.parts > 0, "a receipt was settled more often than it was held")
            state.worst = max(state.worst, fate)
            state.parts -= 1
            return state.parts == 0 ? state.worst : nil
        }
        if let ended { onSettled(ended) }
    }
}
