internal import Events
internal import Logging
package import Outputs
internal import Time

/// A plan whose stages are timed: batches go through its real filters and labels, and where an output stands they are
/// formatted as into a chunk and let go. Nothing is opened and nothing is sent.
///
/// What sockets, acknowledgements, buffers and deliveries take is not in these times.
package final class PlanTiming {
    private let rehearsal: Rehearsal
    private let clock: StageClock
    private let label: String
    private var storage = ByteBuffer(capacity: 1 << 20)
    private var rows = Rows(fieldCapacity: 4096)
    /// Of making records of the bytes of a batch.
    package private(set) var decoding: StageTime
    /// Of everything, routing and clocks included.
    package private(set) var nanoseconds: Int64 = 0
    package private(set) var allocationCount = 0
    package private(set) var eventCount = 0

    /// - Parameters:
    ///   - label: where sources would send the events.
    ///   - standardOutput: where the stdout filters write.
    ///   - allocations: how many there have been so far in this process.
    package init(
        _ plan: PipelinePlan, label: String = LabelPlan.rootName, standardOutput: TextSink,
        allocations: @escaping () -> Int
    ) throws {
        self.label = label
        decoding = Self.noDecoding
        let clock = StageClock(allocations: allocations)
        self.clock = clock
        var labels: [StageID: String] = [:]
        for label in plan.labels {
            for output in label.outputs { labels[output.stage.id] = label.name }
        }
        rehearsal = try Rehearsal(
            plan.wrappingFilters { filter, plan, label in
                TimedFilter(
                    filter, as: StageTime(stage: plan.stage.id.description, type: plan.type, label: label), clock)
            }, log: .discarding, stateDirectory: nil, standardOutput: standardOutput
        ) { [labels] output, _ in
            // What gives events new tags leads on: its time would be that of all that follows.
            guard output.rewrites.isEmpty else { return nil }
            let id = output.stage.id
            return TimedOutput(
                output, as: StageTime(stage: id.description, type: output.type, label: labels[id] ?? ""), clock)
        }
        allocationsNow = allocations
    }

    private let allocationsNow: () -> Int
    private static let noDecoding = StageTime(stage: "decode", type: "msgpack", label: "")

    /// In the order of the file.
    package var stages: [StageTime] { clock.stages }

    /// Forgets what was counted.
    package func reset() {
        clock.reset()
        decoding = Self.noDecoding
        (nanoseconds, allocationCount, eventCount) = (0, 0, 0)
    }

    /// Sends one batch.
    package func send(_ batch: borrowing SampleBatch) {
        let (before, start) = (allocationsNow(), Clock.monotonicNanoseconds())
        storage.clear()
        rows.clear()
        storage.append(batch.bytes)
        batch.decode(storage, &rows)
        decoding.nanoseconds += Clock.monotonicNanoseconds() - start
        decoding.allocationCount += allocationsNow() - before
        decoding.eventCount += rows.records.count
        eventCount += rows.records.count
        _ = rehearsal.emit(tag: batch.tag, storage: &storage, rows: &rows, label: label)
        nanoseconds += Clock.monotonicNanoseconds() - start
        allocationCount += allocationsNow() - before
    }
}
