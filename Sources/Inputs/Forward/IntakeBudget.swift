internal import Synchronization

/// Memory for what the clients of a source have sent and cannot be handed on yet: beginnings of messages, and what waits
/// while its client is held back. Counted over all loops that open the source. Any thread.
///
/// `chunk_size_limit` is one client's; a thousand of them could each keep a message of that size unfinished. When this
/// limit is passed, reads are small, and only one client of each loop goes on with a message that is larger than a few
/// kilobytes (`IntakeQueue`); so the memory stays within the limit, a message for each loop, and a small read for each
/// connection.
package final class IntakeBudget: Sendable {
    /// `unfinished_limit_size`: 256 MiB, four of the largest messages.
    package static let defaultLimitBytes = 256 << 20
    /// What one read brings at most beyond the limit, and what any client may have unfinished then.
    package static let smallBytes = 16 * 1024

    package let limitBytes: Int
    private let taken = Atomic(0)

    package init(limitBytes: Int = defaultLimitBytes) { self.limitBytes = limitBytes }

    package var bytes: Int { taken.load(ordering: .relaxed) }
    package var isOver: Bool { bytes > limitBytes }

    /// A client's share has changed.
    package func add(_ difference: Int) { taken.wrappingAdd(difference, ordering: .relaxed) }
}
