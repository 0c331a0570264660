internal import EventLoop
internal import Events
internal import Inputs
internal import Logging
internal import Outputs
internal import Time

extension StageMoment {
    static func now(isLast: Bool = false) -> StageMoment {
        StageMoment(milliseconds: Clock.monotonicMilliseconds(), time: Clock.now(), isLast: isLast)
    }
}

/// What belongs to one loop: its routers with their filters and emitters, and its inputs. Touched on that loop alone.
///
/// A reload changes it in two steps, with all loops in between: `prepare` opens what is new and may fail, `connect` cannot.
final class LoopStages {
    private(set) var routers: [String: Router] = [:]
    /// Where inputs lead, by label: they stay, and routers come and go.
    private var switchboards: [String: Switchboard] = [:]
    private var inputs: [OpenInput] = []
    /// Replaced, with clients that are still served.
    private var retired: [any Input] = []
    /// What this loop's batches found full.
    let pressure: Pressure
    private let log: Log
    private let standardOutput: TextSink
    private let metrics: MetricsRegistry
    /// Of the loop, from 0.
    private let number: Int
    private let reachesNetwork: Bool
    /// Sockets of a daemon that this one takes over from, at the start.
    private let inherited: InheritedPool?
    /// Those of the plan in force that hold events.
    private var holding: [any HoldingStage] = []
    /// Replaced ones whose events nobody has taken yet.
    private var leaving: [any HoldingStage] = []
    private static let leavingMilliseconds: Int64 = 100
    /// Told behind batches that leave events held.
    var whenHolding: (() -> Void)?
    private(set) var isResting = false
    /// Shows events to whoever watches, while somebody does.
    private var watch: RouteWatch?
    private var storage = ByteBuffer()
    private var rows = Rows()
    private var refusedTags: [[UInt8]: Tag] = [:]
    private static let keptRefusedTags = 1024
    /// Longer tags are marked anew each time, so that what is kept has a bound.
    private static let keptTagBytes = 1024

    /// An input at work, and the source it was made from.
    fileprivate struct OpenInput {
        let source: SourcePlan
        let input: any Input
    }

    /// Inputs for another plan: those that stay, and new ones that rest until `connect`.
    struct Preparation {
        fileprivate var inputs: [OpenInput] = []
        fileprivate var new: [(input: any Input, inherits: Bool)] = []
        /// Replaced by one that listens on the same sockets.
        fileprivate var replaced: [any Input] = []
    }

    /// - Parameters:
    ///   - standardOutput: where the stdout filters write.
    ///   - reachesNetwork: whether filters may ask others.
    init(
        log: Log, standardOutput: TextSink, metrics: MetricsRegistry, gates: OutputGates, number: Int = 0,
        reachesNetwork: Bool = false, inherited: InheritedPool? = nil
    ) {
        self.reachesNetwork = reachesNetwork
        self.log = log
        self.standardOutput = standardOutput
        self.metrics = metrics
        self.number = number
        self.inherited = inherited
        pressure = Pressure(gates: gates)
    }

    /// From the next batch on events go as this plan says.
    ///
    /// - Parameter outputs: the running outputs in the order of the plan's match rules.
    func connect(_ plan: PipelinePlan, outputs: [any RunningOutput]) {
        // What replaced stages hold goes on behind them.
        releaseHeld(StageMoment.now(isLast: true))
        leaving = (leaving + holding).filter { $0.heldEvents > 0 }
        let context = LoopContext(
            log: log, standardOutput: standardOutput, metrics: metrics, loop: number, pressure: pressure,
            reachesNetwork: reachesNetwork)
        var made: [String: Router] = [:]
        var next = 0
        for label in plan.labels {
            var rules: [Router.Rule] = []
            for rule in label.rules {
                switch rule {
                case .filter(let pattern, let filter):
                    rules.append(
                        .filter(
                            pattern, filter.make(context),
                            metrics.register(filter.stage.id.description, loop: number)))
                case .match(let pattern, let output):
                    rules.append(
                        .match(
                            pattern, outputs[next].makeEmitter(context),
                            metrics.register(output.stage.id.description, loop: number)))
                    next += 1
                }
            }
            made[label.name] = Router(rules, name: label.name, log: log)
        }
        context.bind(made)
        for (name, router) in made where name != LabelPlan.errorName {
            router.errorRouter = made[LabelPlan.errorName]
        }
        for router in made.values { router.watch = watch }
        routers = made
        holding = made.values.filter(\.holdsEvents) + context.holdingStages
        for stage in holding { stage.whenHolding { [weak self] in self?.whenHolding?() } }
        for (name, board) in switchboards { board.connect(to: made[name]) }
    }

    /// Shows events from the next batch on to the board's watches; without any, none is looked at.
    func showEvents(to board: TapBoard, _ watches: [TapBoard.Watch]) {
        watch = watches.isEmpty ? nil : RouteWatch(board, watches)
        for router in routers.values { router.watch = watch }
    }

    // MARK: - Stages that hold events

    /// How many events wait for others.
    var heldEvents: Int { (holding + leaving).reduce(0) { $0 + $1.heldEvents } }

    /// Nothing needs `releaseHeld` before `whenHolding` is told.
    var isAtRest: Bool { leaving.isEmpty && !holding.contains { $0.heldEvents > 0 } }

    /// How often `releaseHeld` must be called, in milliseconds; 0: never.
    var tickMilliseconds: Int64 {
        let ticks =
            holding.map(\.tickMilliseconds).filter { $0 > 0 } + (leaving.isEmpty ? [] : [Self.leavingMilliseconds])
        return ticks.min() ?? 0
    }

