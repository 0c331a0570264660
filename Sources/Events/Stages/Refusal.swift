/// Why something was not taken: a kind that decisions, counters and tests go by, and the sentence that people read.
///
/// The sentence says what happened and what to do; nothing may be decided by looking into it.
package struct Refusal: Sendable, Equatable, CustomStringConvertible {
    /// Kinds are few and fixed: a metric has one counter for each.
    package enum Kind: String, Sendable, CaseIterable {
        /// A limit of memory is reached; there will be room again.
        case full
        /// The buffer cannot keep it: its disk is full, or broken.
        case storage
        /// One record is larger than a limit allows.
        case tooLarge = "too_large"
        /// No connection, or it broke.
        case unreachable
        /// No answer in time: what was sent may have been taken.
        case timeout
        /// The destination asks for time (429, 503).
        case busy
        /// The account may not (401, 403).
        case forbidden
        /// The destination's state forbids it until an operator acts: closed or blocked index, shard limit, no such index.
        case blocked
        /// The answer is none: cut short, another protocol, items missing.
        case unclear
        /// The record itself cannot be taken, now or later.
        case invalid
        /// The daemon is stopping.
        case stopping
    }

    package var kind: Kind
    package var sentence: String

    package init(_ kind: Kind, _ sentence: String) {
        self.kind = kind
        self.sentence = sentence
    }

    package var description: String { sentence }
}
