internal import EventLoop
internal import Events
internal import Logging
internal import Synchronization

/// SIGHUP and SIGUSR2: the configuration is read again, and what it changes is changed while everything else goes on.
///
/// It is checked completely first; when it cannot be run, nothing changes. Listeners keep their sockets and their clients,
/// outputs whose sections say the same keep their buffers, and replaced ones deliver what they have behind the new ones.
extension RunningPipeline {
    func beginReload(_ signal: String) {
        guard lifecycle.state == .running else {
            log.info("not reloading: sluice starts or stops just now", ["signal": signal])
            return tellAskers("sluice starts or stops just now")
        }
        guard !reload.isUnderWay else {
            reload.isAskedAgain = true
            return
        }
        guard let readAgain = reload.readAgain else {
            log.warn("there is no configuration file to read again", ["signal": signal])
            return tellAskers("there is no configuration file to read again")
        }
        reload.answering = reload.askers
        reload.askers = []
        reload.refusal = nil
        log.info("reading the configuration again", ["signal": signal])
        switch readAgain() {
        case .failure(let refusal):
            log.error("the configuration cannot be run: nothing has changed")
            log.info("what is wrong with it:", block: refusal.messages)
            reload.refusal = refusal.messages
            finishReload()
        case .success(let candidate):
            tellUnchangeable(candidate.system)
            reload.candidate = candidate
            reload.isUnderWay = true
            let open = plan.sources.compactMap(\.place?.description)
            do {
                try checkPorts(of: candidate.sources.filter { !open.contains($0.place?.description ?? "") })
            } catch {
                return abandon("a source cannot be opened: \(error)")
            }
            onEveryLoop({ [self] worker in reload.candidate.flatMap { worker.prepare($0) } }, then: prepared)
        }
    }

    /// What the whole process is built on.
    private func tellUnchangeable(_ system: SystemSettings) {
        let changed = [
            ("threads", system.threads != plan.system.threads),
            ("root_dir", system.rootDirectory != plan.system.rootDirectory),
            ("shutdown_timeout", system.shutdownTimeoutSeconds != plan.system.shutdownTimeoutSeconds),
            ("log_level", system.logLevel != plan.system.logLevel),
        ].filter(\.1).map(\.0)
        if !changed.isEmpty {
            log.warn(
                "settings of <system> hold until the next start", ["changed": changed.joined(separator: ",")])
        }
    }

    // MARK: - Steps

    private func prepared(_ failures: [String?]) {
        if let failure = failures.lazy.compactMap({ $0 }).first {
            return abandon("a source cannot be opened: \(failure)")
        }
        guard let context, var candidate = reload.candidate else { return finishReload() }
        // Outputs that go on behind the new ones still need their secondaries.
        let leaving = context.live.unwanted(by: candidate).map(\.plan) + reload.retiring.map(\.plan)
        for name in leaving.compactMap(\.secondaryLabel) where candidate.label(name) == nil {
            if let label = plan.label(name) { candidate.labels.append(label) }
        }
        reload.candidate = candidate
        let wanted = Set(candidate.bufferedOutputs.compactMap(\.buffer))
        let conflicting = (context.live.unwanted(by: candidate) + reload.retiring).filter { entry in
            if case .files? = entry.plan.buffer { wanted.contains(entry.plan.buffer ?? .memory) } else { false }
        }
        if conflicting.isEmpty { return connect(without: []) }
        // Their answers are waited for while events still come in.
        after({ for drain in $0 { await drain.windDown() } }, drains(of: conflicting)) { [self] in
            onEveryLoop({ worker in worker.stages?.rest() }) { [self] _ in
                end(conflicting) { [self] in
                    reload.retiring.removeAll { entry in conflicting.contains { $0.output === entry.output } }
                    connect(without: conflicting)
                }
            }
        }
    }

    private func drains(of entries: [LiveOutputs.Entry]) -> [OutputDrain] { entries.flatMap(\.output.drains) }

    /// Makes the new outputs, and lets all loops lead to them.
    private func connect(without ended: [LiveOutputs.Entry]) {
        guard let context, let candidate = reload.candidate else { return finishReload() }
        do { try openMonitor(candidate) } catch {
            return restore(after: "the monitor cannot answer: \(error)", isNeeded: !ended.isEmpty)
        }
        context.live.beginReload(without: ended)
        do {
            outputs = try candidate.makeOutputs(context)
        } catch {
            for entry in context.live.rollBack(without: ended) { entry.output.retire() }
            return restore(after: "\(error)", isNeeded: !ended.isEmpty)
        }
        let (made, retiring) = context.live.commit()
        let before = plan
        plan = candidate
        plan.keepMeters(of: before)
        showInMonitor()
        followOwnLog()
        context.returnPath.lead(to: Set(plan.labels.map(\.name)))
        for entry in made {
            watchRoom(of: entry.output)
            entry.output.start()
        }
        onEveryLoop({ [self] worker in worker.take(plan, outputs: outputs) }) { [self] _ in
            retire(retiring)
            log.info(
                "the configuration is in force",
                ["outputs_kept": context.live.entries.count - made.count, "outputs_new": made.count])
            finishReload()
        }
    }

