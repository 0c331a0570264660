/// Sections that v0.12 wrote as parameters of the plugin itself.
///
/// Fluentd converts them in `compat_parameters`: only when the section is absent, and under the names listed there.
/// The parameters made this way keep the places of the lines they come from.
enum OldParameters {
    /// A section made from old parameters, and the keys that went into it.
    struct Converted {
        var section: Section
        var keys: [String]
    }

    fileprivate static let buffer: KeyValuePairs = [
        "buffer_type": "@type", "buffer_path": "path", "num_threads": "flush_thread_count",
        "flush_interval": "flush_interval", "try_flush_interval": "flush_thread_interval",
        "queued_chunk_flush_interval": "flush_thread_burst_interval", "disable_retry_limit": "retry_forever",
        "retry_limit": "retry_max_times", "max_retry_wait": "retry_max_interval",
        "buffer_chunk_limit": "chunk_limit_size", "buffer_queue_limit": "queue_limit_length",
        "buffer_queue_full_action": "overflow_action", "flush_at_shutdown": "flush_at_shutdown",
        "time_slice_wait": "timekey_wait", "timezone": "timekey_zone",
    ]
    private static let parse = [
        "types_delimiter", "types_label_delimiter", "time_key", "time_format", "keep_time_key", "null_value_pattern",
        "null_empty_string", "keys", "delimiter", "label_delimiter", "message_key", "with_priority", "message_format",
        "format_firstline", "localtime", "utc",
    ]
    private static let inject = ["time_key", "time_format", "timezone", "tag_key", "localtime", "utc"]
    private static let format = [
        "delimiter", "force_quote", "keys", "fields", "json_parser", "label_delimiter", "output_time", "output_tag",
        "localtime", "utc", "timezone", "time_format", "message_key", "add_newline", "output_type",
    ]

    /// `<buffer>`; nil without any of its old parameters.
    static func buffer(_ section: Section, chunkKeys: String, _ diagnostics: Diagnostics) -> Converted? {
        var made = Builder(section, "buffer", argument: chunkKeys)
        for (old, new) in buffer {
            made.take(old, as: new) { value in
                new == "overflow_action" && value == "exception" ? "throw_exception" : value
            }
        }
        made.take("flush_interval", as: "flush_mode") { _ in "interval" }
        if let format = section.parameter("time_slice_format"), let text = format.text {
            let keys = [("%S", "1"), ("%M", "60"), ("%H", "3600"), ("%d", "86400")]
            if let seconds = keys.first(where: { text.contains($0.0) })?.1 {
                made.argument = "time"
                made.take("time_slice_format", as: "timekey") { _ in seconds }
            } else {
                made.take("time_slice_format", as: nil)
                diagnostics.error(
                    format.valuePlace, "'time_slice_format' is '\(text)', which has no unit up to a day",
                    hint: "use %d, %H, %M or %S in it")
            }
        }
        return made.converted
    }

    /// `<parse>`; nil without any of its old parameters. `alsoKeys` and `alsoSections` are those of the parser itself.
    static func parse(_ section: Section, alsoKeys: [String], alsoSections: [String]) -> Converted? {
        var made = Builder(section, "parse")
        let isRegexp = section.parameter("format")?.text?.hasPrefix("/") ?? false
        made.take("format", as: "@type") { isRegexp ? "regexp" : $0 }
        // With its slashes: offsets into the value stay those of the file, and options behind it are not lost.
        if isRegexp { made.take("format", as: "expression") }
        let delimiter = section.parameter("types_delimiter")?.text ?? ","
        let label = section.parameter("types_label_delimiter")?.text ?? ":"
        made.take("types", as: "types") { value in
            if (delimiter, label) == (",", ":") || delimiter.isEmpty || label.isEmpty { return value }
            return value.split(separator: delimiter).map { pair in
                guard let split = pair.firstRange(of: label) else { return String(pair) }
                return pair[..<split.lowerBound] + ":" + pair[split.upperBound...]
            }.joined(separator: ",")
        }
        for key in parse { made.take(key, as: key.hasPrefix("types_") ? nil : key) }
        for index in 1...20 { made.take("format\(index)", as: "format\(index)") }
        // Alone they do not make a section: a plugin may know the same names.
        guard !made.isEmpty else { return nil }
        for key in alsoKeys { made.take(key, as: key) }
        made.section.sections = section.sections.filter { alsoSections.contains($0.name) }
        return made.converted
    }

