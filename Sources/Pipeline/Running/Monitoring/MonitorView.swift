internal import Buffering
internal import EventLoop
internal import Events
internal import Glibc
internal import Inputs
internal import KeptEvents
internal import Logging
internal import Monitor
internal import Parsing
internal import Synchronization
internal import Time

/// What the monitor sees of the running pipeline. Safe from any thread: the first loop says what is in force, and the
/// monitor's thread asks.
final class MonitorView: MonitoredDaemon {
    /// A stage of the plan in force, and where its numbers are.
    private struct Shown: Sendable {
        var report: StageReport
        var drain: OutputDrain?
        var patterns: PatternMeter?
    }

    private struct State: Sendable {
        var stages: [Shown] = []
        var rootDirectory: String?
        var graph = PipelineGraph()
        var isReady = false
        var pulses: [LoopPulse] = []
    }

    private let state = Mutex(State())
    private let metrics: MetricsRegistry
    private let configurationPath: String
    private let version: String
    private let startedAt = Clock.now()
    private let board = TapBoard()
    /// Dead letters on their way back.
    let letters = LetterReplay()

    init(_ metrics: MetricsRegistry, configurationPath: String, version: String) {
        (self.metrics, self.configurationPath, self.version) = (metrics, configurationPath, version)
    }

    /// A plan has come into force.
    func show(_ plan: PipelinePlan, _ outputs: [LiveOutputs.Entry]) {
        var drains: [StageID: OutputDrain] = [:]
        for entry in outputs { drains[entry.plan.stage.id] = entry.output.drains.first }
        var patterns: [StageID: PatternMeter] = [:]
        for source in plan.sources { patterns[source.stage.id] = source.patterns }
        let stages = plan.reports.map { Shown(report: $0.report, drain: drains[$0.id], patterns: patterns[$0.id]) }
        let graph = plan.graph
        state.withLock { state in
            state.stages = stages
            state.rootDirectory = plan.system.rootDirectory
            state.graph = graph
        }
    }

    /// Events are taken from now on, on these loops; none: not any more.
    func setReady(_ isReady: Bool, _ workers: [LoopWorker] = []) {
        state.withLock { state in
            state.isReady = isReady
            state.pulses = workers.map { LoopPulse($0.loop) }
        }
        board.onChange { [board] watches in
            for worker in workers { worker.submit { $0.showEvents(to: board, watches) } }
        }
    }

    func graph() -> PipelineGraph { state.withLock { $0.graph } }

    func check(_ configuration: String) -> String { PastedConfiguration.check(configuration) }

    func deadLetters() -> String {
        let directory = state.withLock { $0.rootDirectory } ?? StateDirectory.found()
        return KeptSummary.json(
            folder: directory.map(KeptFiles.folder(in:)), configuration: configurationPath)
    }

    func replay(_ wish: ReplayWish) -> String? {
        let output = wish.output
        let stages = state.withLock { $0.stages }
        guard let stage = stages.first(where: { $0.report.id == output && $0.report.category == .output }) else {
            return "there is no output '\(output)' (any more); 'sluice replay' sends its letters to another one"
        }
        guard let folder = stage.drain?.letterFolder else { return "output '\(output)' has no dead letters" }
        let reason = wish.group.map {
            KeptReason(
                status: $0.status, type: $0.type, reason: $0.reason, constantPart: LogKind.constantPart)
        }
        return letters.begin(output, folder: folder, reason: reason)
    }

    func replayState() -> ReplayState { letters.progress }

    func tap(_ query: TapQuery, since: Int?) throws(TapRefusal) -> TapAnswer {
        let stages = state.withLock { $0.stages }
        let types = Dictionary(stages.map { ($0.report.id, $0.report.type) }) { first, _ in first }
        if !query.stage.isEmpty, types[query.stage] == nil {
            throw TapRefusal(
                "after: there is no stage '\(query.stage)'; there are \(types.keys.sorted().joined(separator: ", "))")
        }
        var answer = try board.answer(query, since: since)
        for index in answer.events.indices {
            for step in answer.events[index].event.steps.indices {
                answer.events[index].event.steps[step].type =
                    types[answer.events[index].event.steps[step].stage] ?? ""
            }
        }
        return answer
    }

    func report() -> MonitorReport {
        let state = state.withLock { $0 }
        let intake = metrics.intake()
        let patterns = metrics.patterns()
        let counts = Dictionary(metrics.totals().map { ($0.id, $0.counts) }) { first, _ in first }
        var process = ProcessReport()
        (process.pid, process.parentPid) = (Int(getpid()), Int(getppid()))
        (process.version, process.configurationPath) = (version, configurationPath)
        process.rootDirectory = state.rootDirectory
        process.startedAtSeconds = Double(startedAt.seconds)
        process.isReady = state.isReady
        process.stuckLoops = state.pulses.count(where: { $0.isStuck() })
        process.usage = ResourceUsage.now()
        let stages = state.stages.map { shown in
            var report = shown.report
            if let counts = counts[report.id] { report.counts = counts }
            report.intake = intake[report.id]
            report.patterns = patterns[report.id] ?? shown.patterns?.reading ?? []
            report.deadLetters = shown.drain?.deadLetterEvents ?? 0
            report.buffer = shown.drain?.statistics
            report.requestSizes = shown.drain?.requestSizes
            report.figures = shown.drain?.figures ?? []
            return report
        }
        var report = MonitorReport(process: process, stages: stages)
        report.eventMetrics = metrics.eventMetrics()
        return report
    }
}

/// Whether a loop comes round: it is asked at each look, and has until the next ones to answer.
final class LoopPulse: Sendable {
    private let loop: Loop
    /// When it was asked, in milliseconds of a clock that never goes back; 0: it has answered.
    private let askedAt = Atomic<Int64>(0)
    private static let stuckMilliseconds: Int64 = 5000

    init(_ loop: Loop) { self.loop = loop }

    func isStuck() -> Bool {
        let now = Clock.monotonicMilliseconds()
        let asked = askedAt.load(ordering: .relaxed)
        if asked > 0 { return now - asked > Self.stuckMilliseconds }
        askedAt.store(now, ordering: .relaxed)
        _ = loop.submit { [self] in askedAt.store(0, ordering: .relaxed) }
        return false
    }
}

extension PipelinePlan {
    /// Its stages in the order in which Fluentd lists them.
    fileprivate var reports: [(id: StageID, report: StageReport)] {
        var reports = sources.map { $0.stage.report(.input, $0.type) }
        for label in labels where !label.isHidden {
            let name = label.name == LabelPlan.rootName ? nil : label.name
            var own = label.outputs.map { output in
                var made = output.stage.report(.output, output.type)
                made.report.isDistributor = !output.children.isEmpty
                return made
            }
            own += label.rules.compactMap { rule in
                if case .filter(_, let filter) = rule { filter.stage.report(.filter, filter.type) } else { nil }
            }
            for index in own.indices { own[index].report.label = name }
            reports += own
        }
        return reports
    }
}

extension Stage {
    fileprivate func report(_ category: StageReport.Category, _ type: String) -> (id: StageID, report: StageReport) {
        var report = StageReport(id: id.description, category: category, type: type)
        report.settings = settings
        return (id, report)
    }
}
