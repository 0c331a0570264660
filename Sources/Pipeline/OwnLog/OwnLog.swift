internal import Glibc
package import Logging
internal import Synchronization

/// The daemon's own log on its way into the pipeline, beside where it is written: events of the tags `fluent.info`,
/// `fluent.warn` …, where a configuration asks for them (`OwnLogRoute`), as Fluentd has them
/// (docs.fluentd.org/deployment/logging, "Capture Fluentd logs").
///
/// An event causes no event: lines of the stages that these events come to, and lines that are said while they are handed
/// on, are written and are no events. So what goes wrong with them cannot feed on itself, however the labels lead.
///
/// Whoever logs never waits: lines beyond a bound are no events, and are counted. Safe from any thread.
package final class OwnLog: LogHandler {
    private struct State: Sendable {
        var route: OwnLogRoute?
        var wake: (@Sendable () -> Void)?
        var isWoken = false
        var waiting: [LogEntry] = []
        var waitingBytes = 0
        var missed = 0
    }

    /// Lines that wait for the loop, or for room in an output.
    package static let waitingLimit = 1000
    package static let waitingLimitBytes = 1 << 20

    private let next: any LogHandler
    private let state = Mutex(State())
    /// Whether there is a route, for the many configurations without one.
    private let isAsked = Atomic(false)
    /// The thread that hands events on; 0: none does.
    private let carrier = Atomic<UInt>(0)

    /// - Parameter next: where all lines are written.
    package init(_ next: any LogHandler) { self.next = next }

    package func handle(_ entry: LogEntry) {
        next.handle(entry)
        guard isAsked.load(ordering: .relaxed), carrier.load(ordering: .relaxed) != Self.thisThread else { return }
        let bytes = Self.bytes(of: entry)
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard let route = state.route, route.takes(entry) else { return nil }
            guard state.waiting.count < Self.waitingLimit, state.waitingBytes + bytes <= Self.waitingLimitBytes else {
                state.missed += 1
                return nil
            }
            state.waiting.append(entry)
            state.waitingBytes += bytes
            defer { state.isWoken = true }
            return state.isWoken ? nil : state.wake
        }
        wake?()
    }

    package func reopen() throws(LogFileError) { try next.reopen() }

    /// Lines are events from now on, or not any more.
    ///
    /// - Parameter wake: lines wait; may be called on any thread.
    func follow(_ route: OwnLogRoute?, wake: @escaping @Sendable () -> Void) {
        let hasWaiting = state.withLock { state in
            state.route = route
            state.wake = wake
            if route == nil { (state.waiting, state.waitingBytes) = ([], 0) }
            return !state.waiting.isEmpty
        }
        isAsked.store(route != nil, ordering: .relaxed)
        if hasWaiting { wake() }
    }

    /// The first line that waits, which stays until `taken`; nil: none does.
    func first() -> (entry: LogEntry, label: String)? {
        state.withLock { state in
            guard let entry = state.waiting.first, let route = state.route else {
                state.isWoken = false
                return nil
            }
            return (entry, route.label)
        }
    }

    /// The first line is in its output.
    func taken() {
        state.withLock { state in
            guard !state.waiting.isEmpty else { return }
            state.waitingBytes -= Self.bytes(of: state.waiting.removeFirst())
        }
    }

    /// Lines that found no room since this was asked last.
    func takeMissed() -> Int {
        state.withLock { state in
            defer { state.missed = 0 }
            return state.missed
        }
    }

    /// What is said on this thread meanwhile is no event.
    func carrying<Result>(_ work: () -> Result) -> Result {
        let before = carrier.exchange(Self.thisThread, ordering: .relaxed)
        defer { carrier.store(before, ordering: .relaxed) }
        return work()
    }

    /// Whether what an output refused may be one of these events.
    func carries(_ output: String) -> Bool {
        isAsked.load(ordering: .relaxed) && state.withLock { $0.route?.carriers.contains(output) ?? false }
    }

    private static var thisThread: UInt { UInt(pthread_self()) }

    private static func bytes(of entry: LogEntry) -> Int {
        entry.fields.reduce(64 + entry.message.utf8.count + entry.block.utf8.count) { sum, field in
            if case .text(let text) = field.value { sum + 64 + text.utf8.count } else { sum + 64 }
        }
    }
}
