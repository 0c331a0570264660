internal import ConfigFile
internal import Events
internal import Grok
internal import Parsing
internal import Words

/// `<parse>`, and the v0.12 parameters it was made from: text → fields.
enum ParseSection {
    /// Parameters of parsers that v0.12 wrote into the plugin's own section.
    static let oldKeys = [
        "grok_pattern", "custom_pattern_path", "grok_failure_key", "grok_name_key", "grok_pattern_series",
        "multiline_start_regexp", "multi_line_start_regexp", "expression", "time_type", "time_format_fallbacks",
        "null_value_pattern", "null_empty_string", "rfc5424_time_format", "json_parser", "parser_engine",
        "estimate_current_event", "timezone", "ignorecase", "multiline", "delimiter_pattern", "support_colonless_ident",
        "timeout", "match_limit", "pattern_definitions", "merge_cri_fields",
    ]
    /// All that v0.12 wrote outside of a section: what every parser has, and `oldKeys`.
    static let keysOutside =
        [
            "format", "types", "types_delimiter", "types_label_delimiter", "time_key", "time_format", "keep_time_key",
            "keys", "delimiter", "label_delimiter", "message_key", "with_priority", "message_format",
            "format_firstline", "localtime", "utc",
        ] + (1...20).map { "format\($0)" } + oldKeys
    static let sectionsOutside = ["grok", "pattern"]

    struct Parsed {
        var type: String
        var recipe: ParserRecipe
        var estimatesCurrentEvent: Bool
    }

    /// - Parameters:
    ///   - defaultType: what holds without `@type`; nil: it must be there.
    ///   - takesPriority: `with_priority` of syslog is on, whatever is written.
    static func read(
        _ section: Section, _ diagnostics: Diagnostics, defaultType: String? = nil, takesPriority: Bool = false
    ) -> Parsed? {
        let reader = SectionReader(withExpressionOfType(section), diagnostics: diagnostics)
        let given = reader.type(required: defaultType == nil)
        guard let name = given?.value ?? defaultType else { return nil }
        let type = (value: name, place: given?.place ?? section.place)
        let errorsBefore = diagnostics.errorCount
        let estimates = reader.bool("estimate_current_event", default: true)
        let options = commonOptions(reader)
        var recipe: ParserRecipe?
        do throws(SettingError) {
            recipe = try make(type, reader, options, takesPriority)
        } catch {
            report(error, reader)
            // What stands behind the first mistake was not asked for, and is known all the same.
            reader.accept(keysOutside)
            for name in sectionsOutside { _ = reader.sections(named: name) }
        }
        reader.ignore(
            ["json_parser", "parser_engine", "parser_type", "time_parser", "stream_buffer_size"],
            reason: "sluice has its own parsers, with limits", severity: .note)
        // What v0.12 wrote outside of the section, left inside of it.
        reader.ignoreUnlessTaken(["format"], reason: "'@type' says how to parse")
        _ = reader.id()
        reader.finish()
        for warning in recipe?.warnings ?? [] { report(warning, reader, isError: false) }
        guard let recipe, diagnostics.errorCount == errorsBefore else { return nil }
        return Parsed(type: type.value, recipe: recipe, estimatesCurrentEvent: estimates)
    }

    /// `@type /…/`: the expression itself, as v0.12's `format` has it, and as Fluentd takes it here too; `expression`
    /// beside it is the one that counts (`Plugin.new_parser` and the compatible `RegexpParser`).
    private static func withExpressionOfType(_ section: Section) -> Section {
        guard let type = section.parameter("@type") ?? section.parameter("type"), type.text?.hasPrefix("/") == true
        else { return section }
        var made = section
        made.parameters.removeAll { $0.key == type.key }
        made.parameters.insert(type.renamed("@type", value: "regexp"), at: 0)
        if section.parameter("expression") == nil { made.parameters.append(type.renamed("expression")) }
        return made
    }

    private static let types = [
        "json", "regexp", "grok", "multiline_grok", "ltsv", "none", "csv", "tsv", "apache2", "apache_error", "nginx",
        "syslog", "multi_format", "multiline", "msgpack", "kubernetes", "cri",
    ]

