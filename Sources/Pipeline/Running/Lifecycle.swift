/// From the start to the exit status: what may happen next, decided here and nowhere else. Pure: no loop, no clock, no
/// signal; whoever drives it tells what happened and carries the actions out, in order.
///
/// ```
/// starting(n loops) → running → quiescing(n) → draining(group 0, 1, …) → ending → closing(n) → ended
/// ```
/// Nothing is drained before every loop has stopped reading, and a group of outputs is left only when it is empty, given
/// up or out of time: the groups stand in the order of who feeds whom, `@ERROR` and secondaries last (`DrainOrder`).
package struct Lifecycle: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        /// So many loops have not opened their inputs yet.
        case starting(waiting: Int)
        case running
        /// So many loops still read, or are in the middle of what they read.
        case quiescing(waiting: Int)
        case draining(group: Int)
        /// Deliveries were told to end; what is left is being written down.
        case ending
        /// So many loops have handles that are not closed yet.
        case closing(waiting: Int)
        case ended
    }

    package enum Event: Sendable, Equatable {
        /// A loop listens on all its sources.
        case opened
        /// A loop could not open a source, or an output could not be made.
        case failed(String)
        /// SIGTERM, SIGINT or SIGQUIT, at a moment of the clock that never jumps.
        case stopSignal(atSeconds: Double)
        /// A loop reads no more, and what it had read is handed on and answered.
        case quiet(atSeconds: Double)
        /// How far the outputs are, all of them, in their order. Told every now and then while draining.
        case progress(atSeconds: Double, [OutputProgress])
        /// All deliveries have ended and what is left is written down; so many events are neither delivered nor kept.
        case outputsEnded(lostEvents: Int)
        case closed
    }

    package enum Action: Sendable, Equatable {
        case announceRunning
        /// On every loop: accept and read no more, answer what was read; `quiet` comes back.
        case stopReading
        /// Deliver everything now, and write down what may be left.
        case beginDrain
        /// End the deliveries of all outputs, write down what is left; `outputsEnded` comes back.
        case endOutputs
        /// On every loop: close everything; `closed` comes back.
        case closeLoops
        /// A second signal that belongs to the first (a terminal and its shell both send one).
        case noteRepeatedSignal
        case noteImpatience
        case end(ExitKind)
    }

    /// How the process ends.
    package enum ExitKind: Sendable, Equatable {
        case inOrder
        case failed(String)
        /// Acknowledged events are neither delivered nor kept.
        case lost(events: Int)
    }

    /// One output with a buffer, while draining.
    package struct OutputProgress: Sendable, Equatable {
        package var group: Int
        /// Nothing staged, queued or in delivery.
        package var isEmpty: Bool
        /// Its latest attempt failed as a whole.
        package var isFailing: Bool
        /// All that it still holds stands in backup files as well.
        package var isKept: Bool

        package init(group: Int, isEmpty: Bool, isFailing: Bool, isKept: Bool) {
            self.group = group
            self.isEmpty = isEmpty
            self.isFailing = isFailing
            self.isKept = isKept
        }
    }

    /// Signals so soon after the first are the same wish to stop, in seconds.
    package static let repeatedSignalSeconds = 1.0
    /// How long a destination that keeps failing is tried once its events are written down, in seconds: enough for a
    /// connection that was just then renewed, and Docker's ten seconds leave room for the rest.
    package static let failingGraceSeconds = 3.0

    package private(set) var state: State
    private let loopCount: Int
    private let groupCount: Int
    private let limitSeconds: Double
    private var failure: String?
    private var lostEvents = 0
    private var firstSignalAt: Double?
    private var drainStartedAt = 0.0

    /// - Parameters:
    ///   - groups: of outputs, in the order in which they are drained; 0 when none has a buffer.
    ///   - limitSeconds: `shutdown_timeout`, for draining all of them.
    package init(loops: Int, groups: Int, limitSeconds: Double) {
        loopCount = max(loops, 1)
        groupCount = groups
        self.limitSeconds = limitSeconds
        state = .starting(waiting: loopCount)
    }

    package mutating func handle(_ event: Event) -> [Action] {
        switch (state, event) {
        case (.ended, _): return []
        case (.starting(let waiting), .opened):
            state = waiting > 1 ? .starting(waiting: waiting - 1) : .running
            return state == .running ? [.announceRunning] : []
        case (.starting, .failed(let reason)), (.running, .failed(let reason)):
            // What was opened may have acknowledged events already: the way out is the same.
            failure = failure ?? reason
            return quiesce()
        case (_, .failed(let reason)):
            failure = failure ?? reason
            return []
        case (.starting, .stopSignal(let now)), (.running, .stopSignal(let now)):
            firstSignalAt = now
            return quiesce()
        case (_, .stopSignal(let now)): return repeated(at: now)
        case (.quiescing(let waiting), .quiet(let now)):
            if waiting > 1 {
                state = .quiescing(waiting: waiting - 1)
                return []
            }
            return drain(at: now)
        case (.draining, .progress(let now, let outputs)): return progress(outputs, at: now)
        case (.ending, .outputsEnded(let lost)):
            lostEvents += lost
            state = .closing(waiting: loopCount)
            return [.closeLoops]
        case (.closing(let waiting), .closed):
            if waiting > 1 {
                state = .closing(waiting: waiting - 1)
                return []
            }
            state = .ended
            return [.end(exitKind)]
        default: return []
        }
    }

    /// Events that an output could neither deliver nor keep, whenever it happens.
    package mutating func noteLost(_ events: Int) { lostEvents += events }

    private var exitKind: ExitKind {
        if let failure { return .failed(failure) }
        return lostEvents > 0 ? .lost(events: lostEvents) : .inOrder
    }

    private mutating func quiesce() -> [Action] {
        state = .quiescing(waiting: loopCount)
        return [.stopReading]
    }

    private mutating func drain(at now: Double) -> [Action] {
        drainStartedAt = now
        guard groupCount > 0 else { return end() }
        state = .draining(group: 0)
        return [.beginDrain]
    }

    private mutating func progress(_ outputs: [OutputProgress], at now: Double) -> [Action] {
        guard case .draining(var group) = state else { return [] }
        let elapsed = now - drainStartedAt
        if elapsed >= limitSeconds { return end() }
        while group < groupCount {
            let isOver = outputs.filter { $0.group == group }.allSatisfy { output in
                output.isEmpty || (output.isFailing && output.isKept && elapsed >= Self.failingGraceSeconds)
            }
            guard isOver else {
                state = .draining(group: group)
                return []
            }
            group += 1
        }
        return end()
    }

    private mutating func repeated(at now: Double) -> [Action] {
        if let firstSignalAt, now - firstSignalAt < Self.repeatedSignalSeconds { return [.noteRepeatedSignal] }
        firstSignalAt = firstSignalAt ?? now
        switch state {
        case .draining: return [.noteImpatience] + end()
        default: return [.noteImpatience]
        }
    }

    private mutating func end() -> [Action] {
        state = .ending
        return [.endOutputs]
    }
}
