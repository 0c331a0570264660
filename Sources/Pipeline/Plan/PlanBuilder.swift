package import ConfigFile
internal import Logging

/// Tree → plan. Goes over every section whatever was wrong before, so that all errors come in one go.
package final class PlanBuilder {
    let diagnostics: Diagnostics
    let environment: ConfigEnvironment
    /// `<label>` names that exist, for relabel and sources.
    private var labelNames: [String] = []
    private var labelUses: [(name: String, place: Place)] = []
    private var plan = PipelinePlan()

    private init(_ diagnostics: Diagnostics, _ environment: ConfigEnvironment) {
        self.diagnostics = diagnostics
        self.environment = environment
    }

    /// Builds the plan of a document. With errors in `document.diagnostics` the plan must not be run.
    package static func build(_ document: ConfigDocument, environment: ConfigEnvironment) -> PipelinePlan {
        let builder = PlanBuilder(document.diagnostics, environment)
        builder.build(document.root)
        return builder.plan
    }

    private func build(_ root: Section) {
        labelNames = labelSections(root).map(\.argument.text)
        plan.labels = [LabelPlan(name: LabelPlan.rootName)]
        visit(root)
        for use in labelUses where !labelNames.contains(use.name) && use.name != LabelPlan.rootName {
            diagnostics.error(
                use.place, "no <label \(use.name)> is defined",
                hint: EditDistance.nearest(to: use.name, in: labelNames).map { "did you mean '\($0)'?" }
                    ?? "add <label \(use.name)> … </label>")
        }
        if plan.sources.isEmpty && !diagnostics.hasErrors {
            diagnostics.error(
                root.place, "the configuration has no <source>, so no event would ever arrive",
                hint: "add <source> with '@type forward'")
        }
    }

    private func labelSections(_ section: Section) -> [Section] {
        section.sections(named: "label") + section.sections(named: "worker").flatMap { labelSections($0) }
    }

    /// The root's sections, or those of a `<worker>`, which all belong to the one process there is.
    private func visit(_ section: Section) {
        for child in section.sections {
            switch child.name {
            case "system": plan.system = SystemSection.read(child, diagnostics)
            case "source": if let source = source(child) { plan.sources.append(source) }
            case "filter", "match": if let rule = rule(child) { plan.labels[0].rules.append(rule) }
            case "label": plan.labels.append(label(child))
            case "worker":
                diagnostics.warning(
                    child.place, "\(child.tag) runs in the one process there is, like everything else",
                    hint: "sluice uses threads instead of workers: <system> threads N")
                visit(child)
            default: break  // the parser has reported it
            }
        }
    }

    private func label(_ section: Section) -> LabelPlan {
        LabelPlan(
            name: section.argument.text,
            rules: section.sections.compactMap { ["filter", "match"].contains($0.name) ? rule($0) : nil })
    }

    private func source(_ section: Section) -> SourcePlan? {
        let reader = SectionReader(section, diagnostics: diagnostics)
        guard let type = reader.type(required: true) else { return nil }
        guard let read = known(type, SectionRegistry.sources, "source") else { return nil }
        var plan = read(reader, self)
        plan?.logLevel = logLevel(reader)
        if let label = reader.label() {
            use(label: label.value, at: label.place)
            plan?.label = label.value
        }
        _ = reader.id()
        reader.finish()
        return plan
    }

    private func rule(_ section: Section) -> RulePlan? {
        let reader = SectionReader(section, diagnostics: diagnostics)
        var pattern: TagPattern?
        do throws(TagPattern.SyntaxError) {
            pattern = try TagPattern(section.argument.text)
        } catch {
            diagnostics.error(section.argument.place, "\(section.tag): \(error.message)")
        }
        guard let type = reader.type(required: true) else { return nil }
        if section.name == "filter" {
            guard let read = known(type, SectionRegistry.filters, "filter") else { return nil }
            let filter = read(reader, self)
            _ = (reader.id(), logLevel(reader))
            reader.finish()
            guard let pattern, let filter else { return nil }
            return .filter(pattern, filter)
        }
        let output = output(reader, type)
        guard let pattern, let output else { return nil }
        return .match(pattern, output)
    }

    /// The output of a `<match>`, a `<store>` or a `<secondary>`.
    func output(_ reader: SectionReader, _ type: Setting<String>) -> OutputPlan? {
        guard let read = known(type, SectionRegistry.outputs, "output") else { return nil }
        let output = read(reader, self)
        _ = (reader.id(), logLevel(reader))
        reader.finish()
        return output
    }

    private func logLevel(_ reader: SectionReader) -> LogLevel? {
        guard let setting = reader.logLevel() else { return nil }
        if let level = LogLevel(setting.value) { return level }
        diagnostics.error(
            setting.place, "'@log_level' is '\(setting.value)', which is no level",
            hint: "one of \(LogLevel.allCases.map(\.description).joined(separator: ", "))")
        return nil
    }

    /// A label for a `<secondary>`: all that comes in goes to its output. Its name is none a file can write.
    func addHiddenLabel(for output: OutputPlan) -> String? {
        guard let everything = try? TagPattern("**") else { return nil }
        let name = "<secondary> \(plan.labels.count)"
        plan.labels.append(LabelPlan(name: name, rules: [.match(everything, output)]))
        return name
    }

    /// Notes that something sends to a label; that it exists is checked at the end.
    func use(label: String, at place: Place) { labelUses.append((label, place)) }

    /// The reader of a plugin type, or an error with what was probably meant.
    func known<Read>(_ type: Setting<String>, _ table: [(String, Read)], _ noun: String) -> Read? {
        if let found = table.first(where: { $0.0 == type.value }) { return found.1 }
        let names = table.map(\.0)
        diagnostics.error(
            type.place, "unknown \(noun) type '\(type.value)'",
            hint: EditDistance.nearest(to: type.value, in: names).map { "did you mean '\($0)'?" }
                ?? "there are \(names.joined(separator: ", "))")
        return nil
    }
}

/// Which section is read by whom: a stage is added by one line here and a file beside this folder's others.
enum SectionRegistry {
    typealias Read<Plan> = (SectionReader, PlanBuilder) -> Plan?

    static var sources: [(String, Read<SourcePlan>)] {
        [
            ("forward", ForwardSection.read), ("unix", ForwardSection.readUnix),
        ]
    }
    static var filters: [(String, Read<FilterPlan>)] {
        [
            ("parser", ParserFilterSection.read), ("grep", GrepSection.read),
            ("record_transformer", RecordTransformerSection.read), ("stdout", StdoutSection.readFilter),
        ]
    }
    static var outputs: [(String, Read<OutputPlan>)] {
        [
            ("elasticsearch", ElasticsearchSection.read), ("stdout", StdoutSection.read), ("copy", CopySection.read),
            ("relabel", RelabelSection.read), ("null", NullSection.read),
        ]
    }
}
