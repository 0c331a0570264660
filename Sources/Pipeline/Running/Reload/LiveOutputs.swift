internal import Events

/// The outputs with buffers that are at work. A reload takes those over whose sections say the same: with their events,
/// retries and connections. What it does not take retires.
final class LiveOutputs {
    struct Entry {
        let plan: OutputPlan
        let output: any RunningOutput
        /// What its log lines call it: it may have come from a line of an earlier configuration.
        let name: String
    }

    /// An output's section, as it counts.
    private struct Key: Hashable {
        let type: String
        let fingerprint: Fingerprint

        init(_ plan: OutputPlan) { (type, fingerprint) = (plan.type, plan.stage.fingerprint) }
    }

    /// What stands in an output's place where a plan is tried, or around it; nil: the output itself.
    var substitute: ((OutputPlan, _ make: () throws -> any RunningOutput) throws -> (any RunningOutput)?)?
    private(set) var entries: [Entry] = []
    /// While a reload makes its outputs: what it has not taken yet.
    private var left: [Entry]?
    /// What the reload has made.
    private var made: [Entry] = []
    private var taken: [Entry] = []

    /// The output of a plan: one that is at work already, or a new one.
    func output(of plan: OutputPlan, _ make: () throws -> any RunningOutput) throws -> any RunningOutput {
        if let other = try substitute?(plan, make) { return other }
        guard plan.buffer != nil else { return try make() }
        if let place = left?.firstIndex(where: { Key($0.plan) == Key(plan) }), let entry = left?.remove(at: place) {
            // Its name may come from the line at which it stands now.
            taken.append(Entry(plan: plan, output: entry.output, name: entry.name))
            return entry.output
        }
        let entry = Entry(plan: plan, output: try make(), name: plan.stage.id.description)
        if left == nil { entries.append(entry) } else { made.append(entry) }
        return entry.output
    }

    // MARK: - Reload

    /// Outputs at work that another plan has no place for.
    func unwanted(by plan: PipelinePlan) -> [Entry] {
        var wanted = plan.bufferedOutputs.map(Key.init)
        return entries.filter { entry in
            guard let place = wanted.firstIndex(of: Key(entry.plan)) else { return true }
            wanted.remove(at: place)
            return false
        }
    }

    /// From here on outputs are made for another plan.
    ///
    /// - Parameter without: ended for it; they are not taken over.
    func beginReload(without ended: [Entry]) {
        left = entries.filter { entry in !ended.contains { $0.output === entry.output } }
        (made, taken) = ([], [])
    }

    /// The plan has its outputs.
    ///
    /// - Returns: those that are new, and those that have no place any more.
    func commit() -> (made: [Entry], retiring: [Entry]) {
        let retiring = left ?? []
        let new = made
        entries = taken + made
        left = nil
        (made, taken) = ([], [])
        return (new, retiring)
    }

    /// The plan could not have its outputs: all that were at work stay.
    ///
    /// - Returns: those that were made for it.
    func rollBack(without ended: [Entry]) -> [Entry] {
        let new = made
        entries.removeAll { entry in ended.contains { $0.output === entry.output } }
        left = nil
        (made, taken) = ([], [])
        return new
    }
}

extension PipelinePlan {
    /// Whether an output wants files that another process may have.
    package var hasBuffersInFiles: Bool {
        bufferedOutputs.contains { if case .files? = $0.buffer { true } else { false } }
    }

    /// Those that have a buffer of their own.
    var bufferedOutputs: [OutputPlan] { allOutputs.filter { $0.buffer != nil } }
}
