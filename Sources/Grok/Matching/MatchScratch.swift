import CPCRE2

/// How many steps a search may take at each place of the subject.
enum MatchPace {
    /// As many as any ordinary match needs, and so few that a search of a short text ends soon.
    case quick
    /// All that `MatchLimits` allow.
    case patient
}

/// What a thread needs to match: room for the offsets, the limits, the time of the text at hand, and the stack of the JIT
/// code.
///
/// One per loop or thread, for all its expressions; deliberately not Sendable. It owns some PCRE2 objects and frees them.
/// `@safe`: the pointers are used in this room alone, live as long as the object, and indices are checked.
@safe
package final class MatchScratch {
    /// Steps for each place of a short text. `%{COMBINEDAPACHELOG}` takes about forty, `%{DATA:x}` one for each byte.
    static let quickSteps: UInt32 = 1_000

    private let quick: OpaquePointer
    private let patient: OpaquePointer
    /// Its offset limit and its match limit are set for each use.
    private let slice: OpaquePointer
    /// With a callout that looks at the clock.
    private let watched: OpaquePointer
    let limits: MatchLimits
    /// The time of the text at hand. A pointer, because the callout changes it while a search runs.
    let budget: UnsafeMutablePointer<MatchBudget>
    let emptySubject: UnsafeMutablePointer<UInt8>
    private let stack: OpaquePointer?
    /// Where searches without PCRE2 note their ways back.
    let lineStack = LineStack()
    private(set) var data: OpaquePointer
    private var offsets: UnsafeMutablePointer<Int>
    private var pairCount: Int

    /// Makes room for `captures` groups; it grows by itself when an expression has more.
    ///
    /// - Parameter now: nanoseconds of a clock that starts anywhere; the processor time of the calling thread, so that a
    ///   busy machine makes no line give up.
    package init(
        captures: Int = 63, limits: MatchLimits = MatchLimits(),
        now: @escaping @Sendable () -> Int64 = MatchBudget.threadNanoseconds
    ) {
        self.limits = limits
        pairCount = captures + 1
        guard let data = unsafe pcre2_match_data_create_8(UInt32(captures + 1), nil) else {
            preconditionFailure("out of memory")
        }
        unsafe self.data = data
        unsafe offsets = Self.offsets(of: data)
        unsafe emptySubject = .allocate(capacity: 1)
        unsafe emptySubject.initialize(to: 0)
        unsafe budget = .allocate(capacity: 1)
        unsafe budget.initialize(to: MatchBudget(timeoutNanoseconds: limits.timeoutNanoseconds, now: now))
        let stack = unsafe pcre2_jit_stack_create_8(32 * 1024, max(limits.stackBytes, 32 * 1024), nil)
        unsafe self.stack = stack
        unsafe quick = Self.context(limits, steps: min(Self.quickSteps, limits.matchSteps), stack)
        unsafe patient = Self.context(limits, steps: limits.matchSteps, stack)
        unsafe slice = Self.context(limits, steps: limits.matchSteps, stack)
        unsafe watched = Self.context(limits, steps: limits.matchSteps, stack)
        unsafe pcre2_set_callout_8(
            watched,
            { block, budget in
                guard let block = unsafe block, let budget = unsafe budget else { return 0 }
                // `budget` is what was given beside the function, and the block is PCRE2's for as long as the call lasts.
                let place: WatchedPlace =
                    unsafe block.pointee.callout_number == WatchedPlace.run.rawValue ? .run : .round
                let isOver = unsafe budget.assumingMemoryBound(to: MatchBudget.self).pointee.visit(
                    place, at: block.pointee.current_position)
                return isOver ? PCRE2_ERROR_CALLOUT : 0
            }, budget)
    }

    deinit {
        lineStack.deallocate()
        unsafe pcre2_match_data_free_8(data)
        unsafe pcre2_match_context_free_8(quick)
        unsafe pcre2_match_context_free_8(patient)
        unsafe pcre2_match_context_free_8(slice)
        unsafe pcre2_match_context_free_8(watched)
        if let stack = unsafe stack { unsafe pcre2_jit_stack_free_8(stack) }
        unsafe emptySubject.deallocate()
        unsafe budget.deinitialize(count: 1)
        unsafe budget.deallocate()
    }

    private static func context(_ limits: MatchLimits, steps: UInt32, _ stack: OpaquePointer?) -> OpaquePointer {
        guard let context = unsafe pcre2_match_context_create_8(nil) else { preconditionFailure("out of memory") }
        if let stack = unsafe stack {
            unsafe pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack))
        }
        unsafe pcre2_set_match_limit_8(context, steps)
        unsafe pcre2_set_depth_limit_8(context, limits.depth)
        unsafe pcre2_set_heap_limit_8(context, limits.heapKibibytes)
        return unsafe context
    }

    @inline(__always)
    func context(_ pace: MatchPace) -> OpaquePointer { unsafe pace == .quick ? quick : patient }

    func sliceContext(through last: Int, steps: Int) -> OpaquePointer {
        unsafe pcre2_set_offset_limit_8(slice, last)
        unsafe pcre2_set_match_limit_8(slice, UInt32(clamping: min(steps, Int(limits.matchSteps))))
        return unsafe slice
    }

    func watchedContext(subjectBytes: Int) -> OpaquePointer {
        unsafe budget.pointee.watch(subjectBytes: subjectBytes)
        return unsafe watched
    }

    /// Runs a search with a stack that most threads never need; what needs even more says so as before.
    func withLargeStack(_ context: OpaquePointer, _ body: () -> SearchResult) -> SearchResult {
        guard let large = unsafe pcre2_jit_stack_create_8(32 * 1024, limits.largeStackBytes, nil) else {
            return SearchResult(code: PCRE2_ERROR_JIT_STACKLIMIT)
        }
        unsafe pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(large))
        defer {
            // Without a stack of its own the code has 32 KiB of the thread's.
            unsafe pcre2_jit_stack_assign_8(context, nil, stack.map { unsafe UnsafeMutableRawPointer($0) })
            unsafe pcre2_jit_stack_free_8(large)
        }
        return body()
    }

    /// Starts the time anew, for a text of its own. `Regex.match` and `GrokMatcher.match` do it themselves.
    @inline(__always)
    package func beginText() { unsafe budget.pointee.begin() }

    /// Adds work; true when the time of the text is over.
    @inline(__always)
    func spend(_ work: Int) -> Bool { unsafe budget.pointee.spend(work) }

    /// Whether the time of the text is over; asks the clock.
    var isOver: Bool { unsafe budget.pointee.look() }

    /// PCRE2 keeps the offsets inside the match data for as long as that lives.
    private static func offsets(of data: OpaquePointer) -> UnsafeMutablePointer<Int> {
        guard let pointer = unsafe pcre2_get_ovector_pointer_8(data) else {
            preconditionFailure("match data without offsets")
        }
        return unsafe pointer
    }

    /// The offsets of the last match, start and end by turns, -1 when unset; valid until `reserve` grows.
    @inline(__always)
    var pairs: UnsafePointer<Int> { unsafe UnsafePointer(offsets) }

    /// The same for a search without PCRE2 to write.
    @inline(__always)
    var slots: UnsafeMutablePointer<Int> { unsafe offsets }

    @inline(__always)
    func reserve(_ pairs: Int) {
        if pairs > pairCount { grow(pairs) }
    }

    @inline(never)
    private func grow(_ pairs: Int) {
        guard let larger = unsafe pcre2_match_data_create_8(UInt32(pairs), nil) else {
            preconditionFailure("out of memory")
        }
        unsafe pcre2_match_data_free_8(data)
        unsafe data = larger
        unsafe offsets = Self.offsets(of: larger)
        pairCount = pairs
    }

    /// Where group `index` of the last match begins in the subject, in bytes; -1 when it took no part. 0 is the whole match.
    @inline(__always)
    package func start(of index: Int) -> Int {
        precondition(index < pairCount, "no such group")
        return unsafe offsets[2 &* index]
    }

    /// Where group `index` of the last match ends; -1 when it took no part.
    @inline(__always)
    package func end(of index: Int) -> Int {
        precondition(index < pairCount, "no such group")
        return unsafe offsets[2 &* index &+ 1]
    }
}
