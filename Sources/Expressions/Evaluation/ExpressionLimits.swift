package import Grok

/// Bounds for one evaluation, so that no event can hold up a loop or fill the memory.
package struct ExpressionLimits: Sendable, Equatable {
    /// Nodes evaluated and items visited (`expression_limit_steps`).
    package var steps = 1_000_000
    /// Bytes that all results on the way have together (`expression_limit_size`).
    package var bytes = 16 << 20
    /// Of the regular expressions; the time is for one event.
    package var matching = MatchLimits()
    /// Arrays and hashes inside one another, which is what JSON may have.
    static let depth = 512

    package init() {}
}

/// What expressions see of the world besides the event.
package struct ExpressionContext: Sendable {
    package var hostname: [UInt8] = []
    /// `ENV`
    package var variables: [String: String] = [:]
    /// `worker_id`, of a configuration.
    package var workerID: [UInt8] = []
    /// What `File` and `Dir` see; nil: nothing. Only code of a configuration can name them.
    package var files: (any CodeFiles)?

    package init() {}
}