    private static func make(
        _ type: (value: String, place: Place), _ reader: SectionReader, _ options: ParserOptions, _ takesPriority: Bool
    ) throws(SettingError) -> ParserRecipe? {
        switch type.value {
        case "json": return try .json(options)
        case "regexp": return try regexp(reader, options)
        case "grok", "multiline_grok": return try GrokSection.recipe(reader, options, type.value)
        case "ltsv":
            if let pattern = reader.string("delimiter_pattern") {
                reader.diagnostics.error(
                    pattern.parameter.keyPlace, "'delimiter_pattern' is not supported yet",
                    hint: "use 'delimiter', or '@type regexp' for a fixed set of labels")
            }
            return try .ltsv(
                delimiter: reader.string("delimiter", default: "\t"),
                labelDelimiter: reader.string("label_delimiter", default: ":"), options)
        case "none": return .none(messageKey: reader.string("message_key", default: "message"))
        case "csv":
            guard let keys = reader.array("keys", required: true) else { return nil }
            return try .csv(keys: keys.value, delimiter: reader.string("delimiter", default: ","), options)
        case "tsv":
            guard let keys = reader.array("keys", required: true) else { return nil }
            return try .tsv(keys: keys.value, delimiter: reader.string("delimiter", default: "\t"), options)
        case "apache2": return try .apache2(options)
        case "apache", "apache_error", "nginx":
            // Regexps with an expression of their own, which may be another one.
            if reader.has("expression") {
                return try regexp(
                    reader, type.value == "apache_error" ? options : ParserRecipe.withAccessLogTime(options))
            }
            switch type.value {
            case "nginx": return try .nginx(options)
            case "apache_error": return try .apacheError(options)
            default: return try .apache2(options)
            }
        case "syslog":
            var syslog = SyslogOptions()
            syslog.options = options
            syslog.messageFormat = reader.enumeration(
                "message_format", ["rfc3164": .rfc3164, "rfc5424": .rfc5424, "auto": .auto], default: .rfc3164)
            syslog.withPriority = reader.bool("with_priority", default: false) || takesPriority
            syslog.rfc5424TimeFormat = reader.string("rfc5424_time_format", default: syslog.rfc5424TimeFormat)
            reader.ignore(["support_colonless_ident"], reason: "both forms are read", severity: .note)
            return try .syslog(syslog)
        case "multiline":
            let formats = (1...20).compactMap { reader.pattern("format\($0)")?.value }
            reader.ignore(
                ["unmatched_lines"], reason: "it only concerns inputs that read lines, such as tail", severity: .note)
            return try .multiline(formats: formats, firstLine: reader.string("format_firstline")?.value, options)
        case "msgpack": return try .messagePack(options)
        case "kubernetes": return try .kubernetes(options)
        case "cri": return try cri(reader, options)
        case "multi_format":
            var names: [String?] = []
            let formatKey = reader.string("format_key")?.value
            _ = reader.sections(named: "format")
            _ = reader.sections(named: "pattern")
            let recipes = reader.section.sections.compactMap { section -> ParserRecipe? in
                guard ["pattern", "format"].contains(section.name) else { return nil }
                var pattern = section
                let name = pattern.parameter("format_name")?.text
                pattern.parameters.removeAll { $0.key == "format_name" }
                // multi_format's sections say `format json` where others say `@type json`.
                let inner = SectionReader(pattern, diagnostics: reader.diagnostics)
                let old =
                    inner.section.type == nil
                    ? inner.parseSection(alsoKeys: oldKeys, alsoSections: sectionsOutside + ["parse"]) : nil
                guard let recipe = read(old ?? pattern, reader.diagnostics)?.recipe else { return nil }
                names.append(name)
                return recipe
            }
            let isGiven = reader.section.sections.contains { ["pattern", "format"].contains($0.name) }
            if recipes.isEmpty, isGiven { return nil }
            return try .firstMatch(recipes, formatKey: formatKey, names: names)
        default:
            let isExpression = type.value.hasSuffix("/") || ["(?", "\\", "%{"].contains { type.value.contains($0) }
            let shown = type.value.count > 40 ? type.value.prefix(40) + "…" : type.value[...]
            reader.diagnostics.error(
                type.place, "unknown parser type '\(shown)'",
                hint: isExpression
                    ? "a regular expression stands between slashes: /…/; a grok pattern goes into grok_pattern"
                    : EditDistance.nearest(to: type.value, in: types).map { "did you mean '\($0)'?" }
                        ?? "there are \(types.joined(separator: ", "))")
            _ = reader.allParameters()
            _ = reader.allSections()
            return nil
        }
    }

