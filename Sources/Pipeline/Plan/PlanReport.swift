package import ConfigFile
internal import Events

/// A plan for people and for machines: what `sluice check` prints.
package enum PlanReport {
    /// Sources, then for each label the way of an event from the top to the bottom.
    package static func text(_ plan: PipelinePlan, path: String) -> String {
        var text = "\(path): ok\n\nsources\n"
        for source in plan.sources {
            text += "  \(source.type)  \(source.summary)  → \(source.label ?? LabelPlan.rootName)\n"
        }
        for label in plan.labels where !label.rules.isEmpty {
            text += "\n\(label.name == LabelPlan.rootName ? "events" : "label \(label.name)")\n"
            let width = label.rules.map { Self.pattern($0).count }.max() ?? 0
            for (index, rule) in label.rules.enumerated() {
                let pattern = Self.pattern(rule)
                let padded = pattern + String(repeating: " ", count: width - pattern.count)
                switch rule {
                case .filter(_, let filter):
                    text += "  filter  \(padded)  \(describe(filter.type, filter.summary))\n"
                case .match(_, let output):
                    text += "  match   \(padded)  \(describe(output.type, output.summary))\n"
                    for child in output.children {
                        text +=
                            "          \(String(repeating: " ", count: width))    → \(describe(child.type, child.summary))\n"
                    }
                    if let hidden = shadowed(label.rules[..<index], rule) {
                        text +=
                            "          \(String(repeating: " ", count: width))    never reached: <match \(hidden)> above takes everything\n"
                    }
                }
            }
        }
        return text
    }

    package static func json(_ plan: PipelinePlan, diagnostics: Diagnostics) -> String {
        var out = ByteBuffer()
        out.append("{\"ok\":")
        out.append(diagnostics.hasErrors ? "false" : "true")
        out.append(",\"diagnostics\":[")
        for (index, diagnostic) in diagnostics.inFileOrder.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            object(
                [
                    ("severity", .text(diagnostic.severity.rawValue)), ("file", .text(diagnostic.file)),
                    ("line", .number(diagnostic.line)), ("column", .number(diagnostic.column)),
                    ("message", .text(diagnostic.message)), ("hint", .text(diagnostic.hint ?? "")),
                ], to: &out)
        }
        out.append("],\"sources\":[")
        for (index, source) in plan.sources.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            object(
                [
                    ("type", .text(source.type)), ("summary", .text(source.summary)),
                    ("label", .text(source.label ?? LabelPlan.rootName)),
                ], to: &out)
        }
        out.append("],\"rules\":[")
        var isFirst = true
        for label in plan.labels {
            for rule in label.rules {
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                let (kind, type, summary) =
                    switch rule {
                    case .filter(_, let filter): ("filter", filter.type, filter.summary)
                    case .match(_, let output):
                        (
                            "match", output.type,
                            ([output.summary] + output.children.map { describe($0.type, $0.summary) }).joined(
                                separator: "; ")
                        )
                    }
                object(
                    [
                        ("label", .text(label.name)), ("kind", .text(kind)), ("pattern", .text(pattern(rule))),
                        ("type", .text(type)), ("summary", .text(summary)),
                    ], to: &out)
            }
        }
        out.append("]}\n")
        return out.text(Slice(offset: 0, length: out.count))
    }

    private enum Item { case text(String), number(Int) }

    private static func object(_ members: [(String, Item)], to out: inout ByteBuffer) {
        out.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out.appendJSONString(member.0)
            out.append(UInt8(ascii: ":"))
            switch member.1 {
            case .text(let text): out.appendJSONString(text)
            case .number(let number): out.appendDecimal(Int64(number))
            }
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func describe(_ type: String, _ summary: String) -> String {
        summary.isEmpty ? type : "\(type) (\(summary))"
    }

    private static func pattern(_ rule: RulePlan) -> String {
        let text =
            switch rule {
            case .filter(let pattern, _): pattern.text
            case .match(let pattern, _): pattern.text
            }
        return text.isEmpty ? "**" : text
    }

    /// The earlier match that takes every tag, if there is one.
    private static func shadowed(_ earlier: ArraySlice<RulePlan>, _ rule: RulePlan) -> String? {
        for case .match(let pattern, _) in earlier where pattern.text == "**" || pattern.text.isEmpty {
            return pattern.text.isEmpty ? "**" : pattern.text
        }
        return nil
    }
}
