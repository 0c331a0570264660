package import Events
package import Logging
package import Outputs
internal import Time

/// A plan without sockets, loops and deliveries: what is handed in goes through routers, filters and emitters at once.
/// For tests of configurations; what outputs with a buffer take stays in it.
package final class Rehearsal {
    private let stages: LoopStages
    private let outputs: [any RunningOutput]

    /// - Parameter standardOutput: where the stdout outputs and filters write.
    package convenience init(_ plan: PipelinePlan, log: Log, standardOutput: TextSink) throws {
        try self.init(
            plan, log: log, stateDirectory: plan.system.rootDirectory ?? StateDirectory.found(),
            standardOutput: standardOutput, substitute: nil)
    }

    /// - Parameter substitute: what stands in the place of an output at which events end, or around one that gives them
    ///   new tags.
    init(
        _ plan: PipelinePlan, log: Log, stateDirectory: String?, standardOutput: TextSink,
        substitute: ((OutputPlan, _ make: () throws -> any RunningOutput) throws -> (any RunningOutput)?)?
    ) throws {
        let context = RunContext(
            log: log, stateDirectory: stateDirectory, standardOutput: standardOutput,
            returnPath: ReturnPath(labels: []) { _, _ in nil })
        context.live.substitute = substitute.map { substitute in
            // Others lead on to outputs that are substituted.
            { output, make in
                output.label != nil || !output.children.isEmpty ? nil : try substitute(output, make)
            }
        }
        outputs = try plan.makeOutputs(context)
        stages = LoopStages(
            log: log, standardOutput: standardOutput, metrics: MetricsRegistry(), gates: context.gates)
        stages.connect(plan, outputs: outputs)
    }

    /// Time passes: stages that hold events let go what is due.
    ///
    /// - Parameters:
    ///   - milliseconds: of a clock that never goes back.
    ///   - isLast: whatever they hold.
    package func releaseHeld(atMilliseconds milliseconds: Int64 = 0, isLast: Bool = false) {
        stages.releaseHeld(StageMoment(milliseconds: milliseconds, time: Clock.now(), isLast: isLast))
    }

    /// Sends a batch into a label, as a source does.
    package func emit(
        tag: Tag, storage: inout ByteBuffer, rows: inout Rows, label: String = LabelPlan.rootName
    ) -> Acceptance {
        stages.routers[label]?.emit(Batch(tag), storage: &storage, rows: &rows)
            ?? .refused(Refusal(.invalid, "no label \(label)"))
    }
}

extension PipelinePlan {
    /// The plan with something around each filter.
    func wrappingFilters(_ wrap: @escaping (any Filter, FilterPlan, _ label: String) -> any Filter) -> PipelinePlan {
        var plan = self
        for index in labels.indices {
            let label = labels[index].name
            plan.labels[index].rules = labels[index].rules.map { rule in
                guard case .filter(let pattern, let filter) = rule else { return rule }
                var wrapped = filter
                wrapped.make = { context in wrap(filter.make(context), filter, label) }
                return .filter(pattern, wrapped)
            }
        }
        return plan
    }
}
