import Glibc

/// Runs a set of grok patterns on one thread: the shared patterns, this thread's scratch, offsets and counters.
///
/// One per loop and stage; deliberately not Sendable. `match` allocates nothing.
package final class GrokMatcher {
    /// What a line gave.
    package enum Result: Sendable, Equatable {
        /// The member of the set that matched; its fields are in `ranges`.
        case hit(member: Int)
        case noMatch
        /// No pattern matched, and at least this one stopped at a limit.
        case gaveUp(member: Int, GaveUpReason)
    }

    package let set: GrokSet
    private let scratch: MatchScratch
    /// Where the fields of the last hit are, in the order of its pattern's `fields`. Entries beyond them are stale.
    package private(set) var ranges: [FieldRange]
    /// Per member of the set, since the matcher was made.
    package private(set) var counters: [PatternCounters]

    /// A matcher with a scratch of its own, or one shared with other expressions of the same thread.
    package init(_ set: GrokSet, scratch: MatchScratch = MatchScratch()) {
        self.set = set
        self.scratch = scratch
        ranges = Array(repeating: .unset, count: set.maximumFieldCount)
        counters = Array(repeating: PatternCounters(), count: set.members.count)
    }

    /// Tries the patterns in order.
    ///
    /// `text` is what `SubjectText.classify` said of the line; an invalid one is not given to the engine.
    package func match(_ line: UnsafeRawBufferPointer, as text: SubjectText) -> Result {
        var stopped: Result = .noMatch
        for index in set.members.indices {
            let regex = set.members[index].pattern.regex
            if let literal = regex.requiredLiteral, unsafe !literal.occurs(in: line) {
                counters[index].misses &+= 1
                continue
            }
            switch unsafe regex.match(line, as: text, scratch) {
            case .matched:
                counters[index].hits &+= 1
                collect(set.members[index].pattern)
                return .hit(member: index)
            case .noMatch:
                counters[index].misses &+= 1
            case .gaveUp(let reason):
                counters[index].gaveUp &+= 1
                if stopped == .noMatch { stopped = .gaveUp(member: index, reason) }
            }
        }
        return stopped
    }

    /// The same for a span.
    package func match(_ line: Span<UInt8>, as text: SubjectText) -> Result {
        unsafe line.withUnsafeBufferPointer { unsafe match(UnsafeRawBufferPointer($0), as: text) }
    }

    /// Sets the counters back to zero, for whoever publishes differences.
    package func resetCounters() {
        for index in counters.indices { counters[index] = PatternCounters() }
    }

    private func collect(_ pattern: GrokPattern) {
        for field in pattern.fields.indices {
            var range = FieldRange.unset
            for position in pattern.captureStarts[field]..<pattern.captureStarts[field + 1] {
                let group = pattern.captures[position]
                let start = scratch.start(of: group)
                if start >= 0 {
                    range = FieldRange(
                        start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: scratch.end(of: group)))
                    break
                }
            }
            ranges[field] = range
        }
    }
}

extension RequiredLiteral {
    /// Whether the bytes occur in the line: `memchr` for the rarest, then a comparison.
    func occurs(in line: UnsafeRawBufferPointer) -> Bool {
        let count = bytes.count
        guard line.count >= count, let base = line.baseAddress else { return false }
        let wanted = Int32(bytes[rarestOffset])
        // The rarest byte can be anywhere a whole literal around it still fits.
        var from = rarestOffset
        let end = line.count - count + rarestOffset + 1
        return unsafe bytes.withUnsafeBytes { literal in
            guard let first = literal.baseAddress else { return false }
            while from < end, let hit = unsafe memchr(base + from, wanted, end - from) {
                let at = unsafe UnsafeRawPointer(hit) - base
                if unsafe memcmp(base + (at - rarestOffset), first, count) == 0 { return true }
                from = at + 1
            }
            return false
        }
    }
}
