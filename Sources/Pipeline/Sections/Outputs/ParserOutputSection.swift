internal import ConfigFile
internal import Events
internal import Filters
internal import Parsing

/// `<match> @type parser`: parses a field and gives events back under another tag (fluent-plugin-parser, from before
/// Fluentd had the filter of this name).
enum ParserOutputSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let ownLabel = reader.label()
        if let ownLabel { builder.use(label: ownLabel.value, at: ownLabel.place) }
        let label = ownLabel?.value ?? builder.label
        let change = change(reader)
        var settings = ParserFilterSection.settings(reader)
        settings.emitsInvalidRecords = !reader.bool("suppress_parse_error_log", default: false)
        if !reader.bool("time_parse", default: true) {
            settings.reservesTime = true
            reader.warning(
                "time_parse", "the event keeps its time, but the parsed time is still read and taken out",
                hint: "keep_time_key true keeps the field, an empty time_key leaves it alone")
        }
        guard let section = ParseSection.find(in: reader) else { return nil }
        guard let parsed = ParseSection.read(section, reader.diagnostics), let change,
            reader.diagnostics.errorCount == errorsBefore
        else { return nil }
        settings.estimatesCurrentEvent = false
        let (recipe, fixed) = (parsed.recipe, settings)
        return OutputPlan(
            type: "parser", summary: "\(parsed.type), \(settings.key.text)",
            rewrites: [TagRewrite(label: label) { tag in change.changed(tag) }],
            makeOutput: { output in
                DirectOutput { context in
                    let faults = ConversionFaults()
                    let filter = ParserFilter(
                        fixed, parser: recipe.makeParser(noting: faults), faults: faults, log: output.log)
                    return FilteringEmitter(filter, change, target: context.emitter(toLabel: label))
                }
            })
    }

    private static func change(_ reader: SectionReader) -> TagChange? {
        let tag = reader.string("tag")
        let removed = reader.string("remove_prefix")
        let added = reader.string("add_prefix")
        guard let other = removed ?? added else {
            if let tag { return .tag(Array(tag.value.utf8)) }
            reader.missing(
                "tag", "\(reader.description) would get its own events again, under the tag they have",
                hint: "add tag, add_prefix or remove_prefix; or use the filter: <filter> with '@type parser'")
            return nil
        }
        if tag != nil {
            reader.diagnostics.error(
                other.parameter.keyPlace, "'\(other.parameter.key)' and 'tag' exclude each other",
                hint: "use one of them")
        }
        return .prefixes(removed: removed.map { Array($0.value.utf8) }, added: added.map { Array($0.value.utf8) })
    }
}
