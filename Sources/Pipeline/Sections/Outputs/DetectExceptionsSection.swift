internal import ConfigFile
internal import Events
internal import Filters
internal import Grok
internal import Words

/// `<match> @type detect_exceptions`: lines of a stack trace become one event (fluent-plugin-detect-exceptions).
enum DetectExceptionsSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let ownLabel = reader.label()
        if let ownLabel { builder.use(label: ownLabel.value, at: ownLabel.place) }
        let label = ownLabel?.value ?? builder.label
        let languages = languages(reader)
        let prefix = reader.string("remove_tag_prefix", default: "")
        if prefix.isEmpty, label == builder.label {
            reader.missing(
                "remove_tag_prefix", "\(reader.description) would get its own events again, under the tag they have",
                hint:
                    "add remove_tag_prefix, the first part of the tags that it matches; or send them to a label: @label @NAME"
            )
        }
        guard let rules = try? TraceRules(languages: languages) else { return nil }
        var settings = DetectExceptionsEmitter.Settings(rules: rules)
        settings.removedPrefix = Array(prefix.utf8)
        settings.needsNewTag = label == builder.label
        settings.message = Array(reader.string("message", default: "").utf8)
        let stream = reader.string("stream", default: "")
        settings.stream = stream.isEmpty ? nil : Array(stream.utf8)
        settings.separator = Array(reader.string("join_separator", default: "").utf8)
        settings.maximumLines = reader.int("max_lines", default: 1000, range: 0...1_000_000)
        settings.maximumBytes = reader.size("max_bytes", default: 0, range: 0...1 << 30)
        settings.timeoutMilliseconds = Int64(
            reader.time("multiline_flush_interval", default: 0, range: 0...86_400) * 1000)
        let limits = HeldLimits.read(reader)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let fixed = settings
        return OutputPlan(
            type: "detect_exceptions", summary: languages == ["all"] ? "" : languages.joined(separator: ", "),
            rewrites: [TagRewrite(label: label) { tag in Self.shortened(tag, fixed.removedPrefix) }],
            makeOutput: { output in
                DirectOutput { context in
                    let target = context.emitter(toLabel: label)
                    let emitter = DetectExceptionsEmitter(fixed, target: target, limits: limits, log: output.log)
                    context.holds(HoldingOutput(emitter, target: target))
                    return emitter
                }
            })
    }

    private static func languages(_ reader: SectionReader) -> [String] {
        guard let setting = reader.array("languages"), !setting.value.isEmpty else { return ["all"] }
        for language in setting.value where !TraceRules.languages.contains(language.lowercased()) {
            reader.error(
                "languages", "'languages' names '\(language)', which is not known",
                hint: EditDistance.nearest(to: language, in: TraceRules.languages).map { "did you mean '\($0)'?" }
                    ?? "there are \(TraceRules.languages.joined(separator: ", "))")
        }
        return setting.value.map { $0.lowercased() }
    }

    private static func shortened(_ tag: [UInt8], _ prefix: [UInt8]) -> [UInt8] {
        let whole = prefix + [UInt8(ascii: ".")]
        return tag.starts(with: whole) ? Array(tag.dropFirst(whole.count)) : tag
    }
}