    private static func cri(_ reader: SectionReader, _ options: ParserOptions) throws(SettingError) -> ParserRecipe? {
        var options = options
        options.keepTimeKey = reader.bool("keep_time_key", default: true)
        let mergesFields = reader.bool("merge_cri_fields", default: true)
        guard let section = reader.section(named: "parse") else {
            return try .cri(mergesFields: mergesFields, options)
        }
        guard let message = read(section, reader.diagnostics) else { return nil }
        return try .cri(message: message.recipe, mergesFields: mergesFields, options)
    }

    private static func regexp(
        _ reader: SectionReader, _ options: ParserOptions
    ) throws(SettingError) -> ParserRecipe? {
        guard let expression = reader.regexp("expression", required: true) else { return nil }
        let text = expression.value
        let ignoringCase = reader.bool("ignorecase", default: text.isCaseInsensitive)
        let multiline = reader.bool("multiline", default: text.dotMatchesNewline)
        let body = text.isExtended ? "(?x)" + text.body : text.body
        do throws(SettingError) {
            let recipe = try ParserRecipe.regexp(body, ignoringCase: ignoringCase, multiline: multiline, options)
            if let regex = try? Regex(body) { GroupNames.check(regex.groups.map(\.name), reader) }
            return recipe
        } catch {
            // Offsets are those of the body; the parameter has a slash before it.
            var error = error
            if error.parameter == "expression", let offset = error.offset {
                error.offset = max(offset - (text.isExtended ? 4 : 0), 0) + text.bodyOffset
            }
            throw error
        }
    }

    /// The parameters all parsers have.
    static func commonOptions(_ reader: SectionReader) -> ParserOptions {
        var options = ParserOptions()
        options.timeKey = reader.string("time_key")?.value
        options.keepTimeKey = reader.bool("keep_time_key", default: false)
        options.timeType =
            reader.enumeration(
                "time_type", ["float": .float, "unixtime": .unixtime, "string": .string, "mixed": .mixed])?.value
        options.timeFormat = reader.string("time_format")?.value
        options.timeFormatFallbacks = reader.array("time_format_fallbacks")?.value ?? []
        options.timezone = reader.string("timezone")?.value
        options.utc = reader.bool("utc")?.value
        options.localtime = reader.bool("localtime")?.value
        options.nullValuePattern = reader.string("null_value_pattern")?.value
        options.nullEmptyString = reader.bool("null_empty_string", default: false)
        options.types = reader.string("types")?.value
        readLimits(reader, &options)
        return options
    }

    /// `timeout`, in seconds of processor time for one text; `match_limit`, in steps of the engine. Where only a timeout is
    /// given, steps are not limited.
    private static func readLimits(_ reader: SectionReader, _ options: inout ParserOptions) {
        if let timeout = reader.time("timeout", range: 0.001...10) {
            options.matchLimits.timeoutNanoseconds = Int64(timeout.value * 1e9)
            options.matchLimits.matchSteps = .max
        }
        if let limit = reader.int("match_limit", range: 1000...Int(UInt32.max)) {
            options.matchLimits.matchSteps = UInt32(limit.value)
        }
    }

    /// Points at the parameter that is wrong, inside its value where that is known.
    static func report(_ error: SettingError, _ reader: SectionReader, isError: Bool = true) {
        var place = reader.place(of: error.parameter)
        if let offset = error.offset, let parameter = reader.section.parameter(error.parameter) {
            place = parameter.place(ofOffset: offset)
        }
        if isError {
            reader.diagnostics.error(place, error.message, hint: error.hint)
        } else {
            reader.diagnostics.warning(place, error.message, hint: error.hint ?? "this pattern is left out")
        }
    }
}
