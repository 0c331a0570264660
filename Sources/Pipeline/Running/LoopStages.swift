internal import EventLoop
internal import Events
internal import Inputs
internal import Logging
internal import Outputs

/// What belongs to one loop: its routers with their filters and emitters, and its inputs. Touched on that loop alone.
final class LoopStages {
    private(set) var routers: [String: Router] = [:]
    private(set) var inputs: [any Input] = []
    /// What this loop's batches found full.
    private let pressure: Pressure
    private var storage = ByteBuffer()
    private var rows = Rows()
    private var refusedTags: [[UInt8]: Tag] = [:]
    private static let keptRefusedTags = 1024
    /// Longer tags are marked anew each time, so that what is kept has a bound.
    private static let keptTagBytes = 1024

    /// - Parameters:
    ///   - outputs: the running outputs in the order of the plan's match rules.
    ///   - standardOutput: where the stdout filters write.
    init(
        _ plan: PipelinePlan, outputs: [any RunningOutput], log: Log, standardOutput: TextSink,
        metrics: MetricsRegistry, gates: OutputGates
    ) {
        let context = LoopContext(log: log, standardOutput: standardOutput, metrics: metrics, gates: gates)
        pressure = context.pressure
        var next = 0
        for label in plan.labels {
            var rules: [Router.Rule] = []
            for rule in label.rules {
                switch rule {
                case .filter(let pattern, let filter):
                    rules.append(
                        .filter(pattern, filter.make(context), metrics.register(filter.stage.id.description)))
                case .match(let pattern, let output):
                    rules.append(
                        .match(
                            pattern, outputs[next].makeEmitter(context),
                            metrics.register(output.stage.id.description)))
                    next += 1
                }
            }
            routers[label.name] = Router(rules, name: label.name, log: log)
        }
        context.bind(routers)
        for (name, router) in routers where name != LabelPlan.errorName {
            router.errorRouter = routers[LabelPlan.errorName]
        }
    }

    /// - Parameter sharing: how many loops open the same inputs.
    func openInputs(_ plan: PipelinePlan, on loop: Loop, isFirst: Bool, sharing: Int, log: Log) throws {
        for source in plan.sources {
            guard let router = routers[source.label ?? LabelPlan.rootName] else { continue }
            let context = InputContext(
                loop: loop, isFirst: isFirst, loopCount: sharing, emitter: router,
                log: source.stage.log(log, as: .source), pressure: pressure, hasDurableBuffer: plan.hasDurableBuffer)
            guard let input = try source.make(context) else { continue }
            try input.start()
            inputs.append(input)
        }
    }

    func stopReading() { for input in inputs { input.stopReading() } }

    func resumeReading() { for input in inputs { input.resumeReading() } }

    /// - Parameter all: those too that may still owe answers.
    func closeInputs(all: Bool) { for input in inputs where all || !input.answersLater { input.close() } }

    /// Sends the first of some refused events through a label: those of one tag that stand together, as many as one step
    /// may. They keep their times.
    func handBack(_ events: RefusedEvents, to label: String) -> ReturnPath.Step {
        var step = ReturnPath.Step()
        guard let router = routers[label], let first = events.items.first else { return step }
        let tag = events.chunk.tag(of: first)
        storage.clear()
        rows.clear()
        for item in events.items {
            guard events.chunk.tag(of: item) === tag, step.itemCount < ReturnPath.stepItems,
                storage.count < ReturnPath.stepBytes
            else { break }
            step.itemCount += 1
            if !events.reader.read(item, of: events.chunk, into: &storage, rows: &rows) { step.unreadable += 1 }
        }
        guard !rows.isEmpty else { return step }
        _ = pressure.take()
        let batch = Batch(label == LabelPlan.errorName ? refusedTag(tag) : tag)
        switch router.emit(batch, storage: &storage, rows: &rows) {
        case .accepted: break
        case .acceptedFull:
            step.isFull = true
            step.wait = pressure.take()
        case .refused:
            // Not taken: the same again when there is room.
            step = ReturnPath.Step(isFull: true, wait: pressure.take())
        }
        return step
    }

    /// The same tag, marked; one object for each, as stages cache by identity.
    private func refusedTag(_ tag: Tag) -> Tag {
        if let known = refusedTags[tag.bytes] { return known }
        let marked = Tag(tag.bytes, wasRefused: true)
        guard tag.bytes.count <= Self.keptTagBytes else { return marked }
        if refusedTags.count >= Self.keptRefusedTags { refusedTags.removeAll(keepingCapacity: true) }
        refusedTags[tag.bytes] = marked
        return marked
    }
}

/// A loop and its stages. The stages are touched on that loop alone: from elsewhere with `submit`.
final class LoopWorker: @unchecked Sendable {  // `stages` is written and read on `loop`
    let loop: Loop
    private let isFirst: Bool
    private let count: Int
    private(set) var stages: LoopStages?

    init(loop: Loop, isFirst: Bool, of count: Int) {
        self.loop = loop
        self.isFirst = isFirst
        self.count = count
    }

    /// On the loop: makes the stages and opens the inputs.
    func open(
        _ plan: PipelinePlan, outputs: [any RunningOutput], log: Log, standardOutput: TextSink,
        metrics: MetricsRegistry, gates: OutputGates
    ) throws {
        let made = LoopStages(
            plan, outputs: outputs, log: log, standardOutput: standardOutput, metrics: metrics, gates: gates)
        stages = made
        try made.openInputs(plan, on: loop, isFirst: isFirst, sharing: count, log: log)
    }

    /// Runs a job on the loop, if its stages were made.
    ///
    /// - Returns: false when the loop has ended.
    @discardableResult
    func submit(_ job: @escaping @Sendable (LoopStages) -> Void) -> Bool {
        loop.submit { [self] in
            if let stages { job(stages) }
        }
    }

    /// Runs a job on the loop, with its stages or, where they could not be made, without.
    func submitAlways(_ job: @escaping @Sendable (LoopStages?) -> Void) {
        loop.submit { [self] in job(stages) }
    }
}
