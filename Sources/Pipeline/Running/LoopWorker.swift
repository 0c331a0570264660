internal import EventLoop
internal import Events
internal import Logging
internal import Outputs
internal import Synchronization

/// A loop and its stages. The stages are touched on that loop alone: from elsewhere with `submit`.
final class LoopWorker: @unchecked Sendable {  // `stages` and `preparation` are touched on `loop` alone
    let loop: Loop
    private let number: Int
    private let count: Int
    private(set) var stages: LoopStages?
    private var preparation: LoopStages.Preparation?
    /// Asks stages for what they hold too long. Runs while they hold something, so that a loop with nothing to do sleeps.
    private var heldTimer: LoopTimer?
    /// Whether a reload has left inputs behind whose clients are still served.
    private let servesRetired = Atomic<Bool>(false)
    /// Between two tries of outputs that have no room at a stop, and how many there are: five seconds.
    private static let endingMilliseconds: UInt64 = 5
    private static let releaseMilliseconds: UInt64 = 50
    private static let releaseTries = 100

    /// - Parameters:
    ///   - number: from 0; the first loop opens what cannot be shared.
    ///   - count: how many loops there are.
    init(loop: Loop, number: Int, of count: Int) {
        self.loop = loop
        self.number = number
        self.count = count
    }

    /// On the loop: makes the stages and opens the inputs.
    func open(
        _ plan: PipelinePlan, outputs: [any RunningOutput], log: Log, standardOutput: TextSink,
        metrics: MetricsRegistry, gates: OutputGates, inherited: InheritedPool?
    ) throws {
        let made = LoopStages(
            log: log, standardOutput: standardOutput, metrics: metrics, gates: gates, number: number,
            reachesNetwork: true, inherited: inherited)
        stages = made
        connect(plan, outputs: outputs)
        made.take(try made.prepare(plan, on: loop, sharing: count), hasDurableBuffer: plan.hasDurableBuffer)
    }

    /// On the loop.
    func connect(_ plan: PipelinePlan, outputs: [any RunningOutput]) {
        guard let stages else { return }
        stages.connect(plan, outputs: outputs)
        heldTimer?.stop()
        stages.whenHolding = { [weak self] in self?.ask() }
        if !stages.isAtRest { ask() }
    }

    private func ask() {
        guard let stages, heldTimer?.isActive != true else { return }
        let milliseconds = UInt64(stages.tickMilliseconds)
        guard milliseconds > 0 else { return }
        let timer = heldTimer ?? LoopTimer(on: loop)
        heldTimer = timer
        timer.start(afterMilliseconds: milliseconds, everyMilliseconds: milliseconds) { [weak self] in
            guard let self, let stages = self.stages else { return }
            stages.releaseHeld(.now())
            if stages.isAtRest { heldTimer?.stop() }
        }
    }

    /// On the loop, when nothing is read any more: lets go what stages hold, and waits for outputs that have no room.
    ///
    /// - Parameter done: is told how many events nobody has taken.
    func releaseHeld(to letters: HeldLetters, done: @escaping (Int) -> Void) {
        guard let stages else { return done(0) }
        stages.whenHolding = nil
        stages.releaseHeld(.now(isLast: true), letters: letters)
        guard stages.heldEvents > 0 else {
            heldTimer?.close()
            heldTimer = nil
            return done(0)
        }
        let timer = heldTimer ?? LoopTimer(on: loop)
        heldTimer = timer
        var tries = Self.releaseTries
        timer.start(afterMilliseconds: Self.releaseMilliseconds, everyMilliseconds: Self.releaseMilliseconds) {
            [weak self] in
            stages.releaseHeld(.now(isLast: true), letters: letters)
            tries -= 1
            guard stages.heldEvents == 0 || tries == 0 else { return }
            self?.heldTimer?.close()
            self?.heldTimer = nil
            done(stages.heldEvents)
        }
    }

    /// On the loop, after the inputs were closed: tells when they have ended, for which each has a bound of its own.
    func whenInputsEnded(_ done: @escaping () -> Void) {
        guard let stages, stages.hasEndingInputs else { return done() }
        let timer = LoopTimer(on: loop)
        timer.start(afterMilliseconds: Self.endingMilliseconds, everyMilliseconds: Self.endingMilliseconds) {
            guard !stages.hasEndingInputs else { return }
            timer.close()
            done()
        }
    }

    func shareSockets() -> [(line: String, descriptor: Int32)] { stages?.shareSockets() ?? [] }

    // MARK: - Reload, on the loop

    /// - Returns: why the plan cannot be taken; nil: it can, and waits for `take` or `abandon`.
    func prepare(_ plan: PipelinePlan) -> String? {
        do {
            preparation = try stages?.prepare(plan, on: loop, sharing: count)
            return nil
        } catch {
            return "\(error)"
        }
    }

    func take(_ plan: PipelinePlan, outputs: [any RunningOutput]) {
        connect(plan, outputs: outputs)
        if let preparation { stages?.take(preparation, hasDurableBuffer: plan.hasDurableBuffer) }
        preparation = nil
        servesRetired.store(stages?.servesRetired ?? false, ordering: .relaxed)
    }

    /// From any loop: lets replaced inputs go whose clients have all gone. Wakes this one only if there are any.
    func dismissDeserted() {
        guard servesRetired.load(ordering: .relaxed) else { return }
        submit { [self] stages in
            stages.dismissDeserted()
            servesRetired.store(stages.servesRetired, ordering: .relaxed)
        }
    }

    func abandon() {
        if let preparation { stages?.abandon(preparation) }
        preparation = nil
        stages?.goOn()
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
