internal import ConfigFile
internal import Filters

/// `<filter> @type record_transformer`, without embedded Ruby.
enum RecordTransformerSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        var settings = RecordTransformerFilter.Settings()
        settings.hostname = Array(builder.environment.hostname.utf8)
        let usesRuby = reader.bool("enable_ruby", default: false)
        settings.typecasts = reader.bool("auto_typecast", default: true)
        settings.renewsRecord = reader.bool("renew_record", default: false)
        settings.renewsTimeKey = (reader.string("renew_time_key")?.value).map { Array($0.utf8) }
        let keeps = reader.array("keep_keys")
        settings.keepsKeys = keeps?.value.map { Array($0.utf8) } ?? []
        if keeps != nil && !settings.renewsRecord {
            reader.error(
                "keep_keys", "keep_keys has a meaning only with renew_record true", hint: "add renew_record true")
        }
        for key in reader.array("remove_keys")?.value ?? [] {
            if key.hasPrefix("$.") || key.hasPrefix("$[") {
                reader.error("remove_keys", "'\(key)' is nested, and only top-level keys can be removed")
            }
            settings.removesKeys.append(Array(key.utf8))
        }
        for record in reader.sections(named: "record") {
            let inner = SectionReader(record, description: "<record>", diagnostics: reader.diagnostics)
            for parameter in inner.allParameters() {
                guard let text = parameter.text else { continue }
                let value = template(parameter, text)
                for name in value.unknownNames + TextTemplate(parameter.key).unknownNames {
                    if usesRuby {
                        reader.diagnostics.error(
                            parameter.valuePlace, "'${\(name)}' is Ruby code, which sluice cannot run",
                            hint: hint)
                        continue
                    }
                    reader.diagnostics.warning(
                        parameter.valuePlace, "unknown placeholder '${\(name)}' will be empty",
                        hint: hint)
                }
                settings.fields.append((key: TextTemplate(parameter.key), value: value))
            }
            inner.finish()
        }
        let fixed = settings
        return FilterPlan(
            type: "record_transformer", summary: "\(fixed.fields.count) field\(fixed.fields.count == 1 ? "" : "s")"
        ) { _ in RecordTransformerFilter(fixed) }
    }

    private static let hint =
        "there are ${tag}, ${tag_parts[N]}, ${tag_prefix[N]}, ${tag_suffix[N]}, ${hostname}, ${time}"
        + " and ${record[\"KEY\"]}"

    private static func template(_ parameter: Parameter, _ text: String) -> RecordTemplate {
        if parameter.quoting == .json, let value = JSONValue(parsing: text) { return template(value) }
        return .text(TextTemplate(text))
    }

    private static func template(_ value: JSONValue) -> RecordTemplate {
        switch value {
        case .string(let text): .text(TextTemplate(text))
        case .array(let items): .array(items.map(template))
        case .object(let members): .object(members.map { (TextTemplate($0.key), template($0.value)) })
        default: .literal(Array(value.text.utf8))
        }
    }
}
