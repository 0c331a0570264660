internal import Events
internal import Time

/// The times of all stages of a plan, filled by the stages around which they stand.
final class StageClock {
    fileprivate(set) var stages: [StageTime] = []
    fileprivate let allocations: () -> Int

    init(allocations: @escaping () -> Int) { self.allocations = allocations }

    fileprivate func register(_ stage: StageTime) -> Int {
        stages.append(stage)
        return stages.count - 1
    }

    func reset() {
        stages = stages.map { StageTime(stage: $0.stage, type: $0.type, label: $0.label) }
    }

    /// Runs a stage's work on a batch and adds what it took.
    fileprivate func measure(_ number: Int, _ rows: inout Rows, _ work: (inout Rows) -> Void) {
        let (count, refused, before) = (rows.records.count, rows.rejections.count, allocations())
        let start = Clock.monotonicNanoseconds()
        work(&rows)
        stages[number].nanoseconds += Clock.monotonicNanoseconds() - start
        stages[number].allocationCount += allocations() - before
        stages[number].eventCount += count
        stages[number].refusedCount += rows.rejections.count - refused
    }
}

/// The filter itself, between two looks at the clock.
final class TimedFilter: Filter {
    private let filter: any Filter
    private let clock: StageClock
    private let number: Int

    init(_ filter: any Filter, as stage: StageTime, _ clock: StageClock) {
        (self.filter, self.clock) = (filter, clock)
        number = clock.register(stage)
    }

    var takesWholeStreams: Bool { filter.takesWholeStreams }
    var showsOrder: Bool { filter.showsOrder }
    var holder: (any EventHolder)? { filter.holder }

    func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        clock.measure(number, &rows) { rows in filter.apply(batch, storage: &storage, rows: &rows) }
    }
}

/// In an output's place: its formatter between two looks at the clock.
final class TimedOutput: RunningOutput {
    private let plan: OutputPlan
    private let stage: StageTime
    private let clock: StageClock

    init(_ plan: OutputPlan, as stage: StageTime, _ clock: StageClock) {
        (self.plan, self.stage, self.clock) = (plan, stage, clock)
    }

    func makeEmitter(_ context: LoopContext) -> any Emitter {
        TimedEmitter(plan.preview?(), clock.register(stage), clock)
    }
}

private final class TimedEmitter: Emitter {
    private let preview: (any OutputPreview)?
    private let number: Int
    private let clock: StageClock

    init(_ preview: (any OutputPreview)?, _ number: Int, _ clock: StageClock) {
        (self.preview, self.number, self.clock) = (preview, number, clock)
    }

    func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        clock.measure(number, &rows) { rows in preview?.format(batch, storage: &storage, rows: &rows) }
        return .accepted
    }
}
