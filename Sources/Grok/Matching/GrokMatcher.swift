import Glibc

/// Runs a set of grok patterns on one thread: the shared patterns, this thread's scratch, offsets and counters.
///
/// One per loop and stage; deliberately not Sendable. `match` allocates nothing and counts no reference: what it reads
/// is laid out flat at the start. `@safe`: the tables are private, live as long as the object, and are indexed by what
/// `init` counted.
@safe
@usableFromInline package final class GrokMatcher {
    /// What a line gave.
    package enum Result: Sendable, Equatable {
        /// The member of the set that matched; its fields are found by `range(of:)`.
        case hit(member: Int)
        case noMatch
        /// No pattern matched, and at least this one stopped at a limit.
        case gaveUp(member: Int, GaveUpReason)
    }

    /// One pattern of the set.
    private struct Program {
        let handle: Regex.Handle
        let literal: LiteralSearch?
        let firstField: Int
        let fieldCount: Int
        /// The last line was none of its: the literal is looked for first, as the next line may be like it.
        var hasMissed = false
    }

    /// Which of `groups` belong to a field, the last group first.
    private struct FieldGroups {
        let first: Int
        let count: Int
    }

    /// The patterns; keeps alive what the handles point to.
    package let set: GrokSet
    private let scratch: MatchScratch
    private let programCount: Int
    private let programs: UnsafeMutablePointer<Program>
    private let fields: UnsafeMutablePointer<FieldGroups>
    private let groups: UnsafeMutablePointer<Int>
    @usableFromInline let ranges: UnsafeMutablePointer<FieldRange>
    @usableFromInline let rangeCount: Int
    private let counts: UnsafeMutablePointer<PatternCounters>

    /// A matcher with a scratch of its own, or one shared with other expressions of the same thread.
    package init(_ set: GrokSet, scratch: MatchScratch = MatchScratch()) {
        self.set = set
        self.scratch = scratch
        let patterns = set.members.map(\.pattern)
        programCount = patterns.count
        unsafe programs = .allocate(capacity: max(1, patterns.count))
        unsafe fields = .allocate(capacity: max(1, patterns.reduce(0) { $0 + $1.fields.count }))
        unsafe groups = .allocate(capacity: max(1, patterns.reduce(0) { $0 + $1.captures.count }))
        rangeCount = set.maximumFieldCount
        unsafe ranges = .allocate(capacity: max(1, set.maximumFieldCount))
        unsafe ranges.initialize(repeating: .unset, count: set.maximumFieldCount)
        unsafe counts = .allocate(capacity: max(1, patterns.count))
        unsafe counts.initialize(repeating: PatternCounters(), count: patterns.count)
        var fieldCount = 0
        var groupCount = 0
        for (index, pattern) in patterns.enumerated() {
            scratch.reserve(pattern.regex.captureCount + 1)
            unsafe (programs + index).initialize(
                to: Program(
                    handle: pattern.regex.handle, literal: pattern.regex.requiredLiteral.map(LiteralSearch.init),
                    firstField: fieldCount, fieldCount: pattern.fields.count))
            for field in pattern.fields.indices {
                let numbers = pattern.captures[pattern.captureStarts[field]..<pattern.captureStarts[field + 1]]
                unsafe (fields + fieldCount).initialize(to: FieldGroups(first: groupCount, count: numbers.count))
                fieldCount += 1
                for number in numbers {
                    unsafe (groups + groupCount).initialize(to: number)
                    groupCount += 1
                }
            }
        }
    }

    deinit {
        for index in 0..<programCount { unsafe programs[index].literal?.deallocate() }
        unsafe programs.deallocate()
        unsafe fields.deallocate()
        unsafe groups.deallocate()
        unsafe ranges.deallocate()
        unsafe counts.deallocate()
    }

    /// Tries the patterns in order.
    ///
    /// `text` is what `SubjectText.classify` said of the line; an invalid one is not given to the engine.
    package func match(_ line: UnsafeRawBufferPointer, as text: SubjectText) -> Result {
        if text == .invalid, programCount > 0 {
            // Whether a required literal is missing must not decide what an invalid line gives.
            unsafe counts[0].gaveUp &+= 1
            return .gaveUp(member: 0, .invalidUTF8)
        }
        scratch.beginText()
        var stopped: Result = .noMatch
        for index in 0..<programCount {
            let program = unsafe programs + index
            var literal = unsafe program.pointee.literal
            if unsafe program.pointee.hasMissed, let known = literal {
                guard unsafe known.mayOccur(in: line) else {
                    unsafe counts[index].misses &+= 1
                    continue
                }
                literal = nil
            }
            let quick = unsafe program.pointee.handle.quickMatch(line, as: text, scratch, literal: literal)
            switch unsafe quick ?? search(line, as: text, member: index) {
            case .matched:
                unsafe counts[index].hits &+= 1
                unsafe program.pointee.hasMissed = false
                unsafe collect(program.pointee.firstField, program.pointee.fieldCount)
                return .hit(member: index)
            case .noMatch:
                unsafe counts[index].misses &+= 1
                unsafe program.pointee.hasMissed = true
            case .gaveUp(let reason):
                unsafe counts[index].gaveUp &+= 1
                if case .noMatch = stopped { stopped = .gaveUp(member: index, reason) }
            }
            if scratch.spend(min(line.count, Regex.shortBytes) &* line.count), index &+ 1 < programCount {
                // Even quick attempts have added up; those that are left are not made.
                unsafe counts[index &+ 1].gaveUp &+= 1
                return stopped == .noMatch ? .gaveUp(member: index &+ 1, .timeout) : stopped
            }
        }
        return stopped
    }

    /// One pattern on a line that takes more than a quick look.
    @inline(never)
    private func search(_ line: UnsafeRawBufferPointer, as text: SubjectText, member: Int) -> MatchOutcome {
        let regex = set.members[member].pattern.regex
        return unsafe regex.search(line, as: text, scratch, isLast: member &+ 1 == programCount)
    }

    /// The same for a span.
    package func match(_ line: Span<UInt8>, as text: SubjectText) -> Result {
        unsafe line.withUnsafeBufferPointer { unsafe match(UnsafeRawBufferPointer($0), as: text) }
    }

    /// Where field `index` of the pattern that hit last is in its line. The order is that of the pattern's `fields`.
    @inlinable @inline(__always)
    package func range(of index: Int) -> FieldRange {
        precondition(index >= 0 && index < rangeCount, "no such field")
        return unsafe ranges[index]
    }

    /// Hits and misses of a member of the set since the matcher was made.
    package func counters(of member: Int) -> PatternCounters {
        precondition(member >= 0 && member < programCount, "no such pattern")
        return unsafe counts[member]
    }

    @inline(__always)
    private func collect(_ firstField: Int, _ count: Int) {
        let pairs = unsafe scratch.pairs
        for field in 0..<count {
            let captured = unsafe fields[firstField &+ field]
            var range = FieldRange.unset
            for position in captured.first..<(captured.first &+ captured.count) {
                let group = unsafe groups[position]
                let start = unsafe pairs[2 &* group]
                if start >= 0 {
                    range = unsafe FieldRange(
                        start: Int32(truncatingIfNeeded: start),
                        end: Int32(truncatingIfNeeded: pairs[2 &* group &+ 1]))
                    break
                }
            }
            unsafe ranges[field] = range
        }
    }
}

