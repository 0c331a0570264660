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
///
/// `@unchecked Sendable`: its state is touched on the loop alone, and `loop` itself is Sendable.
package final class RunningPipeline: @unchecked Sendable {
    private let plan: PipelinePlan
    private let log: Log
    /// The calling thread's loop: signals, timers, everything that decides.
    private let loop: Loop
    /// All loops' stages, this thread's first (`<system> threads N`).
    private var workers: [LoopWorker] = []
    private var threads: [LoopThread] = []
    private var outputs: [any RunningOutput] = []
    private var signals: [LoopSignal] = []
    private var timer: LoopTimer?
    private var isStopping = false
    private var failure: String?
    private var drain: Task<Void, Never>?
    /// Standard output, shared by all that writes to it, so that lines stay whole.
    private let standardOutput: TextSink

    package init(_ plan: PipelinePlan, log: Log) throws {
        standardOutput = TextSink(log: log)
        self.plan = plan
        self.log = log
        loop = try Loop()
    }

    /// Runs until a signal ends it. Answers what prevented the start, or nil after an orderly stop.
    package func run() -> String? {
        loop.submit { self.open() }
        let dangling = loop.run() + threads.flatMap { $0.join() }
        if !dangling.isEmpty { log.error("handles were left open", ["types": dangling.joined(separator: " ")]) }
        log.reportRepetitions(all: true)
        return failure
    }

    // MARK: - Start

    private func open() {
        do {
            try openOutputs()
            try openSignals()
            let timer = LoopTimer(on: loop)
            timer.start(afterMilliseconds: 5000, everyMilliseconds: 5000) { [log] in log.reportRepetitions() }
            self.timer = timer
            for output in outputs { output.start() }
            workers = [LoopWorker(loop: loop, isFirst: true, of: plan.system.threads)]
            try workers[0].open(plan, outputs: outputs, log: log, standardOutput: standardOutput)
            for number in 1..<max(plan.system.threads, 1) { try openThread(number) }
            log.info("sluice is now running", ["pid": Int(getpid()), "threads": workers.count])
        } catch {
            fail("\(error)")
        }
    }

    /// One more loop on a thread of its own. Its listeners share the ports; the kernel spreads the connections.
    private func openThread(_ number: Int) throws {
        let other = try Loop()
        let worker = LoopWorker(loop: other, isFirst: false, of: plan.system.threads)
        workers.append(worker)
        threads.append(try LoopThread.start(other, name: "sluice-\(number)"))
        other.submit { [self] in
            do {
                try worker.open(plan, outputs: outputs, log: log, standardOutput: standardOutput)
            } catch {
                loop.submit { self.fail("\(error)") }
            }
        }
    }

    private func fail(_ reason: String) {
        failure = failure ?? reason
        for worker in workers { worker.submit { $0.closeInputs() } }
        finish()
    }

    private func openOutputs() throws {
        let context = RunContext(
            log: log, rootDirectory: plan.system.rootDirectory ?? SystemSettings.defaultRootDirectory,
            standardOutput: standardOutput
        ) {
            [hasErrorLabel = plan.label(LabelPlan.errorName) != nil, loop, unowned self] label, events in
            guard label != LabelPlan.errorName || hasErrorLabel else { return false }
            return loop.submit { self.workers.first?.stages?.inject(events, into: label) }
        }
        outputs = try plan.makeOutputs(context)
        for output in outputs {
            output.whenRoom { [loop, unowned self] in
                _ = loop.submit { self.resumeReading() }
            }
        }
    }

    private func resumeReading() { for worker in workers { worker.submit { $0.resumeReading() } } }

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

    /// The first signal delivers what is buffered, the second gives up waiting for it (what is left goes to a backup
    /// file), the third leaves at once.
    private func stop(_ signal: Int32) {
        let name = signal == SIGINT ? "SIGINT" : "SIGTERM"
        if isStopping {
            log.warn("stopping at once", ["signal": name])
            guard let drain, !drain.isCancelled else { return finish() }
            drain.cancel()
            return
        }
        isStopping = true
        log.info("received a signal to stop; delivering what is buffered", ["signal": name])
        for worker in workers { worker.submit { $0.closeInputs() } }
        let limit = plan.system.shutdownTimeoutSeconds
        let draining = outputs.map(OutputToDrain.init)
        drain = Task.detached { [loop] in
            let left = await draining.shutdown(within: limit)
            _ = loop.submit { self.drained(left) }
        }
    }

    private func drained(_ left: Int) {
        guard timer != nil else { return }
        if left > 0 { log.error("\(left) events could not be delivered before the stop") }
        log.info("sluice has stopped")
        finish()
    }

    private func finish() {
        timer?.close()
        timer = nil
        for signal in signals { signal.close() }
        signals.removeAll()
        for worker in workers where worker.loop !== loop {
            let other = worker.loop
            other.submit {
                other.closeEverything()
                other.stop()
            }
        }
        loop.closeEverything()
        loop.stop()
    }
}