    /// Hands on what nothing has completed in time.
    ///
    /// - Parameter letters: see `HoldingStage.release`.
    func releaseHeld(_ moment: StageMoment, letters: HeldLetters? = nil) {
        for stage in holding { _ = stage.release(at: moment, letters: letters) }
        guard !leaving.isEmpty else { return }
        var last = moment
        last.isLast = true
        for stage in leaving { _ = stage.release(at: last, letters: letters) }
        leaving.removeAll { $0.heldEvents == 0 }
    }

    // MARK: - Inputs

    /// Opens what the plan's sources need and is not open, and lets it rest. An input whose source is the same stays; one
    /// that listens where another did goes on with its sockets. Throws what the operator must mend, and has opened nothing
    /// then.
    ///
    /// - Parameter sharing: how many loops open the same inputs.
    func prepare(_ plan: PipelinePlan, on loop: Loop, sharing: Int) throws -> Preparation {
        var preparation = Preparation()
        var left = inputs
        var changed: [SourcePlan] = []
        for source in plan.sources {
            if let same = left.firstIndex(where: { $0.source.stays(as: source) }) {
                preparation.inputs.append(left.remove(at: same))
            } else {
                changed.append(source)
            }
        }
        do {
            for source in changed {
                let predecessor = left.first { open in
                    open.source.place.map(\.description) == source.place.map(\.description) && source.place != nil
                }
                guard let input = try open(source, on: loop, sharing: sharing, after: predecessor?.input) else {
                    continue
                }
                input.rest()
                preparation.new.append((input, predecessor != nil))
                preparation.inputs.append(OpenInput(source: source, input: input))
                if let predecessor { preparation.replaced.append(predecessor.input) }
            }
        } catch {
            abandon(preparation)
            throw error
        }
        return preparation
    }

    private func open(
        _ source: SourcePlan, on loop: Loop, sharing: Int, after predecessor: (any Input)?
    ) throws -> (any Input)? {
        // Windows into the daemon take nothing in.
        guard source.monitor == nil, source.fluentdMonitor == nil else { return nil }
        let id = source.stage.id.description
        let meter = metrics.registerMeter(id, loop: number)
        let context = InputContext(
            loop: loop, isFirst: number == 0, loopCount: sharing,
            emitter: CountingEmitter(
                switchboard(source.label ?? LabelPlan.rootName),
                metrics.register(id, loop: number), meter), log: source.stage.log(log, as: .source),
            pressure: pressure, inherited: try predecessor?.share() ?? inherited?.take(source.place, loop: number))
        guard let input = try source.make(context) else { return nil }
        input.meter = meter
        try input.start()
        return input
    }

    private func switchboard(_ label: String) -> Switchboard {
        if let known = switchboards[label] { return known }
        let board = Switchboard()
        board.connect(to: routers[label])
        switchboards[label] = board
        return board
    }

    /// The plan is not taken: what was opened for it closes.
    func abandon(_ preparation: Preparation) {
        for (input, inherits) in preparation.new {
            // The sockets are another's.
            if inherits { input.retire() }
            input.close()
        }
    }

    /// The plan's inputs go to work, and those that have no place in it stop.
    func take(_ preparation: Preparation, hasDurableBuffer: Bool) {
        let replaced = preparation.replaced
        for open in inputs where !preparation.inputs.contains(where: { $0.input === open.input }) {
            if replaced.contains(where: { $0 === open.input }) {
                open.input.retire()
                retired.append(open.input)
            } else {
                open.input.close()
            }
        }
        inputs = preparation.inputs
        for input in all { input.routesChanged(hasDurableBuffer: hasDurableBuffer) }
        goOn()
        dismissDeserted()
    }

    /// What the inputs listen on, once more: a line and a descriptor for each socket, as `TakeOver` says.
    func shareSockets() -> [(line: String, descriptor: Int32)] {
        var sockets: [(line: String, descriptor: Int32)] = []
        for open in inputs {
            guard let place = open.source.place, let shared = try? open.input.share() else { continue }
            sockets.append(("stream \(number) \(place)", shared.stream))
            if let datagram = shared.datagram { sockets.append(("datagram \(number) \(place)", datagram)) }
        }
        return sockets
    }

    func leaveSockets() { for input in all { input.leaveSockets() } }

    /// Reads nothing until `goOn`.
    func rest() {
        isResting = true
        for input in all { input.rest() }
        // Outputs are about to be replaced: what waits still goes to the old ones.
        releaseHeld(StageMoment.now(isLast: true))
    }

    func goOn() {
        isResting = false
        for input in all { input.goOn() }
    }

    /// Lets replaced inputs go whose clients have all gone.
    func dismissDeserted() {
        for input in retired where input.isDeserted { input.close() }
        retired.removeAll(where: \.isDeserted)
    }

    /// There are replaced inputs with clients.
    var servesRetired: Bool { !retired.isEmpty }

    private var all: [any Input] { inputs.map(\.input) + retired }

    func stopReading() { for input in all { input.stopReading() } }

    func resumeReading() {
        for input in all {
            input.meter?.release()
            input.resumeReading()
        }
    }

    /// Whether an input that was closed has not ended yet.
    var hasEndingInputs: Bool { all.contains { $0.isEnding } }

    /// - Parameter all: those too that may still owe answers.
    func closeInputs(all isAll: Bool) { for input in all where isAll || !input.answersLater { input.close() } }

    /// Sends the first of some refused events through a label: those of one tag that stand together, as many as one step
    /// may. They keep their times.
    func handBack(_ events: RefusedEvents, to label: String) -> ReturnPath.Step {
        var step = ReturnPath.Step()
        guard let router = routers[label], let first = events.items.first else { return step }
        // An output is being replaced: what it leads to may not be there.
        if isResting { return ReturnPath.Step(isFull: true) }
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