/// A required literal laid out for searching, without a reference count. Its owner frees it.
@safe struct LiteralSearch {
    private let bytes: UnsafeMutablePointer<UInt8>
    private let count: Int
    private let rarestOffset: Int

    init(_ literal: RequiredLiteral) {
        count = literal.bytes.count
        rarestOffset = literal.rarestOffset
        unsafe bytes = .allocate(capacity: count)
        for index in 0..<count { unsafe (bytes + index).initialize(to: literal.bytes[index]) }
    }

    func deallocate() { unsafe bytes.deallocate() }

    /// Hits of the rarest byte after which it is not rare in this line.
    private static let mostChecks = 64

    /// Whether the bytes may occur in the line: `memchr` for the rarest, then a comparison. False is certain; a line that
    /// is full of the rarest byte is left to the engine.
    @inline(__always)
    func mayOccur(in line: UnsafeRawBufferPointer) -> Bool {
        guard line.count >= count, let base = line.baseAddress else { return false }
        let wanted = unsafe Int32(bytes[rarestOffset])
        // The rarest byte can be anywhere a whole literal around it still fits.
        var from = rarestOffset
        let end = line.count &- count &+ rarestOffset &+ 1
        var checks = 0
        while from < end, let hit = unsafe memchr(base + from, wanted, end &- from) {
            let at = unsafe UnsafeRawPointer(hit) - base
            if unsafe memcmp(base + (at &- rarestOffset), bytes, count) == 0 { return true }
            from = at &+ 1
            checks &+= 1
            if checks == Self.mostChecks { return true }
        }
        return false
    }
}