    /// The new outputs could not be made. Those whose files they wanted are made again.
    private func restore(after reason: String, isNeeded: Bool) {
        guard isNeeded, let context else { return abandon(reason) }
        do {
            context.live.beginReload(without: [])
            outputs = try plan.makeOutputs(context)
            let (made, _) = context.live.commit()
            for entry in made {
                watchRoom(of: entry.output)
                entry.output.start()
            }
        } catch {
            log.error("an output cannot be made again", ["reason": "\(error)"])
            finishReload()
            return handle(.failed("\(error)"))
        }
        onEveryLoop({ [self] worker in worker.connect(plan, outputs: outputs) }) { [self] _ in abandon(reason) }
    }

    private func abandon(_ reason: String) {
        reload.refusal = reason
        try? openMonitor(plan)
        log.error("the configuration cannot be put into force: nothing has changed", ["reason": reason])
        onEveryLoop({ worker in worker.abandon() }) { [self] _ in finishReload() }
    }

    private func finishReload() {
        reload.candidate = nil
        reload.isUnderWay = false
        for answer in reload.answering { answer(reload.refusal ?? "ok") }
        reload.answering = []
        if let name = reload.stopAfterwards {
            reload.stopAfterwards = nil
            stop(name)
        } else if reload.isAskedAgain {
            reload.isAskedAgain = false
            beginReload("again")
        }
    }

    private func tellAskers(_ answer: String) {
        for tell in reload.askers { tell(answer) }
        reload.askers = []
    }

    /// Runs a job on each loop, and then something here with all answers.
    func onEveryLoop<Answer: Sendable>(
        _ job: @escaping @Sendable (LoopWorker) -> Answer, then: @escaping ([Answer]) -> Void
    ) {
        let round = Round(count: workers.count, then)
        for worker in workers {
            worker.loop.submit { [loop] in
                let answer = job(worker)
                _ = loop.submit { round.add(answer) }
            }
        }
    }

    // MARK: - Outputs that were replaced

    /// They get what is left in them delivered, as at a stop, but without an end to it.
    private func retire(_ entries: [LiveOutputs.Entry]) {
        for entry in entries { for drain in entry.output.drains { drain.beginRetirement() } }
        reload.retiring += entries
        endDrained()
    }

    /// Lets those go that have nothing left, and replaced inputs without clients.
    func endDrained() {
        for worker in workers { worker.dismissDeserted() }
        guard lifecycle.state == .running, !reload.isUnderWay else { return }
        let empty = reload.retiring.filter { $0.output.drains.allSatisfy(\.holdsNothing) }
        guard !empty.isEmpty else { return }
        reload.retiring.removeAll { entry in empty.contains { $0.output === entry.output } }
        end(empty) { [self] in
            log.info("replaced outputs have delivered all that they had", ["outputs": empty.count])
        }
    }

    /// Ends deliveries for good, and then goes on here.
    private func end(_ entries: [LiveOutputs.Entry], then: @escaping () -> Void) {
        after({ for drain in $0 { _ = await drain.end() } }, drains(of: entries)) {
            for entry in entries { entry.output.retire() }
            then()
        }
    }

    /// Does something with buffers on a task, and then goes on here.
    private func after(
        _ work: @escaping @Sendable ([OutputDrain]) async -> Void, _ drains: [OutputDrain],
        then: @escaping () -> Void
    ) {
        let round = Round<Bool>(count: 1) { _ in then() }
        Task.detached { [loop] in
            await work(drains)
            _ = loop.submit { round.add(true) }
        }
    }
}

/// Answers from several loops, collected on the first one.
///
/// Safety: made, filled and called on the first loop alone.
private final class Round<Answer: Sendable>: @unchecked Sendable {
    private var answers: [Answer] = []
    private let count: Int
    private let then: ([Answer]) -> Void

    init(count: Int, _ then: @escaping ([Answer]) -> Void) {
        self.count = count
        self.then = then
    }

    func add(_ answer: Answer) {
        answers.append(answer)
        if answers.count == count { then(answers) }
    }
}
