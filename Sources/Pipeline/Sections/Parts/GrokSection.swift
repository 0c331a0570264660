internal import ConfigFile
internal import Events
internal import Grok
internal import Parsing

/// The grok parser's parameters and its `<grok>` sections.
enum GrokSection {
    static func recipe(
        _ reader: SectionReader, _ options: ParserOptions, _ type: String
    ) throws(SettingError) -> ParserRecipe? {
        let series = reader.enumeration(
            "grok_pattern_series", ["legacy": PatternSeries.legacy, "ecs-v1": .ecsV1], default: .legacy)
        var library: PatternLibrary
        do throws(PatternLibraryError) {
            library = try PatternLibrary(series: series)
        } catch {
            throw SettingError("@type", "\(error)")
        }
        if let path = reader.string("custom_pattern_path") {
            guard reader.diagnostics.readsFiles else {
                throw SettingError(
                    "custom_pattern_path", "'custom_pattern_path' is not read here, so the patterns cannot be checked",
                    hint: "'sluice check FILE' on the machine reads it")
            }
            do throws(PatternLibraryError) {
                try library.add(path: path.value)
            } catch {
                throw SettingError("custom_pattern_path", "\(error)", hint: "give a file of 'NAME regexp' lines")
            }
        }
        // Logstash's name for definitions beside the expression that uses them.
        if let inline = reader.jsonValue("pattern_definitions") {
            guard case .object(let members) = inline.value else {
                throw SettingError(
                    "pattern_definitions", "pattern_definitions is no JSON object",
                    hint: #"write {"NAME": "regexp"}"#)
            }
            for member in members { library.add(name: member.key, expression: member.value.plainText) }
        }
        var grok = GrokOptions([], library: library)
        grok.options = options
        grok.isMultiline = type == "multiline_grok"
        grok.failureKey = reader.string("grok_failure_key")?.value
        grok.nameKey = reader.string("grok_name_key")?.value
        grok.messageKey = reader.string("message_key", default: "message")
        if let firstLine = reader.string("multiline_start_regexp", aliases: ["multi_line_start_regexp"]) {
            if type == "multiline_grok" {
                grok.firstLine = firstLine.value
            } else {
                reader.warning(
                    firstLine.parameter.key, "'\(firstLine.parameter.key)' has no effect with @type grok",
                    hint: "write @type multiline_grok")
            }
        }

        var sections: [Section] = []
        let written = reader.sections(named: "grok")
        let single = reader.pattern("grok_pattern")
        if let single { grok.sections.append(.init(single.value)) }
        if let single, let first = written.first {
            reader.diagnostics.warning(
                first.place, "<grok> has no effect beside grok_pattern, which counts as in Fluentd",
                hint: "put all patterns into <grok> sections",
                related: [.init(single.parameter.keyPlace, "grok_pattern stands here")])
        }
        for section in single == nil ? written : [] {
            let sectionReader = SectionReader(section, description: "<grok>", diagnostics: reader.diagnostics)
            let name = sectionReader.string("name")?.value
            let pattern = sectionReader.pattern("pattern", required: true)
            var own = options
            if sectionReader.has("time_key") { own.timeKey = sectionReader.string("time_key")?.value }
            own.keepTimeKey = sectionReader.bool("keep_time_key", default: options.keepTimeKey)
            if let format = sectionReader.string("time_format") { own.timeFormat = format.value }
            if let timezone = sectionReader.string("timezone") { own.timezone = timezone.value }
            sectionReader.finish()
            if let pattern {
                grok.sections.append(.init(pattern.value, name: name, options: own))
                sections.append(section)
            }
        }
        // Each was reported, or its value was when the file was read.
        if grok.sections.isEmpty && (!written.isEmpty || reader.has("grok_pattern") && reader.diagnostics.hasErrors) {
            return nil
        }
        // Each expression is compiled alone, so that an error points at its own line.
        let errorsBefore = reader.diagnostics.errorCount
        let compiler = GrokCompiler(library: library)
        for (index, section) in grok.sections.enumerated() {
            let owner = sections.isEmpty ? reader.section : sections[index]
            guard let parameter = owner.parameter(sections.isEmpty ? "grok_pattern" : "pattern") else { continue }
            if let typo = GrokTypos.first(in: section.expression) {
                reader.diagnostics.warning(
                    parameter.place(ofOffset: typo.offset, length: typo.length), typo.message, hint: typo.hint)
            }
            if let brackets = BracketedReference.first(in: section.expression) {
                reader.diagnostics.warning(
                    parameter.place(ofOffset: brackets.range.lowerBound, length: brackets.range.count),
                    "these brackets are a class: they match one character", hint: "for text write \(brackets.asText)")
            }
            do throws(GrokError) {
                grok.sections[index].pattern = try compiler.compile(section.expression, multiline: grok.isMultiline)
            } catch {
                let through = error.path.isEmpty ? "" : " (in \(error.path.joined(separator: " → ")))"
                reader.diagnostics.error(
                    parameter.place(ofOffset: error.offset, length: max(error.length, 1)), error.message + through,
                    hint: error.hint)
            }
        }
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        return try .grok(grok)
    }
}
