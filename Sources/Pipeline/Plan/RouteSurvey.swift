/// Which rules events reach, found by sending sample tags through a plan.
///
/// Tags of a pattern are endless, but a glob can only be told apart by its own text and by how many parts its stars
/// stand for: `TagPattern.samples` has one tag for each of these.
enum RouteSurvey {
    /// A pattern with more alternatives than this is not looked into: a check must stay a matter of milliseconds.
    private static let maximumSamples = 2048

    /// The pattern of the `<match>` rules above that take all tags of a pattern; nil when some of its tags get by.
    static func cover(of pattern: TagPattern, in above: ArraySlice<RulePlan>) -> String? {
        var covering: [String] = []
        let samples = pattern.samples
        guard samples.count <= maximumSamples else { return nil }
        for tag in samples {
            guard
                let rule = above.first(where: { rule in
                    if case .match(let earlier, _) = rule { earlier.matches(tag) } else { false }
                })
            else { return nil }
            if !covering.contains(rule.pattern.shown) { covering.append(rule.pattern.shown) }
        }
        return covering.isEmpty ? nil : covering.joined(separator: "> and <match ")
    }

    /// The filters and the output of a tag.
    static func route(_ tag: [UInt8], in rules: [RulePlan]) -> (filters: [FilterPlan], output: OutputPlan?) {
        var filters: [FilterPlan] = []
        // A rule is large: only those that match are taken out.
        for index in rules.indices where rules[index].pattern.matches(tag) {
            switch rules[index] {
            case .filter(_, let filter): filters.append(filter)
            case .match(_, let output): return (filters, output)
            }
        }
        return (filters, nil)
    }

    /// The labels that events of the sources reach, however they go; what is refused on the way reaches `@ERROR`.
    static func reachedLabels(_ plan: PipelinePlan) -> Set<String> {
        func targets(_ output: OutputPlan) -> [String] {
            output.followingLabels + output.children.flatMap(targets)
        }
        var reached: Set<String> = []
        var waiting = plan.sources.map { $0.label ?? LabelPlan.rootName } + [LabelPlan.errorName]
        // What a secondary passes on comes from an output that may or may not be reached: it is taken for reached.
        waiting += plan.labels.filter(\.isHidden).map(\.name)
        while let name = waiting.popLast() {
            guard reached.insert(name).inserted, let label = plan.label(name) else { continue }
            for rule in label.rules {
                switch rule {
                case .match(_, let output): waiting += targets(output)
                case .filter(_, let filter): waiting += [filter.timeoutLabel].compactMap { $0 }
                }
            }
        }
        return reached
    }

    /// Labels that send an event from one to the next and back to the first; nil when there are none.
    static func circle(_ plan: PipelinePlan) -> [String]? {
        guard plan.labels.contains(where: { $0.rules.contains(where: leadsOn) }) else { return nil }
        for label in plan.labels {
            for rule in label.rules {
                for tag in rule.pattern.samples.prefix(16) {
                    var cleared: Set<String> = []
                    if let found = circle(tag, label.name, [], plan, &cleared) { return found }
                }
            }
        }
        return nil
    }

    /// A tag under which events that a `<match>` gives new tags come to the same `<match>` again; nil: they do not. What a
    /// group takes is a word in it.
    static func returningTag(_ rule: RulePlan, _ plan: PipelinePlan) -> [UInt8]? {
        guard case .match(let pattern, let output) = rule else { return nil }
        for old in pattern.samples.prefix(16) {
            for one in [output] + output.children {
                for rewrite in one.rewrites {
                    let new = rewrite.example(old)
                    guard new != old, let label = plan.label(rewrite.label),
                        route(new, in: label.rules).output?.stage.id == output.stage.id
                    else { continue }
                    return new
                }
            }
        }
        return nil
    }

    private static func leadsOn(_ rule: RulePlan) -> Bool {
        guard case .match(_, let output) = rule else { return false }
        return output.label != nil || output.children.contains { $0.label != nil }
    }

    private static func circle(
        _ tag: [UInt8], _ name: String, _ path: [String], _ plan: PipelinePlan, _ cleared: inout Set<String>
    ) -> [String]? {
        if let index = path.firstIndex(of: name) { return Array(path[index...]) }
        guard !cleared.contains(name), let label = plan.label(name), let output = route(tag, in: label.rules).output
        else { return nil }
        for one in [output] + output.children {
            if let next = one.label, let found = circle(tag, next, path + [name], plan, &cleared) { return found }
        }
        cleared.insert(name)
        return nil
    }
}
