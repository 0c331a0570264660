internal import Events
internal import Logging
package import Outputs
internal import Time

/// A plan whose stages are timed: batches go through its real filters and labels, and where an output stands they are
/// formatted as into a chunk and let go. Nothing is opened and nothing is sent.
///
/// Texts are parsed by their source's own reader, one by one. What sockets, files, acknowledgements, buffers and deliveries
/// take is not in these times.
package final class PlanTiming {
    private let rehearsal: Rehearsal
    private let clock: StageClock
    private let label: String
    private let source: TrialSource?
    private var storage = ByteBuffer(capacity: 1 << 20)
    private var rows = Rows(fieldCapacity: 4096)
    /// Of making records of the bytes of a batch that came as records.
    package private(set) var decoding: StageTime
    /// Of making records of texts: the events given are the texts. nil: there is no source.
    package private(set) var parsing: StageTime?
    /// Of everything, routing and clocks included.
    package private(set) var nanoseconds: Int64 = 0
    package private(set) var allocationCount = 0
    package private(set) var eventCount = 0

    /// - Parameters:
    ///   - source: that texts go through; nil: all events come as records.
    ///   - label: where sources would send the events.
    ///   - standardOutput: where the stdout filters write.
    ///   - allocations: how many there have been so far in this process.
    package init(
        _ plan: PipelinePlan, source: TrialSource? = nil, label: String = LabelPlan.rootName, standardOutput: TextSink,
        allocations: @escaping () -> Int
    ) throws {
        (self.label, self.source) = (label, source)
        parsing = source?.time
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

    /// What made the records.
    package var makers: [StageTime] { [parsing, decoding].compactMap(\.self).filter { $0.eventCount > 0 } }

    /// In the order of the file.
    package var stages: [StageTime] { clock.stages }

    /// Forgets what was counted.
    package func reset() {
        clock.reset()
        decoding = Self.noDecoding
        parsing = source?.time
        (nanoseconds, allocationCount, eventCount) = (0, 0, 0)
    }

    /// Sends one batch of events that came as records.
    package func send(_ batch: borrowing SampleBatch) {
        let (before, start) = (allocationsNow(), Clock.monotonicNanoseconds())
        decode(batch)
        let took = Clock.monotonicNanoseconds() - start
        decoding.nanoseconds += took
        decoding.allocationCount += allocationsNow() - before
        decoding.eventCount += rows.records.count
        nanoseconds += took
        allocationCount += allocationsNow() - before
        emit(batch)
    }

    /// Parses texts, and sends the batch of events that they make, which is at hand: in a trial a text is handed on alone,
    /// and at work many are together.
    ///
    /// - Parameter isLast: no more texts come: what the source holds is complete.
    package func send(_ batch: borrowing SampleBatch, of texts: ArraySlice<[UInt8]>, isLast: Bool) {
        guard let source else { return send(batch) }
        let (before, start) = (allocationsNow(), Clock.monotonicNanoseconds())
        var refusedCount = 0
        for text in texts { refusedCount += source.parse(text) }
        if isLast { refusedCount += source.parse(nil) }
        let took = Clock.monotonicNanoseconds() - start
        parsing?.nanoseconds += took
        parsing?.allocationCount += allocationsNow() - before
        parsing?.eventCount += texts.count
        parsing?.refusedCount += refusedCount
        nanoseconds += took
        allocationCount += allocationsNow() - before
        decode(batch)
        emit(batch)
    }

    private func decode(_ batch: borrowing SampleBatch) {
        storage.clear()
        rows.clear()
        storage.append(batch.bytes)
        batch.decode(storage, &rows)
    }

    private func emit(_ batch: borrowing SampleBatch) {
        let (before, start) = (allocationsNow(), Clock.monotonicNanoseconds())
        eventCount += rows.records.count
        if !rows.records.isEmpty {
            _ = rehearsal.emit(tag: batch.tag, storage: &storage, rows: &rows, label: label)
        }
        nanoseconds += Clock.monotonicNanoseconds() - start
        allocationCount += allocationsNow() - before
    }
}
