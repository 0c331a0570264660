/// A moment of a loop, as stages that hold events back are told: they have no clock of their own.
package struct StageMoment: Sendable {
    /// Of a clock that never goes back.
    package var milliseconds: Int64
    /// What an event of this moment has for a time.
    package var time: EventTime
    /// Whatever is held must leave now: the stage is about to go.
    package var isLast = false

    package init(milliseconds: Int64, time: EventTime, isLast: Bool = false) {
        (self.milliseconds, self.time, self.isLast) = (milliseconds, time, isLast)
    }
}

/// A stage that holds events back until later ones complete them: pieces of one text, lines of one stack trace.
///
/// What it holds is neither delivered nor safe: it holds the receipts of the batches that brought the pieces, and whoever
/// drives the stage lets them share the fate of the batch in which the whole event leaves. And what it holds is not lost
/// when that batch is refused: `settle` brings everything back to where it was before the batch.
package protocol EventHolder: AnyObject {
    /// Puts events that are due into an empty batch, all of one tag; nil: there are none (left).
    ///
    /// - Parameter moment: nil: only what must leave because a limit is reached.
    func takeDue(at moment: StageMoment?, storage: inout ByteBuffer, rows: inout Rows) -> Tag?

    /// The receipts of earlier batches that have a part in the batch that was just made, each once.
    func takeReceipts() -> [Receipt]

    /// What became of that batch. Once for each `apply` and each `takeDue` that gave a tag.
    func settle(isTaken: Bool)

    /// A limit is reached: `takeDue(at: nil)` has something.
    var isOverLimit: Bool { get }

    /// How many events wait to be completed.
    var heldEvents: Int { get }

    /// What the log and reports call it.
    var stageName: String { get }

    /// How often it must be asked for what is due, in milliseconds; 0: only for the limits and at the end.
    var tickMilliseconds: Int64 { get }

    /// Sets what is called behind each batch that leaves events held: whoever asks for what is due need not ask before.
    func whenHolding(_ action: @escaping () -> Void)

    /// Where events go that nothing has completed in time; nil: nothing was said.
    var timeoutOutlet: (any Emitter)? { get }

    /// What is due is as whole as it gets: it goes on behind the stage like all events, also at the end, and to no outlet.
    var goesOnWhenDue: Bool { get }
}

extension EventHolder {
    package var goesOnWhenDue: Bool { false }
}

extension EventHolder {
    /// Hands on what is due, batch by batch, until somebody does not take one.
    ///
    /// - Parameter send: where to.
    package func release(
        at moment: StageMoment?, send: (Batch, inout ByteBuffer, inout Rows) -> Acceptance
    ) -> Acceptance {
        var storage = ByteBuffer(capacity: 4096)
        var rows = Rows(fieldCapacity: 64)
        var result = Acceptance.accepted
        while let tag = takeDue(at: moment, storage: &storage, rows: &rows) {
            let receipts = takeReceipts()
            let receipt = receipts.isEmpty ? nil : Receipt.joining(receipts)
            let acceptance = send(Batch(tag, receipt: receipt), &storage, &rows)
            receipt?.settle(.delivered)
            result = result.combined(with: acceptance)
            if case .refused = acceptance {
                settle(isTaken: false)
                return result
            }
            settle(isTaken: true)
            storage.clear()
            rows.clear()
        }
        return result
    }
}

extension Receipt {
    /// One receipt for a batch that has parts of several: they share its fate. Whoever asks settles it once, as its maker.
    package static func joining(_ receipts: [Receipt]) -> Receipt {
        for receipt in receipts { receipt.hold() }
        let moment: Moment = receipts.contains { $0.moment == .delivered } ? .delivered : .safe
        return Receipt(for: moment) { fate in for receipt in receipts { receipt.settle(fate) } }
    }
}
