internal import EventLoop
internal import Events

/// The end of a batch of what can be read once more: a file, a journal, a topic. The input is told, on its loop, when the
/// events need not be read again, and not when they are kept for a next start or were not taken at all.
///
/// Safety: what it holds is touched on the input's loop alone.
final class BatchEnd: @unchecked Sendable {
    private let tell: () -> Void
    private var isTakenBack = false

    init(_ tell: @escaping () -> Void) { self.tell = tell }

    /// To be handed on with the batch.
    func receipt(for moment: Receipt.Moment, on loop: Loop) -> Receipt {
        Receipt(for: moment) { [self] fate in _ = loop.submit { self.settled(fate, of: moment) } }
    }

    /// The batch was not taken, and comes again.
    func takeBack() { isTakenBack = true }

    private func settled(_ fate: Receipt.Fate, of moment: Receipt.Moment) {
        // At a stop events may be kept for the next start: that is no delivery, and they are read again.
        if isTakenBack || fate == .safe && moment == .delivered { return }
        tell()
    }
}
