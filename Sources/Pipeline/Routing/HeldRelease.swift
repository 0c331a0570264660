package import Events

/// What a loop asks, now and then, to let go what nothing has completed: routers with filters that hold events, and
/// outputs that do.
package protocol HoldingStage: AnyObject {
    /// See `EventHolder`.
    var tickMilliseconds: Int64 { get }
    var heldEvents: Int { get }
    func whenHolding(_ action: @escaping () -> Void)
    /// Hands on what is due.
    ///
    /// - Parameter letters: takes what has no other place at the end; nil: it goes its normal way.
    /// - Returns: whether somebody refused a part of it, which is held on.
    func release(at moment: StageMoment?, letters: HeldLetters?) -> Acceptance
}

/// The holders that one batch has passed, and the receipts that were made for it on the way. Serves one batch after another.
final class HeldPassage {
    private var holders: [any EventHolder] = []
    private var made: [Receipt] = []

    /// A filter has been applied: what has waited in it and leaves now shares the fate of the batch.
    func note(_ holder: any EventHolder, _ batch: inout Batch) {
        holders.append(holder)
        let receipts = holder.takeReceipts()
        guard !receipts.isEmpty else { return }
        let joined = Receipt.joining(receipts + [batch.receipt].compactMap { $0 })
        made.append(joined)
        batch.receipt = joined
    }

    /// The batch has met its end on this loop.
    ///
    /// - Parameter release: lets go what has exceeded a limit.
    func end(_ acceptance: Acceptance, release: (any EventHolder) -> Acceptance) -> Acceptance {
        // The last one made holds those before it.
        for receipt in made.reversed() { receipt.settle(.delivered) }
        let isTaken = if case .refused = acceptance { false } else { true }
        for holder in holders { holder.settle(isTaken: isTaken) }
        var result = Acceptance.accepted
        for holder in holders where holder.isOverLimit {
            // What nobody takes stays, and more must wait until there is room.
            if release(holder) != .accepted { result = .acceptedFull }
        }
        holders.removeAll(keepingCapacity: true)
        made.removeAll(keepingCapacity: true)
        return result
    }
}
