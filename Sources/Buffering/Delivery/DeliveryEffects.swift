package import Events

/// What the queue says to whoever drives it.
extension DeliveryQueue {
    package enum Target: Sendable, Equatable { case primary, secondary }

    /// A chunk, or what is left of it, that a worker is to send.
    package struct Delivery: Sendable {
        /// Number of this attempt; unique in the queue.
        package let number: Int
        package let chunk: SealedChunk
        package let items: ItemSet
        package let target: Target
    }

    package enum Next: Sendable {
        case deliver(Delivery)
        /// Nothing to do before that moment; nil: before another chunk comes or a delivery ends.
        case wait(until: Double?)
    }

    /// What has to be done about an outcome.
    package enum Effect: Sendable {
        /// All of the chunk is dealt with; its worst fate. It leaves the memory, and its receipts are settled.
        case released(SealedChunk, Receipt.Fate)
        /// What is left of a chunk lives on in a small one.
        case replaced(SealedChunk, by: SealedChunk)
        case delivered(SealedChunk, itemCount: Int, by: Target)
        /// `attempts`: how often they were sent.
        case rejected(SealedChunk, [RejectedItem], attempts: Int)
        /// Nobody will try these items again.
        case gaveUp(SealedChunk, items: ItemSet, reason: Refusal, attempts: Int)
        /// The destination refused these items as a whole; the secondary is asked next.
        case passedOn(SealedChunk, items: ItemSet, reason: Refusal)
        case failing(reason: Refusal, retry: RetryState, target: Target)
        /// The destination itself took something, after so many failures.
        case recovered(failures: Int, since: Double)
        case split(SealedChunk, itemCount: Int, reason: Refusal)
        /// These items need not be sent again; others of the chunk, which survives a stop, still have to be.
        case done(SealedChunk, items: ItemSet)
    }

    /// A part that was thrown away.
    package struct Dropped: Sendable {
        package let chunk: SealedChunk
        package let itemCount: Int
        /// `released`, when nothing else is left of the chunk; else `done`, where it survives a stop.
        package let effects: [Effect]
    }
}
