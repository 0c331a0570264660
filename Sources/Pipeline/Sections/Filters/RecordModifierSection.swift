internal import ConfigFile
internal import Events
internal import Expressions
internal import Filters
internal import Grok

/// `<filter> @type record_modifier` (fluent-plugin-record-modifier), whose values are expressions.
enum RecordModifierSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        var settings = RecordModifierFilter.Settings()
        settings.context.hostname = Array(builder.environment.hostname.utf8)
        settings.context.variables = builder.environment.variables
        settings.limits.steps = reader.int(
            "expression_limit_steps", default: settings.limits.steps, range: 1...1_000_000_000)
        settings.limits.bytes = reader.size(
            "expression_limit_size", default: settings.limits.bytes, range: 1024...(1 << 30))
        settings.removesKeys = (reader.array("remove_keys")?.value ?? []).map { Array($0.utf8) }
        if let keeps = reader.array("whitelist_keys") {
            settings.keepsKeys = keeps.value.map { Array($0.utf8) }
            if !settings.removesKeys.isEmpty {
                reader.error(
                    "whitelist_keys", "'whitelist_keys' and 'remove_keys' exclude each other",
                    hint: "what is not in whitelist_keys is removed anyway")
            }
        }
        if let encoding = reader.string("char_encoding"), !isUTF8(encoding.value) {
            reader.error(
                "char_encoding", "'char_encoding' is '\(encoding.value)', and only utf-8 is known",
                hint: "convert texts before they are sent")
        }
        for section in reader.sections(named: "record") {
            let inner = SectionReader(section, description: "<record>", diagnostics: reader.diagnostics)
            for parameter in inner.allParameters() {
                guard let text = parameter.text else { continue }
                do throws(ExpressionError) {
                    let value = try TextTemplate(expressions: text)
                    settings.fields.append((TextTemplate(parameter.key), .text(value)))
                } catch {
                    RecordTransformerSection.report(error, parameter, reader.diagnostics)
                }
            }
            inner.finish()
        }
        for section in reader.sections(named: "replace") {
            if let replacement = replacement(section, reader.diagnostics) { settings.replacements.append(replacement) }
        }
        let fixed = settings
        let count = fixed.fields.count
        return FilterPlan(type: "record_modifier", summary: "\(count) field\(count == 1 ? "" : "s")") { _ in
            RecordModifierFilter(fixed)
        }
    }

    private static func replacement(
        _ section: Section, _ diagnostics: Diagnostics
    ) -> (key: [UInt8], replacement: TextReplacement)? {
        let reader = SectionReader(section, description: "<replace>", diagnostics: diagnostics)
        let key = reader.string("key", required: true)
        let expression = reader.regexp("expression", required: true)
        let replacement = reader.string("replace", required: true)
        reader.finish()
        guard let key, let replacement, let regex = expression?.compiled(diagnostics) else { return nil }
        return (Array(key.value.utf8), TextReplacement(regex, by: replacement.value))
    }

    private static func isUTF8(_ encoding: String) -> Bool {
        encoding.lowercased().split(separator: ":").allSatisfy { ["utf-8", "utf8"].contains($0) }
    }
}
