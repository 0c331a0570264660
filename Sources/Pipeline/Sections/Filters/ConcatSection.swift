internal import ConfigFile
internal import Events
internal import Filters
internal import Grok

/// `<filter> @type concat`: pieces of one text become one event again (fluent-plugin-concat).
enum ConcatSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let key = reader.string("key", required: true)
        let mode = mode(reader)
        guard let key, let mode, reader.diagnostics.errorCount == errorsBefore else {
            reader.accept([
                "separator", "stream_identity_key", "use_first_timestamp", "flush_interval", "timeout_label",
            ])
            reader.accept(["keep_partial_metadata", "keep_partial_key"] + HeldLimits.parameters)
            return nil
        }
        var settings = ConcatSettings(key: Array(key.value.utf8), mode: mode.mode)
        settings.separator = Array(reader.string("separator", default: "\n").utf8)
        settings.identityKey = reader.string("stream_identity_key").map { Array($0.value.utf8) }
        settings.usesFirstTime = reader.bool("use_first_timestamp", default: false)
        settings.timeoutMilliseconds = Int64(reader.time("flush_interval", default: 60, range: 0...86_400) * 1000)
        settings.keepsPartialFields =
            reader.bool("keep_partial_metadata", default: false) || reader.bool("keep_partial_key", default: false)
        let label = reader.string("timeout_label")
        if let label { builder.use(label: label.value, at: label.place) }
        let limits = HeldLimits.read(reader)
        let fixed = settings
        var plan = FilterPlan(type: "concat", summary: "\(key.value), \(mode.summary)") { context in
            ConcatFilter(
                fixed, limits: limits, timeoutOutlet: label.map { context.emitter(toLabel: $0.value) },
                log: context.log)
        }
        plan.timeoutLabel = label?.value
        return plan
    }

    private typealias Chosen = (mode: ConcatSettings.Mode, summary: String)

    /// Exactly one way to know pieces.
    private static func mode(_ reader: SectionReader) -> Chosen? {
        let errorsBefore = reader.diagnostics.errorCount
        var found: [(parameter: Parameter, mode: Chosen)] = []
        if let lines = reader.int("n_lines", range: 1...1_000_000) {
            found.append((lines.parameter, (.lines(lines.value), "\(lines.value) lines")))
        }
        if let expressions = expressions(reader) { found.append(expressions) }
        let partialValue = reader.string("partial_value")
        if let key = reader.string("partial_key") {
            if let partialValue {
                let mode = ConcatSettings.Mode.partialKey(
                    name: Array(key.value.utf8), value: Array(partialValue.value.utf8))
                found.append((key.parameter, (mode, key.value)))
            } else {
                reader.error(
                    "partial_key", "'partial_key' does not say which value a piece has that is not the last",
                    hint: "add partial_value, such as true")
            }
        }
        let format = reader.enumeration(
            "partial_metadata_format",
            [
                "docker-fluentd": "partial_", "docker-journald": "CONTAINER_PARTIAL_",
                "docker-journald-lowercase": "container_partial_",
            ],
            default: "partial_")
        if let metadata = reader.bool("use_partial_metadata"), metadata.value {
            found.append((metadata.parameter, (.partialMetadata(.init(prefix: format)), "Docker's pieces")))
        }
        let tagKey = reader.string("partial_cri_logtag_key", default: "logtag")
        let streamKey = reader.string("partial_cri_stream_key", default: "stream")
        if let tags = reader.bool("use_partial_cri_logtag"), tags.value {
            found.append(
                (
                    tags.parameter,
                    (.containerTags(tag: Array(tagKey.utf8), stream: Array(streamKey.utf8)), "CRI's pieces")
                ))
        }
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        guard let first = found.first else {
            reader.diagnostics.error(
                reader.section.place, "\(reader.description) does not say how pieces are known",
                hint:
                    "add multiline_start_regexp, multiline_end_regexp, n_lines, partial_key, use_partial_metadata true "
                    + "(Docker) or use_partial_cri_logtag true (Kubernetes)")
            return nil
        }
        if found.count > 1 {
            reader.diagnostics.error(
                found[1].parameter.keyPlace,
                "'\(found[1].parameter.key)' and '\(first.parameter.key)' are two ways to know pieces",
                hint: "use one of them", related: [.init(first.parameter.keyPlace, "the other one is here")])
            return nil
        }
        return first.mode
    }

    private static func expressions(_ reader: SectionReader) -> (parameter: Parameter, mode: Chosen)? {
        let first = reader.regexp("multiline_start_regexp")
        let last = reader.regexp("multiline_end_regexp")
        let between = reader.regexp("continuous_line_regexp")
        if let between, first == nil {
            reader.diagnostics.error(
                between.parameter.keyPlace,
                "'continuous_line_regexp' has a meaning only beside 'multiline_start_regexp'",
                hint: "add multiline_start_regexp")
        }
        guard let parameter = first?.parameter ?? last?.parameter else { return nil }
        let mode = ConcatSettings.Mode.expressions(
            first: first?.compiled(reader.diagnostics), last: last?.compiled(reader.diagnostics),
            between: between?.compiled(reader.diagnostics))
        return (parameter, (mode, first == nil ? "by the last line" : "by the first line"))
    }
}

extension HeldLimits {
    static let parameters = ["buffer_limit_size", "stream_limit", "event_limit_size"]

    /// What a stage that holds events may hold.
    static func read(_ reader: SectionReader) -> HeldLimits {
        HeldLimits(
            bytes: reader.size("buffer_limit_size", default: defaultLimitBytes, range: 1 << 16...1 << 40),
            streams: reader.int("stream_limit", default: defaultLimitStreams, range: 1...10_000_000),
            eventBytes: reader.size("event_limit_size", default: defaultLimitEventBytes, range: 1 << 10...1 << 30))
    }
}
