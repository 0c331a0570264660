/// Bounds for one text, so that no line can hold up a loop.
///
/// Related manual page: pcre2api(3), “The match context”.
package struct MatchLimits: Sendable, Equatable {
    /// Processor time for one text, over all expressions that are tried on it, in nanoseconds.
    package var timeoutNanoseconds: Int64 = 50_000_000
    /// How many times the engine may call its inner match step for each place where a match may begin; PCRE2's own default.
    package var matchSteps: UInt32 = 10_000_000
    /// Nested backtracking points, used by the interpreter only.
    package var depth: UInt32 = 10_000_000
    /// Memory of the interpreter in kibibytes.
    package var heapKibibytes: UInt32 = 20_000
    /// Stack of JIT-compiled code in bytes.
    package var stackBytes: Int = 1 << 20
    /// The same for a search that needs more, for as long as it lasts.
    package var largeStackBytes: Int = 64 << 20

    package init() {}
}

/// What one attempt to match gave.
package enum MatchOutcome: Sendable, Equatable {
    case matched
    case noMatch
    /// The engine stopped before it knew.
    case gaveUp(GaveUpReason)
}

/// Why a match was abandoned.
package enum GaveUpReason: UInt8, Sendable, Equatable, CustomStringConvertible {
    case timeout, matchLimit, depthLimit, heapLimit, stackLimit, invalidUTF8, engine

    package var description: String {
        switch self {
        case .timeout: "the time limit was reached: the expression backtracks too much on this line"
        case .matchLimit: "the match limit was reached: the expression backtracks too much on this line"
        case .depthLimit: "the depth limit was reached"
        case .heapLimit: "the heap limit was reached"
        case .stackLimit: "the stack limit of the matcher was reached"
        case .invalidUTF8: "the line is not valid UTF-8"
        case .engine: "the regular expression engine reported an error"
        }
    }
}
