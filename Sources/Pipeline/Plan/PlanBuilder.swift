package import ConfigFile
internal import Logging
internal import Words

/// Tree → plan. Goes over every section whatever was wrong before, so that all errors come in one go.
package final class PlanBuilder {
    let diagnostics: Diagnostics
    let environment: ConfigEnvironment
    let files: any FileSource
    /// Of the files that outputs make.
    let modes: FileModes
    /// What is held against the files that the configuration names.
    var openings = OpeningChecks()
    /// What filters make of events, by name.
    var eventMetrics = EventMetricNames()
    /// Where each source listens.
    private var listeners: [(endpoint: ListenPlace, place: Place)] = []
    /// Folders and names of buffers in files.
    private var positionFiles: [(path: String, place: Place)] = []
    private var buffers: [(path: String, place: Place)] = []
    /// `<label>` names that exist, for relabel and sources.
    private var labelNames: [String] = []
    private var labelUses: [(name: String, place: Place)] = []
    private(set) var plan = PipelinePlan()
    /// The opening tags of each label's rules.
    private var places: [String: [Place]] = [:]
    private var firstPlace: Place
    /// The first `<source>` without a label.
    private var firstUnlabelled: Place?
    private var stages: StageNames
    /// Around the section that is being read.
    private(set) var label = LabelPlan.rootName

    /// Whether buffers in files are taken for buffers in memory: their files are a running daemon's.
    let keepsBuffersInMemory: Bool

    /// Whether a section of an unknown type is left out instead of being an error.
    let skipsUnknown: Bool

    private init(
        _ document: ConfigDocument, _ environment: ConfigEnvironment, keepsBuffersInMemory: Bool, skipsUnknown: Bool
    ) {
        self.keepsBuffersInMemory = keepsBuffersInMemory
        self.skipsUnknown = skipsUnknown
        let root = document.root
        firstPlace = root.sections.first?.place ?? root.place
        diagnostics = document.diagnostics
        stages = StageNames(path: document.path)
        self.environment = environment
        files = document.files
        modes = FileModes(root)
    }

    /// Builds the plan of a document. With errors in `document.diagnostics` the plan must not be run.
    ///
    /// - Parameters:
    ///   - opensFiles: whether certificates, keys and folders that it names are looked at.
    ///   - keepsBuffersInMemory: whether no buffer has files.
    ///   - skipsUnknown: whether sections of a type that is not there are left out with a warning.
    package static func build(
        _ document: ConfigDocument, environment: ConfigEnvironment, opensFiles: Bool = false,
        keepsBuffersInMemory: Bool = false, skipsUnknown: Bool = false
    ) -> PipelinePlan {
        let builder = PlanBuilder(
            document, environment, keepsBuffersInMemory: keepsBuffersInMemory, skipsUnknown: skipsUnknown)
        builder.build(document.root)
        if opensFiles { builder.openings.run(document.diagnostics) }
        return builder.plan
    }

    private func build(_ root: Section) {
        labelNames = labelSections(root).map(\.argument.text)
        plan.labels = [LabelPlan(name: LabelPlan.rootName)]
        visit(root)
        checkLabels(root)
        checkRoutes()
    }

    private func checkLabels(_ root: Section) {
        for use in labelUses where !labelNames.contains(use.name) && use.name != LabelPlan.rootName {
            diagnostics.error(
                use.place, "no <label \(use.name)> is defined",
                hint: EditDistance.nearest(to: use.name, in: labelNames).map { "did you mean '\($0)'?" }
                    ?? "add <label \(use.name)> … </label>")
        }
        let used = labelUses.map(\.name) + [LabelPlan.errorName, OwnLogRoute.labelName]
        for section in labelSections(root) where !used.contains(section.argument.text) && !section.argument.text.isEmpty
        {
            diagnostics.warning(
                section.place, "nothing sends events to \(section.tag)",
                hint: "a <source> or a <match> of type relabel with '@label \(section.argument.text)' does")
        }
        // Fluentd starts: the sources of a base file may come from an @include that matches nothing yet.
        if plan.sources.isEmpty && !diagnostics.hasErrors {
            diagnostics.warning(
                root.place, "the configuration has no <source>, so no event will ever arrive",
                hint: "add <source> with '@type forward'")
        }
    }

    /// Notes where a source listens; no two sources can have one place.
    func listens(on endpoint: ListenPlace, at place: Place) {
        if let other = listeners.first(where: { $0.endpoint.overlaps(endpoint) }) {
            diagnostics.error(
                place, "another <source> listens on \(endpoint) already", hint: "give one of them another port or path",
                related: [.init(other.place, "the first one is here")])
        }
        listeners.append((endpoint, place))
    }

    /// Notes where a buffer has its files; no two can have one place.
    func keeps(bufferAt path: String, at place: Place) {
        if let other = buffers.first(where: { $0.path == path }) {
            diagnostics.error(
                place, "another output has its buffer in '\(path)' already", hint: "give each output a path of its own",
                related: [.init(other.place, "the first one is here")])
        }
        buffers.append((path, place))
    }

    /// Notes where a source keeps its positions; no two can have one file.
    func keeps(positionsAt path: String, at place: Place) {
        if let other = positionFiles.first(where: { $0.path == path }) {
            diagnostics.error(
                place, "another <source> has its positions in '\(path)' already",
                hint: "give each source a file of its own",
                related: [.init(other.place, "the first one is here")])
        }
        positionFiles.append((path, place))
    }

    /// Labels that no event reaches although something sends to them, and the root when every source has a label.
    private func checkReach() {
        guard let first = plan.sources.first else { return }
        let reached = RouteSurvey.reachedLabels(plan).union(OwnLogRoute(plan)?.labels ?? [])
        for label in plan.labels where !label.isHidden && !reached.contains(label.name) {
            guard let place = places[label.name]?.first else { continue }
            if label.name == LabelPlan.rootName {
                let isLog = label.rules.allSatisfy { $0.pattern.text.hasPrefix("fluent.") }
                if isLog { continue }
                let related = labelUses.first { $0.name == first.label }.map {
                    [Diagnostic.Related($0.place, "the first source sends to its label here")]
                }
                diagnostics.warning(
                    place, "no event reaches the sections at the top level: every <source> has a '@label'",
                    hint: "move them into <label \(first.label ?? "@NAME")>, or remove the source's '@label'",
                    related: related ?? [])
            } else if let use = labelUses.first(where: { $0.name == label.name }) {
                diagnostics.warning(
                    place, "no event reaches <label \(label.name)>", hint: "what sends to it gets no events itself",
                    related: [.init(use.place, "only this sends to it")])
            }
        }
    }

    /// What a configuration can say without being wrong, and yet not mean. Only where everything else is right: a rule
    /// that was not understood would make others look unreachable.
    private func checkRoutes() {
        guard !diagnostics.hasErrors else { return }
        checkReach()
        for label in plan.labels where !label.isHidden {
            for (index, rule) in label.rules.enumerated() {
                guard let place = places[label.name]?[index],
                    let above = RouteSurvey.cover(of: rule.pattern, in: label.rules[..<index])
                else { continue }
                diagnostics.warning(
                    place, "no event reaches this section: <match \(above)> above it takes them",
                    hint: "the first <match> that fits takes an event; put this section above it")
            }
            for (index, rule) in label.rules.enumerated() {
                guard let place = places[label.name]?[index], let tag = RouteSurvey.returningTag(rule, plan) else {
                    continue
                }
                diagnostics.warning(
                    place,
                    "events come back here under their new tag, such as '\(String(decoding: tag, as: UTF8.self))'",
                    hint: "give them tags that this section does not match, or send them to a label: '@label @NAME'")
            }
        }
        let withMatch = plan.labels.filter { label in
            label.rules.contains { if case .match = $0 { true } else { false } }
        }
        if withMatch.isEmpty {
            diagnostics.warning(
                firstPlace, "there is no <match>, so every event is dropped",
                hint: "add <match **> with an '@type', such as stdout")
        } else if let firstUnlabelled, !withMatch.contains(where: { $0.name == LabelPlan.rootName }),
            let label = withMatch.first(where: { !$0.isHidden })
        {
            diagnostics.warning(
                firstUnlabelled, "every event of this source is dropped: each <match> stands in a <label>",
                hint: "add '@label \(label.name)' to the source, or a <match> at the top level")
        }
        if let circle = RouteSurvey.circle(plan), let place = labelUses.first(where: { $0.name == circle[0] })?.place {
            diagnostics.error(
                place, "events would go round in circles: \((circle + [circle[0]]).joined(separator: " → "))",
                hint: "let one of them end in an output that is no relabel")
        }
    }

    private func labelSections(_ section: Section) -> [Section] {
        section.sections(named: "label") + section.sections(named: "worker").flatMap { labelSections($0) }
    }

    /// The root's sections, or those of a `<worker>`, which all belong to the one process there is.
    private func visit(_ section: Section) {
        for child in section.sections {
            switch child.name {
            case "system":
                plan.system = SystemSection.read(child, diagnostics)
                if let setting = child.parameter("root_dir"), let path = setting.text {
                    openings.add(root: path, setting)
                }
            case "source":
                if let source = source(child) {
                    plan.sources.append(source)
                    if source.label == nil { firstUnlabelled = firstUnlabelled ?? child.place }
                }
            case "filter", "match": add(child, toLabel: LabelPlan.rootName)
            case "label":
                _ = labelIndex(child.argument.text)
                for rule in child.sections where ["filter", "match"].contains(rule.name) {
                    add(rule, toLabel: child.argument.text)
                }
            case "worker":
                diagnostics.warning(
                    child.place, "\(child.tag) runs in the one process there is, like everything else",
                    hint: "sluice uses threads instead of workers: <system> threads N")
                stages.worker = child
                visit(child)
                stages.worker = nil
            default: break  // the parser has reported it
            }
        }
    }

    /// Labels of one name in two `<worker>` sections are one: there is one process.
    private func add(_ section: Section, toLabel name: String) {
        label = name
        guard let rule = rule(section) else { return }
        plan.labels[labelIndex(name)].rules.append(rule)
        places[name, default: []].append(section.place)
    }

    private func labelIndex(_ name: String) -> Int {
        if let index = plan.labels.firstIndex(where: { $0.name == name }) { return index }
        plan.labels.append(LabelPlan(name: name))
        return plan.labels.count - 1
    }

    private func source(_ section: Section) -> SourcePlan? {
        let reader = SectionReader(section, diagnostics: diagnostics)
        guard let type = reader.type(required: true) else { return nil }
        if isLeftOut(reader, type, SectionRegistry.sources, "source") { return nil }
        guard let read = known(type, SectionRegistry.sources, "source") else { return nil }
        var stage = stage(reader)
        var plan = read(reader, self)
        stage.settings = section.shownParameters(diagnostics)
        plan?.stage = stage
        if let label = reader.label() {
            use(label: label.value, at: label.place)
            plan?.label = label.value
        }
        reader.finish(isWhole: plan != nil)
        SectionDifferences.tellSource(type.value, reader)
        return plan
    }

    private func rule(_ section: Section) -> RulePlan? {
        let reader = SectionReader(section, diagnostics: diagnostics)
        var pattern: TagPattern?
        do throws(TagPattern.SyntaxError) {
            pattern = try TagPattern(section.argument.text)
        } catch {
            let argument = section.argument.place
            // Without quotes and embedded code the argument's bytes are those of the file.
            let isPlain = argument.text.utf8.count == section.argument.text.utf8.count
            let place = isPlain ? Place(argument.file, argument.start + error.offset, argument.end) : argument
            diagnostics.error(place, "\(section.tag): \(error.message)")
        }
        guard let type = reader.type(required: true) else { return nil }
        if section.name == "filter" {
            if isLeftOut(reader, type, SectionRegistry.filters, "filter") { return nil }
            guard let read = known(type, SectionRegistry.filters, "filter") else { return nil }
            var stage = stage(reader)
            let filter = read(reader, self)
            stage.settings = section.shownParameters(diagnostics)
            reader.finish(isWhole: filter != nil)
            SectionDifferences.tellFilter(type.value, reader)
            guard let pattern, let filter else { return nil }
            return .filter(pattern, filter.named(stage))
        }
        let output = output(reader, type)
        guard let pattern, let output else { return nil }
        return .match(pattern, output)
    }

    /// The output of a `<match>`, a `<store>` or a `<secondary>`.
    func output(_ reader: SectionReader, _ type: Setting<String>) -> OutputPlan? {
        if isLeftOut(reader, type, SectionRegistry.outputs, "output") {
            return leftOut(type.value).named(stage(reader))
        }
        guard let read = known(type, SectionRegistry.outputs, "output") else { return nil }
        var stage = stage(reader)
        let output = read(reader, self)
        stage.settings = reader.section.shownParameters(diagnostics)
        reader.finish(isWhole: output != nil)
        if let output { SectionDifferences.tellOutput(output, reader) }
        return output?.named(stage)
    }

    /// The name and what else a section has because it is a stage.
    private func stage(_ reader: SectionReader) -> Stage {
        let section = reader.section
        var stage = Stage()
        stage.fingerprint = Fingerprint(section)
        stage.origin = SectionOrigin(file: section.place.file.path, line: section.place.line)
        stage.logLevel = logLevel(reader)
        stage.id = stages.name(section, reader.id(), at: stage.origin, diagnostics)
        return stage
    }

    private func logLevel(_ reader: SectionReader) -> LogLevel? {
        guard let setting = reader.logLevel() else { return nil }
        if let level = LogLevel(setting.value) { return level }
        diagnostics.error(
            setting.place, "'@log_level' is '\(setting.value)', which is no level",
            hint: "one of \(LogLevel.allCases.map(\.description).joined(separator: ", "))")
        return nil
    }

    /// A label for a `<secondary>`: all that comes in goes to its output. Its name is none a file can write, and comes from
    /// what the section says: after a reload an output that stays finds its label again.
    func addHiddenLabel(for output: OutputPlan) -> String? {
        guard let everything = try? TagPattern("**") else { return nil }
        let content = "<secondary> \(output.type) \(String(output.stage.fingerprint.value, radix: 16))"
        var name = content
        var number = 1
        while plan.label(name) != nil {
            number += 1
            name = "\(content) \(number)"
        }
        plan.labels.append(LabelPlan(name: name, rules: [.match(everything, output)], isHidden: true))
        return name
    }

    /// Notes that something sends to a label; that it exists is checked at the end.
    func use(label: String, at place: Place) { labelUses.append((label, place)) }

    /// The reader of a plugin type, or an error with what was probably meant.
    func known<Read>(_ type: Setting<String>, _ table: [(String, Read)], _ noun: String) -> Read? {
        if let found = table.first(where: { $0.0 == type.value }) { return found.1 }
        let names = table.map(\.0)
        if let blank = type.value.firstIndex(where: { $0 == " " || $0 == "\t" }),
            names.contains(String(type.value[..<blank]))
        {
            let rest = type.value[blank...].drop { $0 == " " || $0 == "\t" }
            diagnostics.error(
                type.place, "unknown \(noun) type '\(type.value)'", hint: "write '\(rest)' on a line of its own")
            return nil
        }
        if let hint = KnownPlugins.hint(type.value, noun) {
            diagnostics.error(
                type.place, "the \(noun) type '\(type.value)' is not supported\(hint.isEmpty ? " yet" : "")",
                hint: hint.isEmpty ? "there are \(names.joined(separator: ", "))" : hint)
            return nil
        }
        diagnostics.error(
            type.place, "unknown \(noun) type '\(type.value)'",
            hint: EditDistance.nearest(to: type.value, in: names).map { "did you mean '\($0)'?" }
                ?? "there are \(names.joined(separator: ", "))")
        return nil
    }
}
