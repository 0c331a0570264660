internal import Events
internal import Synchronization

/// Inputs that wait for a destination that keeps up (`Pace`).
extension ChunkBuffer {
    /// Whether the inputs have to wait, as a batch has come in.
    func mustPause() -> Bool {
        guard isPaced, budget.heldBytes >= Pace.leastLimitBytes else { return false }
        let (queuedBytes, isInTrouble) = queue.withLock { ($0.byteCount, $0.outage != nil) }
        let now = clock.monotonicSeconds()
        guard pace.withLock({ $0.mustPause(queuedBytes: queuedBytes, isInTrouble: isInTrouble, at: now) }) else {
            return false
        }
        budget.mark()
        // What was delivered before anybody could see the mark would tell nobody.
        if isPauseOver, budget.takeRoom() { return false }
        paused.wakeOne()
        return true
    }

    var isPauseOver: Bool {
        let queuedBytes = queue.withLock { $0.byteCount }
        return pace.withLock { $0.isOver(queuedBytes: queuedBytes) }
    }

    /// Ends a pause that has taken too long; answers in how many seconds to look again, nil: at the next pause.
    func lookAtPause() -> Double? {
        let isInTrouble = outage != nil
        let now = clock.monotonicSeconds()
        let next = pace.withLock { $0.look(isInTrouble: isInTrouble, at: now) }
        if next == nil { tellRoom() }
        return next
    }
}
