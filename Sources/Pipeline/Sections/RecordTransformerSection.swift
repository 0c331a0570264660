internal import ConfigFile
internal import Events
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
            guard let place = try? RecordAccessor(key) else {
                reader.error(
                    "remove_keys", "'\(key)' is no place in a record", hint: "write key, $.outer.inner or $['a key']")
                continue
            }
            // `$['a.key']` is a key at the top level, whatever stands in it.
            if let name = place.topLevelKey {
                settings.removesKeys.append(name)
            } else {
                settings.removesNested.append(place)
            }
        }
        let mostParts = TagLength.most(reader.section.argument.text)
        for record in reader.sections(named: "record") {
            let inner = SectionReader(record, description: "<record>", diagnostics: reader.diagnostics)
            for parameter in inner.allParameters() {
                guard var text = parameter.text else { continue }
                if usesRuby {
                    // The value becomes a string of Ruby, in which code is evaluated whatever its quotes are here.
                    guard
                        let evaluated = EmbeddedText.evaluated(
                            text, environment: builder.environment, files: builder.files, reader.diagnostics)
                    else {
                        reader.diagnostics.error(
                            parameter.valuePlace, "'\(text)' is Ruby code, which sluice cannot run", hint: hint)
                        continue
                    }
                    text = evaluated
                } else {
                    EmbeddedText.warn(parameter, reader.diagnostics)
                }
                let key = TextTemplate(parameter.key, evaluatesRuby: usesRuby)
                let value = template(parameter, text, usesRuby)
                for name in value.unknownNames + key.unknownNames {
                    report(unknown: name, parameter, usesRuby, reader.diagnostics)
                }
                let farthest = max(key.farthestTagPart ?? -1, value.farthestTagPart ?? -1)
                if let mostParts, farthest >= mostParts {
                    reader.diagnostics.warning(
                        parameter.valuePlace,
                        "part \(farthest) of the tag is never there: tags of '\(reader.section.argument.text)' have "
                            + "\(mostParts) part\(mostParts == 1 ? "" : "s"), counted from 0",
                        hint: "what is not there is null, and nothing inside text")
                }
                settings.fields.append((key: key, value: value))
            }
            inner.finish()
        }
        let fixed = settings
        return FilterPlan(
            type: "record_transformer", summary: "\(fixed.fields.count) field\(fixed.fields.count == 1 ? "" : "s")"
        ) { _ in RecordTransformerFilter(fixed) }
    }

    private static func report(
        unknown name: String, _ parameter: Parameter, _ usesRuby: Bool, _ diagnostics: Diagnostics
    ) {
        if usesRuby {
            diagnostics.error(
                parameter.valuePlace, "'${\(name)}' is Ruby code, which sluice cannot run", hint: hint)
            return
        }
        if name.contains("#{") {
            diagnostics.warning(
                parameter.valuePlace, "unknown placeholder '${\(name)}' will be empty",
                hint: "'#{…}' inside of '${…}' is Ruby code, which sluice cannot run; " + hint)
            return
        }
        let isPlace = TextTemplate("${\(name)}", evaluatesRuby: true).unknownNames.isEmpty
        diagnostics.warning(
            parameter.valuePlace, "unknown placeholder '${\(name)}' will be empty",
            hint: isPlace ? "only ${record[\"KEY\"]} is known without 'enable_ruby true', as in Fluentd" : hint)
    }

    private static let hint =
        "there are ${tag}, ${tag_parts[N]}, ${tag_prefix[N]}, ${tag_suffix[N]}, ${hostname}, ${time}"
        + " and ${record[\"KEY\"]}"

    private static func template(_ parameter: Parameter, _ text: String, _ usesRuby: Bool) -> RecordTemplate {
        if parameter.quoting == .json, let value = JSONValue(parsing: text) { return template(value, usesRuby) }
        return .text(TextTemplate(text, evaluatesRuby: usesRuby))
    }

    private static func template(_ value: JSONValue, _ usesRuby: Bool) -> RecordTemplate {
        switch value {
        case .string(let text): .text(TextTemplate(text, evaluatesRuby: usesRuby))
        case .array(let items): .array(items.map { template($0, usesRuby) })
        case .object(let members):
            .object(
                members.map { (TextTemplate($0.key, evaluatesRuby: usesRuby), template($0.value, usesRuby)) })
        default: .literal(Array(value.text.utf8))
        }
    }
}

/// How long the tags are that a pattern matches.
private enum TagLength {
    /// The most parts such a tag can have. nil: any number (`**`), or a pattern that is not plain enough to tell.
    static func most(_ pattern: String) -> Int? {
        var most = 0
        for one in pattern.split(separator: " ") {
            if one.contains("**") || one.contains("{") || one.contains("/") || one.contains("#") { return nil }
            most = max(most, one.split(separator: ".", omittingEmptySubsequences: false).count)
        }
        return most > 0 ? most : nil
    }
}
