internal import EventLoop
internal import Events
internal import Inputs
internal import Logging
internal import Outputs

/// What belongs to one loop: its routers with their filters and emitters, and its inputs. Touched on that loop alone.
final class LoopStages {
    private(set) var routers: [String: Router] = [:]
    private(set) var inputs: [any Input] = []
    private var storage = ByteBuffer()
    private var rows = Rows()
    private var refusedTags: [[UInt8]: Tag] = [:]
    private static let keptRefusedTags = 1024

    /// - Parameters:
    ///   - outputs: the running outputs in the order of the plan's match rules.
    ///   - standardOutput: where the stdout filters write.
    init(_ plan: PipelinePlan, outputs: [any RunningOutput], log: Log, standardOutput: TextSink) {
        let context = LoopContext(log: log, standardOutput: standardOutput)
        var next = 0
        for label in plan.labels {
            var rules: [Router.Rule] = []
            for rule in label.rules {
                switch rule {
                case .filter(let pattern, let filter): rules.append(.filter(pattern, filter.make(context)))
                case .match(let pattern, _):
                    rules.append(.match(pattern, outputs[next].makeEmitter(context)))
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
                log: source.stage.log(log, as: .source))
            guard let input = try source.make(context) else { continue }
            try input.start()
            inputs.append(input)
        }
    }

    func resumeReading() { for input in inputs { input.resumeReading() } }

    func closeInputs() { for input in inputs { input.close() } }

    /// Sends events that a destination refused through a label, tag by tag.
    func inject(_ refused: RefusedEvents, into label: String) {
        guard let router = routers[label] else { return }
        let isRefused = label == LabelPlan.errorName
        var rest = refused.events[...]
        while let first = rest.first {
            let tag = isRefused ? refusedTag(first.tag) : first.tag
            storage.clear()
            rows.clear()
            while let event = rest.first, event.tag === first.tag {
                rest.removeFirst()
                let text = storage.append(copyOf: event.json)
                let start = rows.fields.count
                guard (try? rows.appendFields(json: text, &storage)) != nil else { continue }
                rows.records.append(
                    Record(time: event.time, firstField: start, fieldCount: rows.fields.count - start))
            }
            if !rows.isEmpty { _ = router.emit(Batch(tag), storage: &storage, rows: &rows) }
        }
    }

    /// The same tag, marked; one object for each, as stages cache by identity.
    private func refusedTag(_ tag: Tag) -> Tag {
        if let known = refusedTags[tag.bytes] { return known }
        if refusedTags.count >= Self.keptRefusedTags { refusedTags.removeAll(keepingCapacity: true) }
        let marked = Tag(tag.bytes, wasRefused: true)
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
        _ plan: PipelinePlan, outputs: [any RunningOutput], log: Log, standardOutput: TextSink
    ) throws {
        let made = LoopStages(plan, outputs: outputs, log: log, standardOutput: standardOutput)
        stages = made
        try made.openInputs(plan, on: loop, isFirst: isFirst, sharing: count, log: log)
    }

    func submit(_ job: @escaping @Sendable (LoopStages) -> Void) {
        loop.submit { [self] in
            if let stages { job(stages) }
        }
    }
}
