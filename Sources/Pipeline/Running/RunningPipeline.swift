internal import EventLoop
internal import Events
internal import Glibc
internal import Inputs
package import Logging
internal import Outputs
internal import Synchronization

/// A plan at work. Starts outputs before inputs and stops in reverse: stop accepting and reading, answer what was read,
/// deliver what is buffered within a limit, and only then go.
///
/// The loop runs on the thread that calls `run`; everything below belongs to that thread unless it says otherwise.
package final class RunningPipeline: @unchecked Sendable {  // its state is touched on the loop alone; `loop` itself is Sendable
    private let plan: PipelinePlan
    private let log: Log
    private let loop: Loop
    private var outputs: [any RunningOutput] = []
    private var stages: LoopStages?
    private var signals: [LoopSignal] = []
    private var timer: LoopTimer?
    private var isStopping = false
    private var failure: String?

    package init(_ plan: PipelinePlan, log: Log) throws {
        self.plan = plan
        self.log = log
        loop = try Loop()
    }

    /// Runs until a signal ends it. Answers what prevented the start, or nil after an orderly stop.
    package func run() -> String? {
        loop.submit { self.open() }
        let dangling = loop.run()
        if !dangling.isEmpty { log.error("handles were left open", ["types": dangling.joined(separator: " ")]) }
        log.reportRepetitions(all: true)
        return failure
    }

    // MARK: - Start

    private func open() {
        do {
            let standardOutput = TextSink(log: log)
            try openOutputs(standardOutput)
            let stages = LoopStages(plan, outputs: outputs, log: log, standardOutput: standardOutput)
            self.stages = stages
            try openSignals()
            let timer = LoopTimer(on: loop)
            timer.start(afterMilliseconds: 5000, everyMilliseconds: 5000) { [log] in log.reportRepetitions() }
            self.timer = timer
            for output in outputs { output.start() }
            try stages.openInputs(plan, on: loop, log: log)
            log.info("sluice is now running", ["pid": Int(getpid())])
        } catch {
            failure = "\(error)"
            stages?.closeInputs()
            finish()
        }
    }

    private func openOutputs(_ standardOutput: TextSink) throws {
        let context = RunContext(
            log: log, rootDirectory: plan.system.rootDirectory ?? SystemSettings.defaultRootDirectory,
            standardOutput: standardOutput
        ) {
            [hasErrorLabel = plan.label(LabelPlan.errorName) != nil, loop, unowned self] label, events in
            guard label != LabelPlan.errorName || hasErrorLabel else { return false }
            return loop.submit { self.stages?.inject(events, into: label) }
        }
        outputs = try plan.makeOutputs(context)
        for output in outputs {
            output.whenRoom { [loop, unowned self] in
                _ = loop.submit { self.stages?.resumeReading() }
            }
        }
    }

    private func openSignals() throws {
        for signal in [SIGINT, SIGTERM] {
            signals.append(try LoopSignal(signal, on: loop) { [unowned self] in stop(signal) })
        }
        signals.append(
            try LoopSignal(SIGUSR1, on: loop) { [unowned self] in
                log.info("flushing all buffers", ["signal": "SIGUSR1"])
                do { try log.reopen() } catch { log.error("\(error)") }
                for output in outputs { output.flushAll() }
            })
        signals.append(
            try LoopSignal(SIGHUP, on: loop) { [unowned self] in
                log.warn("SIGHUP: reloading is not supported yet; restart sluice to read the configuration again")
            })
    }

    // MARK: - Stop

    private func stop(_ signal: Int32) {
        let name = signal == SIGINT ? "SIGINT" : "SIGTERM"
        guard !isStopping else {
            log.warn("stopping at once", ["signal": name])
            finish()
            return
        }
        isStopping = true
        log.info("received a signal to stop; delivering what is buffered", ["signal": name])
        stages?.closeInputs()
        let limit = plan.system.shutdownTimeoutSeconds
        let draining = outputs.map(OutputToDrain.init)
        Task.detached { [loop] in
            let left = await draining.shutdown(within: limit)
            _ = loop.submit { self.drained(left) }
        }
    }

    private func drained(_ left: Int) {
        guard isStopping, timer != nil else { return }
        if left > 0 {
            log.error("events could not be delivered before the stop", ["events": left])
        }
        log.info("sluice has stopped")
        finish()
    }

    private func finish() {
        timer?.close()
        timer = nil
        for signal in signals { signal.close() }
        signals.removeAll()
        loop.closeEverything()
        loop.stop()
    }
}
