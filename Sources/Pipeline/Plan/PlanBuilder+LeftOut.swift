internal import ConfigFile

/// Sections of types that sluice does not have, and that keep nothing from running.
extension PlanBuilder {
    /// What takes the events of an output around stores that are all left out.
    func leftOut(_ type: String, around reader: SectionReader) -> OutputPlan {
        diagnostics.warning(
            reader.section.place,
            "every <store> of \(reader.description) is left out: events that come here are dropped",
            hint: "add a <store> of a type that is there")
        return leftOut(type)
    }

    /// What takes the events of an output that is left out.
    func leftOut(_ type: String) -> OutputPlan {
        OutputPlan(
            type: type, summary: "left out: events are dropped", isLeftOut: true,
            makeOutput: { context in LeftOutOutput(type: type, log: context.log) })
    }

    /// Whether a section is left out because there is nothing of its type; that it is, is said.
    func isLeftOut<Read>(
        _ reader: SectionReader, _ type: Setting<String>, _ table: [(String, Read)], _ noun: String
    ) -> Bool {
        if table.contains(where: { $0.0 == type.value }) { return false }
        var reason = KnownPlugins.reasonToLeaveOut(type.value, noun)
        // The file that td-agent came with has such a section; it sends nothing there, either.
        if noun == "output", type.value == "tdlog", reader.section.parameter("apikey")?.text == "YOUR_API_KEY" {
            reason = "its key is the one of td-agent's example"
        }
        if skipsUnknown { reason = reason ?? "there is no such \(noun), and --skip-unknown says to go on" }
        guard let reason else { return false }
        var hint: String?
        if noun == "output" {
            switch reader.section.name {
            case "store": hint = "the other stores get the events"
            case "secondary": hint = "what is given up is kept as dead letters"
            default: hint = "events that come here are dropped, and the log says so"
            }
        }
        diagnostics.warning(type.place, "the \(noun) type '\(type.value)' is left out: \(reason)", hint: hint)
        diagnostics.add(
            Difference(
                .leftOut, at: reader.section.place, of: reader.section.place, section: reader.description, reason,
                advice: hint ?? KnownPlugins.hint(type.value, noun).flatMap { $0.isEmpty ? nil : $0 }))
        return true
    }
}
