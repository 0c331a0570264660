/// In which order outputs are drained at a stop: those that may feed others first.
///
/// Any output may send what its destination refuses to `@ERROR`, and what it does not want to its `<secondary>`. So the
/// groups are: outputs of ordinary labels; their secondaries; outputs that events reach from `@ERROR`; their secondaries.
/// Refused events go round only once, so a label that both feeds `@ERROR` and is fed by it ends no later than the others.
enum DrainOrder {
    static let groupCount = 4

    /// The group of every label, by name.
    static func groups(_ plan: PipelinePlan) -> [String: Int] {
        let fromErrors = reached(from: LabelPlan.errorName, plan)
        var groups: [String: Int] = [:]
        for label in plan.labels where !label.isHidden { groups[label.name] = fromErrors.contains(label.name) ? 2 : 0 }
        for label in plan.labels {
            let own = groups[label.name] ?? 0
            for case .match(_, let output) in label.rules {
                for one in [output] + output.children {
                    if let hidden = one.secondaryLabel { groups[hidden] = own + 1 }
                }
            }
        }
        return groups
    }

    /// The label and those that its relabels lead to.
    private static func reached(from name: String, _ plan: PipelinePlan) -> Set<String> {
        var found: Set<String> = []
        var open = [name]
        while let next = open.popLast() {
            guard let label = plan.label(next), found.insert(next).inserted else { continue }
            for case .match(_, let output) in label.rules {
                open += ([output] + output.children).flatMap(\.followingLabels)
            }
        }
        return found
    }
}
