internal import EventLoop
internal import Logging

/// Lines of the own log come into the pipeline on the first loop, one by one. On that loop alone.
extension RunningPipeline {
    /// A plan has come into force.
    func followOwnLog() {
        let named = (context?.live.entries ?? []).map { ($0.plan.stage.id.description, $0.name) }
        let names = Dictionary(named) { first, _ in first }
        ownLog?.follow(OwnLogRoute(plan, names: names)) { [loop, unowned self] in
            _ = loop.submit { self.handOnOwnLog() }
        }
    }

    /// As far as there is room: the rest waits, and finds some when this is called the next time.
    func handOnOwnLog() {
        guard let ownLog, let stages = workers.first?.stages else { return }
        while let (entry, label) = ownLog.first() {
            guard ownLog.carrying({ ownLogEmitter.emit(entry, to: label, of: stages) }) else { break }
            ownLog.taken()
        }
        let missed = ownLog.takeMissed()
        if missed > 0 {
            ownLog.carrying {
                log.limited(
                    .warn, "lines of the log found no room as events: they are in the log alone", ["lines": missed])
            }
        }
    }

    /// What is said from now on is in the log alone.
    func endOwnLog() {
        handOnOwnLog()
        ownLog?.follow(nil) {}
    }
}
