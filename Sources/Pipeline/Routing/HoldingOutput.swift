internal import Events
internal import Filters

/// An output that holds events and gives them back to routers, as the loop asks it.
final class HoldingOutput: HoldingStage {
    private let holder: any EventHolder
    private let target: any Emitter

    init(_ holder: any EventHolder, target: any Emitter) { (self.holder, self.target) = (holder, target) }

    var tickMilliseconds: Int64 { holder.tickMilliseconds }
    var heldEvents: Int { holder.heldEvents }
    func whenHolding(_ action: @escaping () -> Void) { holder.whenHolding(action) }

    /// What it holds is whole enough to go its way at any time, so that it needs no letters.
    func release(at moment: StageMoment?, letters: HeldLetters?) -> Acceptance {
        holder.release(at: moment) { batch, storage, rows in target.emit(batch, storage: &storage, rows: &rows) }
    }
}