    /// `<inject>`; nil without any of its old parameters.
    static func inject(_ section: Section) -> Converted? {
        var made = Builder(section, "inject")
        for key in inject { made.take(key, as: key) }
        func isTrue(_ key: String) -> Bool { ["true", "yes", ""].contains(section.parameter(key)?.text) }
        made.take("include_time_key", as: nil)
        made.take("include_tag_key", as: nil)
        made.take("time_as_epoch", as: nil)
        if isTrue("include_time_key") {
            if section.parameter("time_key") == nil { made.take("include_time_key", as: "time_key") { _ in "time" } }
            made.take("include_time_key", as: "time_type") { _ in isTrue("time_as_epoch") ? "unixtime" : "string" }
        }
        if isTrue("include_tag_key"), section.parameter("tag_key") == nil {
            made.take("include_tag_key", as: "tag_key") { _ in "tag" }
        }
        return made.converted
    }

    /// `<format>`; nil without any of its old parameters.
    static func format(_ section: Section) -> Converted? {
        var made = Builder(section, "format")
        // stdout's format was its output_type before there was a name for it.
        made.take(section.parameter("format") == nil ? "output_type" : "format", as: "@type")
        for key in format where key != "output_type" || section.parameter("format") != nil { made.take(key, as: key) }
        return made.converted
    }
}

/// Moves parameters of one section into another.
private struct Builder {
    let source: Section
    var section: Section
    var keys: [String] = []
    var argument: String {
        get { section.argument.text }
        set { section.argument.text = newValue }
    }
    var isEmpty: Bool { keys.isEmpty }
    var converted: OldParameters.Converted? { isEmpty ? nil : .init(section: section, keys: keys) }

    init(_ source: Section, _ name: String, argument: String = "") {
        self.source = source
        self.section = Section(
            name: name, argument: Argument(text: argument, place: source.place), place: source.place)
    }

    /// Takes a parameter under a new name; nil takes it and writes nothing.
    mutating func take(_ old: String, as new: String?, _ change: (String) -> String = { $0 }) {
        guard let parameter = source.parameter(old) else { return }
        if !keys.contains(old) { keys.append(old) }
        guard let new else { return }
        section.parameters.append(parameter.renamed(new, value: parameter.text.map(change)))
    }
}

extension SectionReader {
    /// `<buffer>`, or one made from the v0.12 parameters of this section (`buffer_type`, `flush_interval`, …).
    /// - Parameter chunkKeys: the argument of a section that is made, where `time_slice_format` does not ask for `time`.
    package func bufferSection(chunkKeys: String = "") -> Section? {
        if let buffer = section(named: "buffer") {
            ignore(OldParameters.buffer.map(\.key), beside: buffer) { old in
                OldParameters.buffer.first { $0.key == old }?.value ?? old
            }
            return buffer
        }
        return use(OldParameters.buffer(section, chunkKeys: chunkKeys, diagnostics))
    }

    /// `<parse>`, or one made from the v0.12 parameters of this section (`format`, `time_key`, …).
    /// - Parameters:
    ///   - alsoKeys: parameters of the parser that move with them, such as `grok_pattern`.
    ///   - alsoSections: sections of the parser that move with them, such as `grok`.
    package func parseSection(alsoKeys: [String] = [], alsoSections: [String] = []) -> Section? {
        if let parse = section(named: "parse") { return parse }
        guard let made = OldParameters.parse(section, alsoKeys: alsoKeys, alsoSections: alsoSections) else {
            return nil
        }
        for name in alsoSections { _ = sections(named: name) }
        return use(made)
    }

    /// `<inject>`, or one made from the v0.12 parameters of this section (`include_time_key`, `tag_key`, …).
    package func injectSection() -> Section? {
        section(named: "inject") ?? use(OldParameters.inject(section))
    }

    /// `<format>`, or one made from the v0.12 parameters of this section (`format`, `output_time`, …).
    package func formatSection() -> Section? {
        section(named: "format") ?? use(OldParameters.format(section))
    }

    /// Old parameters beside the section that took their place: Fluentd reads the section alone.
    private func ignore(_ keys: [String], beside nested: Section, name: (String) -> String) {
        for key in keys where !knows(key) {
            accept([key])
            guard let parameter = section.parameter(key), parameter.text != nil else { continue }
            diagnostics.warning(
                parameter.keyPlace, "'\(key)' in \(description) has no effect beside \(nested.tag)",
                hint: "it belongs into \(nested.tag): \(name(key)) \(parameter.text ?? "")",
                related: [.init(nested.place, "the section is here")])
        }
    }

    private func use(_ converted: OldParameters.Converted?) -> Section? {
        guard let converted else { return nil }
        accept(converted.keys)
        return converted.section
    }
}
