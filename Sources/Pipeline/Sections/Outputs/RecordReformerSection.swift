internal import ConfigFile
internal import Events
internal import Expressions
internal import Filters

/// `<match> @type record_reformer`: changes records and gives them back under another tag (fluent-plugin-record-reformer).
/// Its older form has the fields of `<record>` as parameters of the section itself.
enum RecordReformerSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let ownLabel = reader.label()
        if let ownLabel { builder.use(label: ownLabel.value, at: ownLabel.place) }
        let label = ownLabel?.value ?? builder.label
        var settings = RecordTransformerFilter.Settings()
        settings.context.hostname = Array(builder.environment.hostname.utf8)
        settings.context.variables = builder.environment.variables
        settings.nullsFailures = true
        let language = RecordTransformerSection.Language(
            isRuby: reader.bool("enable_ruby", default: true), hasBareFields: true)
        settings.typecasts = reader.bool("auto_typecast", default: false)
        settings.renewsRecord = reader.bool("renew_record", default: false)
        settings.renewsTimeKey = (reader.string("renew_time_key")?.value).map { Array($0.utf8) }
        settings.limits.steps = reader.int(
            "expression_limit_steps", default: settings.limits.steps, range: 1...1_000_000_000)
        settings.limits.bytes = reader.size(
            "expression_limit_size", default: settings.limits.bytes, range: 1024...(1 << 30))
        let keeps = reader.array("keep_keys")
        settings.keepsKeys = keeps?.value.map { Array($0.utf8) } ?? []
        if keeps != nil, !settings.renewsRecord {
            reader.error(
                "keep_keys", "keep_keys has a meaning only with renew_record true", hint: "add renew_record true")
        }
        settings.removesKeys = reader.array("remove_keys")?.value.map { Array($0.utf8) } ?? []
        let tag = reader.string("tag", aliases: ["output_tag"])
        if let tag {
            do throws(ExpressionError) {
                settings.newTag = try RecordTransformerSection.template(tag.value, language)
            } catch {
                RecordTransformerSection.report(error, tag.parameter, reader.diagnostics)
            }
        } else {
            reader.diagnostics.error(
                reader.section.place, "\(reader.description) does not say under which tag events go on",
                hint: "add tag, such as 'tag reformed.${tag}'")
        }
        // Whatever else stands in the section is a field.
        let others = reader.allParameters().filter { !reader.knows($0.key) && !$0.key.hasPrefix("@") }
        settings.fields = others.compactMap { RecordTransformerSection.field($0, reader, language) }
        settings.fields += RecordTransformerSection.readFields(reader, language)
        guard reader.diagnostics.errorCount == errorsBefore, let tag else { return nil }
        let fixed = settings
        let example = TagTemplate(tag.value)
        return OutputPlan(
            type: "record_reformer",
            summary: "\(tag.value), \(fixed.fields.count) field\(fixed.fields.count == 1 ? "" : "s")",
            rewrites: [TagRewrite(label: label, example: example.example)],
            makeOutput: { output in
                DirectOutput { context in
                    RecordReformEmitter(fixed, target: context.emitter(toLabel: label), log: output.log)
                }
            })
    }
}
