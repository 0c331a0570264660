internal import ConfigFile
internal import Events
internal import Expressions
internal import Filters

/// `<filter> @type record_transformer`; with `enable_ruby` its values are expressions.
enum RecordTransformerSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        var settings = RecordTransformerFilter.Settings()
        settings.context.hostname = Array(builder.environment.hostname.utf8)
        settings.context.variables = builder.environment.variables
        let usesRuby = reader.bool("enable_ruby", default: false)
        settings.typecasts = reader.bool("auto_typecast", default: true)
        settings.renewsRecord = reader.bool("renew_record", default: false)
        settings.limits.steps = reader.int(
            "expression_limit_steps", default: settings.limits.steps, range: 1...1_000_000_000)
        settings.limits.bytes = reader.size(
            "expression_limit_size", default: settings.limits.bytes, range: 1024...(1 << 30))
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
        settings.fields += readFields(reader, Language(isRuby: usesRuby))
        let fixed = settings
        return FilterPlan(
            type: "record_transformer", summary: "\(fixed.fields.count) field\(fixed.fields.count == 1 ? "" : "s")"
        ) { _ in RecordTransformerFilter(fixed) }
    }

    /// What stands between `${` and `}`.
    struct Language {
        /// `enable_ruby`
        var isRuby: Bool
        /// A name by itself is a field's, and `tags` are the tag's parts: as record_reformer has it.
        var hasBareFields = false
    }

    /// The fields of all `<record>` sections.
    static func readFields(
        _ reader: SectionReader, _ language: Language
    ) -> [(key: TextTemplate, value: RecordTemplate)] {
        var fields: [(key: TextTemplate, value: RecordTemplate)] = []
        for record in reader.sections(named: "record") {
            let inner = SectionReader(record, description: "<record>", diagnostics: reader.diagnostics)
            for parameter in inner.allParameters() {
                if let field = field(parameter, reader, language) { fields.append(field) }
            }
            inner.finish()
        }
        return fields
    }

    /// One field: its key and its value as templates. nil: it has none, or is wrong, which was said.
    static func field(
        _ parameter: Parameter, _ reader: SectionReader, _ language: Language
    ) -> (key: TextTemplate, value: RecordTemplate)? {
        guard let text = parameter.text else { return nil }
        if !language.isRuby { EmbeddedText.warn(parameter, reader.diagnostics) }
        guard let key = self.key(parameter, language, reader.diagnostics),
            let value = template(parameter, text, language, reader.diagnostics)
        else { return nil }
        for name in value.unknownNames + key.unknownNames { report(unknown: name, parameter, reader.diagnostics) }
        for name in value.unknownVariables + key.unknownVariables {
            report(variable: name, parameter, reader.diagnostics)
        }
        let farthest = max(key.farthestTagPart ?? -1, value.farthestTagPart ?? -1)
        if let mostParts = TagLength.most(reader.section.argument.text), farthest >= mostParts {
            reader.diagnostics.warning(
                parameter.valuePlace,
                "part \(farthest) of the tag is never there: tags of '\(reader.section.argument.text)' have "
                    + "\(mostParts) part\(mostParts == 1 ? "" : "s"), counted from 0",
                hint: "what is not there is null, and nothing inside text")
        }
        return (key, value)
    }

    private static func report(unknown name: String, _ parameter: Parameter, _ diagnostics: Diagnostics) {
        let isExpression = (try? Expression(name)).map { $0.unknownNames.isEmpty } ?? false
        diagnostics.warning(
            parameter.valuePlace, "unknown placeholder '${\(name)}' will be empty",
            hint: isExpression
                ? "only ${record[\"KEY\"]} is known without 'enable_ruby true', as in Fluentd" : hint)
    }

    /// Ruby raises for each event; so do expressions, but a name is easier to put right now.
    private static func report(
        variable: Expression.UnknownName, _ parameter: Parameter, _ diagnostics: Diagnostics
    ) {
        diagnostics.warning(
            parameter.place(ofOffset: variable.offset, length: variable.name.utf8.count),
            "nothing is known by the name '\(variable.name)': events go to @ERROR",
            hint:
                "a field is record[\"\(variable.name)\"]; there are record, tag, tag_parts, tag_prefix, tag_suffix, time "
                + "and hostname")
    }

    static func report(_ error: ExpressionError, _ parameter: Parameter, _ diagnostics: Diagnostics) {
        diagnostics.error(
            parameter.place(ofOffset: error.offset, length: max(error.length, 1)), error.message, hint: error.hint)
    }

    private static let hint =
        "there are ${tag}, ${tag_parts[N]}, ${tag_prefix[N]}, ${tag_suffix[N]}, ${hostname}, ${time}"
        + " and ${record[\"KEY\"]}"

    // MARK: - Templates

    private static func key(_ parameter: Parameter, _ language: Language, _ diagnostics: Diagnostics) -> TextTemplate? {
        do throws(ExpressionError) {
            return try template(parameter.key, language)
        } catch {
            diagnostics.error(parameter.keyPlace, error.message, hint: error.hint)
            return nil
        }
    }

    /// nil: it is wrong, which was said.
    private static func template(
        _ parameter: Parameter, _ text: String, _ language: Language, _ diagnostics: Diagnostics
    ) -> RecordTemplate? {
        do throws(ExpressionError) {
            if parameter.quoting == .json, let value = JSONValue(parsing: text) { return try template(value, language) }
            return .text(try template(text, language))
        } catch {
            report(error, parameter, diagnostics)
            return nil
        }
    }

    static func template(_ text: String, _ language: Language) throws(ExpressionError) -> TextTemplate {
        guard language.isRuby else { return TextTemplate(text, bareFields: language.hasBareFields) }
        let plain = try TextTemplate(expressions: text)
        guard language.hasBareFields, !plain.unknownVariables.isEmpty else { return plain }
        var bytes = Array(text.utf8)
        for name in plain.unknownVariables.sorted(by: { $0.offset > $1.offset }) {
            let meant = name.name == "tags" ? "tag_parts" : "record[\"\(name.name)\"]"
            bytes.replaceSubrange(name.offset..<(name.offset + name.name.utf8.count), with: meant.utf8)
        }
        return try TextTemplate(expressions: String(decoding: bytes, as: UTF8.self))
    }

    private static func template(_ value: JSONValue, _ language: Language) throws(ExpressionError) -> RecordTemplate {
        switch value {
        case .string(let text): return .text(try template(text, language))
        case .array(let items):
            var templates: [RecordTemplate] = []
            for item in items { templates.append(try template(item, language)) }
            return .array(templates)
        case .object(let members):
            var templates: [(key: TextTemplate, value: RecordTemplate)] = []
            for member in members {
                templates.append((try template(member.key, language), try template(member.value, language)))
            }
            return .object(templates)
        default: return .literal(Array(value.text.utf8))
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
