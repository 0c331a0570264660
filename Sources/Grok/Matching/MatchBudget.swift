import Glibc

/// The time that one text has, over all expressions that are tried on it.
///
/// A look at the clock costs as much as a short match. So work is counted, in bytes that may have been looked at, and the
/// clock is asked when so much was done that it may matter; a short line is over before.
package struct MatchBudget: Sendable {
    /// Work between two looks at the clock: some milliseconds at the very worst, some microseconds as a rule.
    static let workBetweenLooks = 1 << 20
    /// What a visit of a watched search counts for, beside the way from the last one.
    private static let workOfVisit = 1 << 10

    let timeoutNanoseconds: Int64
    private let now: @Sendable () -> Int64
    private var work = 0
    private var isRunning = false
    private var began: Int64 = 0
    /// Nanoseconds from `began` on that the expression at hand may use.
    private var allowance: Int64
    /// The place of the last visit, and what counts for a run that is about to begin.
    private var place = 0
    private var runWork = workOfVisit

    /// - Parameter now: nanoseconds of a clock that starts anywhere.
    package init(timeoutNanoseconds: Int64, now: @escaping @Sendable () -> Int64) {
        self.timeoutNanoseconds = timeoutNanoseconds
        self.now = now
        allowance = timeoutNanoseconds
    }

    /// Nanoseconds of processor time that the calling thread has used.
    package static let threadNanoseconds: @Sendable () -> Int64 = {
        var time = timespec()
        // Fills the local.
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// A new text.
    @inline(__always)
    package mutating func begin() {
        work = 0
        isRunning = false
        allowance = timeoutNanoseconds
    }

    /// Adds work; true when the time is over.
    @inline(__always)
    mutating func spend(_ units: Int) -> Bool {
        work &+= units
        return work >= Self.workBetweenLooks && look()
    }

    /// Looks at the clock, which the first look starts; true when the time is over.
    @inline(never)
    mutating func look() -> Bool {
        work = 0
        let now = now()
        guard isRunning else {
            isRunning = true
            began = now
            return false
        }
        return now - began >= allowance
    }

    /// Gives the next search a part of the time that is left, so that one that uses it up does not keep others from being
    /// tried.
    mutating func grant(oneOf shares: Int64) {
        _ = look()
        let used = now() - began
        allowance = used + max(timeoutNanoseconds - used, 0) / shares
    }

    /// What is left of the grant.
    mutating func nanosecondsLeft() -> Int64 { max(began + allowance - now(), 0) }

    /// What `grant` took is there for those that follow.
    mutating func returnGrant() { allowance = timeoutNanoseconds }

    /// A watched search begins.
    mutating func watch(subjectBytes: Int) {
        place = 0
        runWork = Self.workOfVisit &+ subjectBytes >> 1
    }

    /// A watched search is at an offset of its subject; true when it must stop.
    mutating func visit(_ watched: WatchedPlace, at offset: Int) -> Bool {
        let way = offset &- place
        place = offset
        return spend((watched == .run ? runWork : Self.workOfVisit) &+ (way < 0 ? 0 &- way : way) &* 16)
    }
}
