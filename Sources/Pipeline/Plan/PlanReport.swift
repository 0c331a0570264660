internal import ConfigFile

/// A plan for people: what `sluice check` prints.
package enum PlanReport {
    /// Sources; then for the root and each label its rules from top to bottom, and what becomes of each pattern's tags.
    package static func text(_ plan: PipelinePlan, path: String) -> String {
        let shown = plan.labels.filter { !$0.isHidden && !$0.rules.isEmpty }
        let origins = plan.sources.map(\.stage.origin) + shown.flatMap { $0.rules.map(\.origin) }
        let originWidth = origins.map { $0.shown(in: path).count }.max() ?? 0
        func place(_ origin: SectionOrigin) -> String { "  " + left(origin.shown(in: path), originWidth) }

        var text = "\(path): ok\n\nsources\n"
        let typeWidth = plan.sources.map { $0.type.count }.max() ?? 0
        let summaryWidth = plan.sources.map { $0.summary.count }.max() ?? 0
        for source in plan.sources {
            let target = source.label.map { $0 == LabelPlan.rootName ? "events" : "label \($0)" } ?? "events"
            text +=
                "\(place(source.stage.origin))  \(left(source.type, typeWidth))  \(left(source.summary, summaryWidth))  → \(target)\n"
        }
        for label in shown {
            text += "\n\(heading(label))\n"
            let width = label.rules.map { $0.pattern.shown.count }.max() ?? 0
            let indent = String(repeating: " ", count: originWidth + width + 14)
            for (index, rule) in label.rules.enumerated() {
                text +=
                    "\(place(rule.origin))  \(left(rule.kind, 6))  \(left(rule.pattern.shown, width))  \(rule.stage)\n"
                if case .match(_, let output) = rule {
                    for child in output.children { text += "\(indent)→ \(describe(child))\n" }
                }
                if let above = RouteSurvey.cover(of: rule.pattern, in: label.rules[..<index]) {
                    text += "\(indent)never reached: <match \(above)> above takes them first\n"
                }
            }
            if width > 0, label.rules.contains(where: { $0.pattern.shown != label.rules[0].pattern.shown }) {
                text += "\n\(heading(label)), by tag\n\(chains(label))"
            }
        }
        return SecretText.masked(text)
    }

    /// A line for each pattern: the filters that change its events, and where they end.
    private static func chains(_ label: LabelPlan) -> String {
        var patterns: [TagPattern] = []
        for rule in label.rules where !patterns.contains(where: { $0.shown == rule.pattern.shown }) {
            patterns.append(rule.pattern)
        }
        let width = patterns.map(\.shown.count).max() ?? 0
        var text = ""
        for pattern in patterns {
            // The first sample has each star stand for a part of its own.
            guard let tag = pattern.samples.first else { continue }
            let route = RouteSurvey.route(tag, in: label.rules)
            let end = route.output.map { output in
                output.children.isEmpty
                    ? describe(output)
                    : "\(output.type) to \(output.children.map(\.type).joined(separator: ", "))"
            }
            let steps = route.filters.map { describe($0.type, $0.summary) } + [end ?? "dropped: no <match> takes it"]
            text += "  \(left(pattern.shown, width))  \(steps.joined(separator: " → "))\n"
        }
        return text
    }

    private static func heading(_ label: LabelPlan) -> String {
        label.name == LabelPlan.rootName ? "events" : "label \(label.name)"
    }

    private static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func describe(_ output: OutputPlan) -> String {
        describe(output.type, output.summary) + (output.secondary.map { ", else \($0)" } ?? "")
    }

    private static func describe(_ type: String, _ summary: String) -> String {
        summary.isEmpty ? type : "\(type) (\(summary))"
    }
}

extension RulePlan {
    /// The name of its section.
    var kind: String { if case .filter = self { "filter" } else { "match" } }

    var origin: SectionOrigin {
        switch self {
        case .filter(_, let filter): filter.stage.origin
        case .match(_, let output): output.stage.origin
        }
    }

    /// What it does, in a few words.
    var stage: String {
        switch self {
        case .filter(_, let filter): filter.summary.isEmpty ? filter.type : "\(filter.type) (\(filter.summary))"
        case .match(_, let output): PlanReport.describe(output)
        }
    }
}
