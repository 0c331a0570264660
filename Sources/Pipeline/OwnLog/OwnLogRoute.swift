internal import Events
internal import Logging

/// Where lines of the daemon's own log go as events, by a plan: into `<label @FLUENT_LOG>` where there is one, else to the
/// `<match fluent.**>` of the top level. A `<match **>` there does not get them: its owner has not asked.
struct OwnLogRoute: Sendable, Equatable {
    static let labelName = "@FLUENT_LOG"

    /// Whose router takes them.
    let label: String
    /// The ones for which there is a `<match>`.
    let levels: Set<LogLevel>
    /// The names of the stages that they may come to sooner or later: what these say is no event.
    let carriers: Set<String>
    /// The labels that they may come to, the first one only where it is the log's own.
    let labels: Set<String>

    /// nil: the plan wants none.
    ///
    /// - Parameter names: what the log calls outputs that it does not call by their ids.
    init?(_ plan: PipelinePlan, names: [String: String] = [:]) {
        let name = plan.label(Self.labelName) != nil ? Self.labelName : LabelPlan.rootName
        guard let entry = plan.label(name) else { return nil }
        var carriers: Set<String> = []
        var waiting: [String] = []
        var levels: Set<LogLevel> = []
        for level in LogLevel.allCases {
            let route = RouteSurvey.route(Self.tag(level), in: entry.rules)
            guard let output = route.output, output.type != "null" else { continue }
            if name == LabelPlan.rootName, !Self.isAskedFor(by: output, in: entry.rules) { continue }
            levels.insert(level)
            for filter in route.filters {
                // What it says when it is handed an event is left out anyway, unless it held that one back.
                waiting += [filter.timeoutLabel].compactMap { $0 }
            }
            Self.note(output, &carriers, &waiting)
        }
        guard !levels.isEmpty else { return nil }
        // What an output refuses goes there.
        waiting.append(LabelPlan.errorName)
        var seen: Set<String> = []
        while let next = waiting.popLast() {
            guard seen.insert(next).inserted, let label = plan.label(next) else { continue }
            for rule in label.rules {
                switch rule {
                case .filter(_, let filter):
                    carriers.insert(filter.stage.id.description)
                    waiting += [filter.timeoutLabel].compactMap { $0 }
                case .match(_, let output): Self.note(output, &carriers, &waiting)
                }
            }
        }
        (label, self.levels) = (name, levels)
        self.carriers = carriers.union(carriers.compactMap { names[$0] })
        labels = name == Self.labelName ? seen.union([name]) : seen
    }

    func takes(_ entry: LogEntry) -> Bool {
        guard levels.contains(entry.level) else { return false }
        return !entry.fields.contains { field in
            guard field.name == StageKind.output.rawValue || field.name == StageKind.filter.rawValue,
                case .text(let name) = field.value
            else { return false }
            return carriers.contains(name)
        }
    }

    static func tag(_ level: LogLevel) -> [UInt8] { Array("fluent.\(level)".utf8) }

    /// Whether all that a pattern matches is of this kind: `fluent.**`, `fluent.warn fluent.error`.
    static func isForOwnLog(_ pattern: TagPattern) -> Bool {
        let parts = pattern.text.split(separator: " ")
        return !parts.isEmpty && parts.allSatisfy { $0.hasPrefix("fluent.") || $0 == "fluent" }
    }

    private static func isAskedFor(by output: OutputPlan, in rules: [RulePlan]) -> Bool {
        rules.contains { rule in
            if case .match(let pattern, let other) = rule {
                other.stage.id == output.stage.id && isForOwnLog(pattern)
            } else {
                false
            }
        }
    }

    private static func note(_ output: OutputPlan, _ carriers: inout Set<String>, _ waiting: inout [String]) {
        carriers.insert(output.stage.id.description)
        waiting += output.followingLabels + [output.secondaryLabel].compactMap { $0 }
        for child in output.children { note(child, &carriers, &waiting) }
    }
}
