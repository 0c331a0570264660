package import ConfigFile
internal import Events

extension PlanReport {
    /// A plan and what there is to say about it for machines: one JSON object on one line.
    ///
    /// `rules[].unreachable_because` is there when no event reaches the rule; `outputs` has the stores of a copy.
    /// - Parameter isStrict: a warning is as bad as an error.
    package static func json(_ plan: PipelinePlan, diagnostics: Diagnostics, isStrict: Bool = false) -> String {
        var out = ByteBuffer()
        out.append("{\"ok\":")
        out.append(diagnostics.hasErrors || isStrict && diagnostics.warningCount > 0 ? "false" : "true")
        out.append(",\"errors\":\(diagnostics.errorCount),\"warnings\":\(diagnostics.warningCount)")
        list("diagnostics", diagnostics.inFileOrder, &out) { diagnostic, out in
            let members: [(String, Item)] = [
                ("severity", .text(diagnostic.severity.rawValue)), ("file", .text(diagnostic.file)),
                ("line", .number(diagnostic.line)), ("column", .number(diagnostic.column)),
                ("message", .text(diagnostic.message)),
            ]
            object(members + (diagnostic.hint.map { [("hint", .text($0))] } ?? []), &out)
        }
        list("sources", plan.sources, &out) { source, out in
            object(
                [
                    ("type", .text(source.type)), ("summary", .text(source.summary)),
                    ("label", .text(source.label ?? LabelPlan.rootName)), ("line", .number(source.stage.origin.line)),
                    ("file", .text(source.stage.origin.file)),
                ], &out)
        }
        let rules = plan.labels.filter { !$0.isHidden }.flatMap { label in
            label.rules.indices.map { (label, $0) }
        }
        list("rules", rules, &out) { entry, out in rule(entry.0, entry.1, &out) }
        out.append("}\n")
        return out.text(Slice(offset: 0, length: out.count))
    }

    private enum Item { case text(String), number(Int) }

    private static func rule(_ label: LabelPlan, _ index: Int, _ out: inout ByteBuffer) {
        let rule = label.rules[index]
        var members: [(String, Item)] = [
            ("label", .text(label.name)), ("kind", .text(rule.kind)), ("pattern", .text(rule.pattern.shown)),
            ("line", .number(rule.origin.line)), ("file", .text(rule.origin.file)),
        ]
        if let above = RouteSurvey.cover(of: rule.pattern, in: label.rules[..<index]) {
            members.append(("unreachable_because", .text(above)))
        }
        switch rule {
        case .filter(_, let filter):
            object(members + [("type", .text(filter.type)), ("summary", .text(filter.summary))], &out)
        case .match(_, let output): object(members + self.members(of: output), &out) { nested(output, &$0) }
        }
    }

    private static func members(of output: OutputPlan) -> [(String, Item)] {
        [("type", .text(output.type)), ("summary", .text(output.summary))]
            + (output.secondary.map { [("secondary", .text($0))] } ?? [])
    }

    private static func nested(_ output: OutputPlan, _ out: inout ByteBuffer) {
        guard !output.children.isEmpty else { return }
        list("outputs", output.children, &out) { child, out in
            object(members(of: child) + [("line", .number(child.stage.origin.line))], &out) { nested(child, &$0) }
        }
    }

    /// `,"name":[…]`
    private static func list<Element>(
        _ name: String, _ elements: [Element], _ out: inout ByteBuffer, _ write: (Element, inout ByteBuffer) -> Void
    ) {
        out.append(",\"\(name)\":[")
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            write(element, &out)
        }
        out.append(UInt8(ascii: "]"))
    }

    private static func object(
        _ members: [(String, Item)], _ out: inout ByteBuffer, _ more: (inout ByteBuffer) -> Void = { _ in }
    ) {
        out.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out.appendJSONString(member.0)
            out.append(UInt8(ascii: ":"))
            switch member.1 {
            case .text(let text): out.appendJSONString(SecretText.masked(text))
            case .number(let number): out.appendDecimal(Int64(number))
            }
        }
        more(&out)
        out.append(UInt8(ascii: "}"))
    }
}
