package import Events

/// What an input hands its events to: the router of its label, as it is now. One for each label of a loop, for as long as
/// the loop lives; a reload changes where it leads, between two batches.
package final class Switchboard: Emitter {
    private var target: Router?

    package init() {}

    /// From the next batch on; nil: the label is gone.
    func connect(to router: Router?) { target = router }

    package var showsOrder: Bool { target?.showsOrder ?? false }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        target?.emit(batch, storage: &storage, rows: &rows)
            ?? .refused(Refusal(.stopping, "the label is not in the configuration any more"))
    }
}
