internal import Dispatch
internal import EventLoop
internal import Events
internal import Glibc
internal import Inputs
package import Logging
internal import Monitor
package import Outputs
internal import Synchronization

/// A plan at work: loops, outputs and signals, driven by `Lifecycle`, which decides what happens when.
///
/// The first loop runs on the thread that calls `run`; everything below belongs to that thread unless it says otherwise.
///
/// `@unchecked Sendable`: its state is touched on the first loop alone, and `loop` itself is Sendable.
package final class RunningPipeline: @unchecked Sendable {
    /// In force.
    var plan: PipelinePlan
    let log: Log
    /// The calling thread's loop: signals, timers, everything that decides.
    let loop: Loop
    /// All loops' stages, this thread's first (`<system> threads N`).
    private(set) var workers: [LoopWorker] = []
    private var threads: [LoopThread] = []
    var outputs: [any RunningOutput] = []
    /// The outputs' buffers, each with the group in which it is drained.
    private var drains: [(group: Int, drain: OutputDrain)] = []
    private(set) var context: RunContext?
    let reload: Reload
    /// Where other processes of this account ask.
    var control: DescriptorWatch?
    var askers: [Int: DescriptorWatch] = [:]
    var nextAsker = 0
    private let inherited: InheritedPool?
    private var signals: [LoopSignal] = []
    private var reportTimer: LoopTimer?
    private var drainTimer: LoopTimer?
    private(set) var lifecycle: Lifecycle
    private var exitKind = Lifecycle.ExitKind.inOrder
    private let losses = LossCounter()
    private let gates = OutputGates()
    /// Lines of the log as events; nil: whoever made the log has not asked for it.
    let ownLog: OwnLog?
    let ownLogEmitter = OwnLogEmitter()
    let letterEmitter = LetterEmitter()
    /// Standard output, shared by all that writes to it, so that lines stay whole.
    let standardOutput: TextSink
    /// How many loops there are, from the start on.
    private let loopCount: Int
    /// What has passed each stage.
    package let metrics = MetricsRegistry()
    private var metricsReport = MetricsReport()
    let view: MonitorView
    var monitor: MonitorServer?
    /// Its addresses are another daemon's still.
    var isMonitorAwaited = false
    /// When the monitor's standard address is tried again; nil: nobody else has it, or nobody asks for it.
    var monitorRetryAtMilliseconds: UInt64?

    /// Another daemon goes on until this one is at work.
    var isTakingOver: Bool { inherited != nil }

    private static let reportMilliseconds: UInt64 = 5000
    /// How often outputs are looked at while they are drained.
    private static let drainMilliseconds: UInt64 = 100

    /// - Parameters:
    ///   - inherited: the sockets of a daemon that this one takes over from.
    ///   - ownLog: the handler behind `log`, where its lines may be events.
    ///   - configurationPath: the file, as the monitor names it.
    ///   - version: of the program.
    ///   - readAgain: reads the configuration anew, for a reload; nil: there is none.
    package init(
        _ plan: PipelinePlan, log: Log, standardOutput: TextSink, ownLog: OwnLog? = nil,
        inherited: InheritedPool? = nil, configurationPath: String = "",
        version: String = "",
        readAgain: (() -> Result<PipelinePlan, ConfigurationRefusal>)? = nil
    ) throws {
        self.standardOutput = standardOutput
        self.plan = plan
        self.log = log
        loop = try Loop()
        loopCount = max(plan.system.threads, 1)
        reload = Reload(readAgain)
        view = MonitorView(metrics, configurationPath: configurationPath, version: version)
        self.inherited = inherited
        self.ownLog = ownLog
        lifecycle = Lifecycle(
            loops: loopCount, groups: DrainOrder.groupCount, limitSeconds: plan.system.shutdownTimeoutSeconds)
    }

    /// Runs until a signal ends it, or what prevented the start. Blocks the calling thread.
    package func run() -> Lifecycle.ExitKind {
        loop.submit { self.open() }
        let dangling = loop.run() + threads.flatMap { $0.join() }
        if !dangling.isEmpty { log.error("handles were left open", ["types": dangling.joined(separator: " ")]) }
        context?.close()
        metricsReport.write(metrics, to: log)
        log.reportRepetitions(all: true)
        return exitKind
    }

    // MARK: - What Lifecycle decides

    func handle(_ event: Lifecycle.Event) {
        for action in lifecycle.handle(event) { carryOut(action) }
    }

    private func carryOut(_ action: Lifecycle.Action) {
        switch action {
        case .announceRunning:
            // What no source wanted is nobody's.
            inherited?.close()
            openControl()
            view.setReady(true, workers)
            handOnOwnLog()
            takeLetters()
            log.info("sluice is now running", ["pid": Int(getpid()), "threads": workers.count])
            BlockPool.shared.rest()
        case .stopReading: stopReading()
        case .beginDrain: beginDrain()
        case .endOutputs: endOutputs()
        case .closeLoops: closeLoops()
        case .noteRepeatedSignal: log.debug("a second signal so soon belongs to the first")
        case .noteImpatience: log.warn("another signal to stop: what is left is written down, not delivered")
        case .end(let kind): end(kind)
        }
    }

    // MARK: - Start

    private func open() {
        do {
            SignalPlan.ignoreTheRest()
            try openOutputs()
            followOwnLog()
            try openSignals()
            SignalPlan.unblockWatched()
            showInMonitor()
            do { try openMonitor(plan) } catch {
                guard isTakingOver else { throw error }
                isMonitorAwaited = true
            }
            try checkPorts(of: plan.sources.filter { $0.place.map { inherited?.has($0) != true } ?? false })
            let timer = LoopTimer(on: loop)
            timer.start(afterMilliseconds: Self.reportMilliseconds, everyMilliseconds: Self.reportMilliseconds) {
                [unowned self] in
                log.reportRepetitions()
                metricsReport.write(metrics, to: log)
                handOnOwnLog()
                endDrained()
                openAwaitedMonitor()
            }
            reportTimer = timer
            for entry in context?.live.entries ?? [] { entry.output.start() }
        } catch {
            return handle(.failed("\(error)"))
        }
        let first = LoopWorker(loop: loop, number: 0, of: loopCount)
        workers = [first]
        for number in 1..<loopCount { openThread(number) }
        // A thread that could not be made has ended the start already.
        if case .starting = lifecycle.state { open(first) }
    }

    /// Several loops share their ports, so each could not tell that another process has them.
    func checkPorts(of sources: [SourcePlan]) throws {
        for source in sources {
            if case .tcp(let host, let port)? = source.place {
                try Listener.checkFree(host: host, port: UInt16(clamping: port))
            }
        }
    }

    /// One more loop on a thread of its own. Its listeners share the ports; the kernel spreads the connections.
    private func openThread(_ number: Int) {
        do {
            let other = try Loop()
            let worker = LoopWorker(loop: other, number: number, of: loopCount)
            threads.append(try LoopThread.start(other, name: "sluice-\(number)"))
            workers.append(worker)
            other.submit { [self] in open(worker) }
        } catch {
            handle(.failed("\(error)"))
        }
    }

    /// On the worker's own loop.
    private func open(_ worker: LoopWorker) {
        do {
            try worker.open(
                plan, outputs: outputs, log: log, standardOutput: standardOutput, metrics: metrics, gates: gates,
                inherited: inherited)
            tell(.opened)
        } catch {
            tell(.failed("\(error)"))
        }
    }

    /// From any loop.
    private func tell(_ event: Lifecycle.Event) {
        loop.submit { self.handle(event) }
    }

    private func openOutputs() throws {
        let returnPath = ReturnPath(labels: Set(plan.labels.map(\.name)), gates: gates) {
            [loop, unowned self] label, events in
            await withCheckedContinuation { continuation in
                let isTaken = loop.submit {
                    continuation.resume(returning: self.handBack(events, to: label))
                }
                if !isTaken { continuation.resume(returning: nil) }
            }
        }
        let stateDirectory = plan.system.rootDirectory ?? StateDirectory.found()
        if stateDirectory == nil {
            log.warn(
                "there is no place for events that nobody takes: they will be lost; "
                    + "set root_dir in <system> to a folder where this account can write")
        }
        let context = RunContext(
            log: log, stateDirectory: stateDirectory,
            standardOutput: standardOutput, returnPath: returnPath, losses: losses,
            gates: gates)
        self.context = context
        outputs = try plan.makeOutputs(context)
        standardOutput.whenRoom { [unowned self] in roomAgain() }
        for entry in context.live.entries { watchRoom(of: entry.output) }
        drains = drainsInForce
    }

    private func handBack(_ events: RefusedEvents, to label: String) -> ReturnPath.Step? {
        guard let stages = workers.first?.stages else { return nil }
        guard let ownLog, ownLog.carries(events.output) else { return stages.handBack(events, to: label) }
        return ownLog.carrying { stages.handBack(events, to: label) }
    }

    func watchRoom(of output: any RunningOutput) { output.whenRoom { [unowned self] in roomAgain() } }

    /// From any thread.
    private func roomAgain() {
        context?.returnPath.noteRoom()
        _ = loop.submit {
            self.resumeReading()
            self.handOnOwnLog()
        }
    }

    /// Of the plan's outputs, and of those that a reload has left behind.
    private var drainsInForce: [(group: Int, drain: OutputDrain)] {
        zip(outputs, plan.drainGroups()).flatMap { output, group in output.drains.map { (group, $0) } }
            + reload.retiring.flatMap { entry in entry.output.drains.map { (0, $0) } }
    }

    private func resumeReading() { for worker in workers { worker.submit { $0.resumeReading() } } }

    private func openSignals() throws {
        for (signal, name, meaning) in SignalPlan.watched {
            signals.append(
                try LoopSignal(signal, on: loop) { [unowned self] in
                    switch meaning {
                    case .stop: stop(name)
                    case .flush: flush(name)
                    case .reload: beginReload(name)
                    }
                })
        }
    }

    private func flush(_ name: String) {
        log.info("flushing all buffers", ["signal": name])
        do { try log.reopen() } catch { log.error("\(error)") }
        for entry in context?.live.entries ?? [] { entry.output.flushAll() }
    }

    // MARK: - Stop

    private var nowSeconds: Double { Double(loop.now) / 1000 }

    func stop(_ name: String) {
        // A reload ends soon, and what it has begun is whole then.
        if reload.isUnderWay {
            reload.stopAfterwards = name
            return
        }
        if lifecycle.state == .running {
            log.info("received a signal to stop; delivering what is buffered", ["signal": name])
        }
        handle(.stopSignal(atSeconds: nowSeconds))
    }

    /// On each loop: read no more. What was read has been handed on by then, synchronously, and answered.
    private func stopReading() {
        view.setReady(false)
        endOwnLog()
        refuseLetters()
        losses.beginStop()
        let letters = HeldLetters(directory: context?.stateDirectory, losses: losses, log: log)
        for worker in workers {
            worker.submitAlways { [self] stages in
                stages?.stopReading()
                worker.releaseHeld(to: letters) { [self] left in
                    if left > 0 {
                        losses.noteLost(left)
                        log.error("events that waited for others found no room: they are lost", ["events": left])
                    }
                    loop.submit { self.handle(.quiet(atSeconds: self.nowSeconds)) }
                }
            }
        }
        // Loops that could not be made have nothing to stop.
        for _ in workers.count..<max(loopCount, workers.count) { tell(.quiet(atSeconds: nowSeconds)) }
    }

    private func beginDrain() {
        // Most owe no answer any more: acks are written when an event is in its buffer.
        for worker in workers { worker.submit { $0.closeInputs(all: false) } }
        drains = drainsInForce
        let now = Int(loop.now)
        for (_, drain) in drains { drain.begin(atMilliseconds: now) }
        let timer = LoopTimer(on: loop)
        drainTimer = timer
        let writer = DrainWriter(drains.map(\.drain))
        writer.pass(atMilliseconds: now)
        timer.start(afterMilliseconds: 1, everyMilliseconds: Self.drainMilliseconds) { [unowned self] in
            writer.pass(atMilliseconds: Int(loop.now))
            handle(.progress(atSeconds: nowSeconds, drains.map { $0.drain.progress(group: $0.group) }))
        }
    }

    private func endOutputs() {
        drainTimer?.close()
        drainTimer = nil
        let ending = drains
        Task.detached { [loop] in
            var lost = 0
            // In the order of the groups: what one still hands on finds the next one's workers.
            for group in 0..<DrainOrder.groupCount {
                for (place, drain) in ending where place == group { lost += await drain.end() }
            }
            let lostEvents = lost
            _ = loop.submit { self.handle(.outputsEnded(lostEvents: lostEvents)) }
        }
    }

    private func closeLoops() {
        lifecycle.noteLost(losses.lostEvents)
        for worker in workers { worker.submit { $0.closeInputs(all: true) } }
        for worker in workers where worker.loop !== loop {
            let other = worker.loop
            other.submit { [self] in
                worker.whenInputsEnded { [self] in
                    other.closeEverything()
                    other.stop()
                    tell(.closed)
                }
            }
        }
        for _ in workers.count..<max(loopCount, workers.count) { tell(.closed) }
        guard let own = workers.first(where: { $0.loop === loop }) else { return tell(.closed) }
        loop.submit { [self] in own.whenInputsEnded { [self] in tell(.closed) } }
    }

    private func end(_ kind: Lifecycle.ExitKind) {
        exitKind = kind
        if case .lost(let events) = kind {
            log.error("sluice has stopped; acknowledged events are lost", ["events": events])
        } else {
            log.info("sluice has stopped")
        }
        reportTimer?.close()
        control?.close()
        closeMonitor()
        // Connections that somebody waits at end with the process.
        for signal in signals { signal.close() }
        signals.removeAll()
        loop.closeEverything()
        loop.stop()
    }
}

/// Writes undelivered events down beside the loop, one pass at a time.
private final class DrainWriter: Sendable {
    private let drains: [OutputDrain]
    private let isAtWork = Atomic<Bool>(false)

    init(_ drains: [OutputDrain]) { self.drains = drains }

    func pass(atMilliseconds now: Int) {
        guard !isAtWork.exchange(true, ordering: .acquiringAndReleasing) else { return }
        DispatchQueue.global().async { [self] in
            for drain in drains { drain.writeDown(atMilliseconds: now) }
            isAtWork.store(false, ordering: .releasing)
        }
    }
}
