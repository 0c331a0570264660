internal import EventLoop
internal import Events
internal import Logging
internal import Outputs

/// A loop and its stages. The stages are touched on that loop alone: from elsewhere with `submit`.
final class LoopWorker: @unchecked Sendable {  // `stages` and `preparation` are touched on `loop` alone
    let loop: Loop
    private let number: Int
    private let count: Int
    private(set) var stages: LoopStages?
    private var preparation: LoopStages.Preparation?

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
            inherited: inherited)
        stages = made
        made.connect(plan, outputs: outputs)
        made.take(try made.prepare(plan, on: loop, sharing: count), hasDurableBuffer: plan.hasDurableBuffer)
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
        stages?.connect(plan, outputs: outputs)
        if let preparation { stages?.take(preparation, hasDurableBuffer: plan.hasDurableBuffer) }
        preparation = nil
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
