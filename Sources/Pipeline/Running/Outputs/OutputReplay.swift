internal import Buffering
internal import Dispatch
package import Events
internal import Glibc
package import Logging
package import Outputs
internal import Synchronization

/// One output of a configuration at work by itself, with its buffer in memory: for events that are sent again.
///
/// Its `<secondary>`, `@ERROR` and dead letters take nothing: the events are kept already, where they come from. On the
/// calling thread alone; deliveries go on beside it.
package final class OutputReplay {
    /// What became of the events so far.
    package struct Counts: Sendable, Equatable {
        package var handedOver = 0
        package var delivered = 0
        /// Refused for good, or given up.
        package var refused = 0
        package var waiting: Int { handedOver - delivered - refused }

        package init() {}
    }

    private let emitter: any Emitter
    private let context: RunContext
    private let tally = Tally()
    private var storage = ByteBuffer(capacity: 64 * 1024)
    private var rows = Rows(fieldCapacity: 1024)
    private var tag = Tag("")
    /// Events of one tag that go together.
    private static let batchEvents = 1000
    /// Room and progress are looked for so often, in milliseconds.
    private static let pollMilliseconds: UInt32 = 10

    /// The names of the outputs of a plan, for a message.
    package static func names(in plan: PipelinePlan) -> [String] { plan.allOutputs.map(\.stage.id.description) }

    /// nil when the plan has no output of that name.
    ///
    /// - Parameter plan: built with buffers in memory.
    package init?(_ plan: PipelinePlan, to name: String, log: Log, standardOutput: TextSink) throws {
        guard let output = plan.allOutputs.first(where: { $0.stage.id.description == name }) else { return nil }
        context = RunContext(
            log: log, stateDirectory: nil, standardOutput: standardOutput,
            returnPath: ReturnPath(labels: []) { _, _ in nil })
        emitter = try output.makeOutput(context).makeEmitter(
            LoopContext(log: log, standardOutput: standardOutput, pressure: Pressure(gates: context.gates)))
        for entry in context.live.entries { entry.output.start() }
    }

    /// - Parameter record: JSON.
    /// - Returns: false when nothing was delivered for so many seconds while there was no room.
    package func send(
        _ record: [UInt8], tag other: [UInt8], time: EventTime, patienceSeconds: Double
    ) throws(JSONError) -> Bool {
        if tag.bytes != other {
            guard handOver(patienceSeconds) else { return false }
            tag = Tag(other)
        }
        try rows.appendRecord(json: record, time, &storage)
        return rows.records.count < Self.batchEvents || handOver(patienceSeconds)
    }

    private func handOver(_ patienceSeconds: Double) -> Bool {
        let events = rows.records.count
        if events == 0 { return true }
        defer {
            storage.clear()
            rows.clear()
        }
        var isTaken = false
        return wait(patienceSeconds) {
            if isTaken { return tally.counts.withLock { $0.waiting } < 10 * Self.batchEvents }
            let receipt = Receipt(for: .delivered) { [tally] fate in
                tally.counts.withLock { counts in
                    if fate == .delivered { counts.delivered += events } else { counts.refused += events }
                }
            }
            let records = rows.records
            let answer = emitter.emit(Batch(tag, receipt: receipt), storage: &storage, rows: &rows)
            if case .refused = answer {
                rows.records = records
                return false
            }
            tally.counts.withLock { $0.handedOver += events }
            receipt.settle(.delivered)
            isTaken = true
            flushAll()
            return answer == .accepted
        }
    }

    /// Waits for the rest.
    ///
    /// - Returns: what became of all events. Those that still wait are given up.
    package func finish(patienceSeconds: Double) -> Counts {
        _ = handOver(patienceSeconds)
        flushAll()
        _ = wait(patienceSeconds) { tally.counts.withLock { $0.waiting } == 0 }
        let counts = tally.counts.withLock { $0 }
        // On the tasks' threads only what does not block: deliveries need them, and there may be one.
        let drains = context.live.entries.flatMap(\.output.drains)
        let ended = DispatchSemaphore(value: 0)
        Task.detached {
            for drain in drains { _ = await drain.end() }
            ended.signal()
        }
        ended.wait()
        for entry in context.live.entries { entry.output.retire() }
        context.close()
        return counts
    }

    private func flushAll() { for entry in context.live.entries { entry.output.flushAll() } }

    /// Until it is so, or nothing was delivered for so many seconds.
    private func wait(_ patienceSeconds: Double, until isSo: () -> Bool) -> Bool {
        var waited = 0.0
        var last = tally.counts.withLock { $0 }
        while !isSo() {
            usleep(Self.pollMilliseconds * 1000)
            waited += Double(Self.pollMilliseconds) / 1000
            let now = tally.counts.withLock { $0 }
            if now != last { (last, waited) = (now, 0) }
            if waited >= patienceSeconds { return false }
        }
        return true
    }
}

/// Shared with the receipts.
private final class Tally: Sendable {
    let counts = Mutex(OutputReplay.Counts())
}
