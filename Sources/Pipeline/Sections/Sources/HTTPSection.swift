internal import ConfigFile
internal import EventLoop
internal import Events
internal import Inputs
internal import Parsing

/// `<source> @type http`.
enum HTTPSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        let bind = BindSetting.read(reader)
        let port = reader.int("port", default: 9880, range: 0...65535)
        builder.listens(
            on: .tcp(host: bind, port: port),
            at: reader.has("port") ? reader.place(of: "port") : reader.section.place)
        var settings = HTTPInput.Settings(host: bind, port: UInt16(port))
        settings.backlog = Int32(
            reader.int("backlog", default: Int(Listener.defaultBacklog), range: 1...65535))
        settings.idleSeconds = Int(reader.time("keepalive_timeout", default: 10, range: 1...86_400))
        settings.unfinishedBytes = reader.size(
            "unfinished_limit_size", default: settings.unfinishedBytes, range: (1 << 20)...(1 << 40))
        settings.handshakeTimeoutMilliseconds = UInt64(
            reader.time("handshake_timeout", default: 10, range: 0.1...3600) * 1000)
        if let limit = reader.int("max_connections", range: 1...1_000_000) {
            settings.budget = ConnectionBudget(
                limit: limit.value, advice: "raise max_connections of this source for more")
        }
        settings.options = options(reader)
        if let section = ParseSection.find(in: reader, isRequired: false) {
            if section.type == nil {
                settings.options.time = recordTime(section, reader.diagnostics)
            } else if let parsed = ParseSection.read(section, reader.diagnostics) {
                settings.options.parser = parsed.recipe.counted()
            } else {
                return nil
            }
        }
        guard let transport = SocketSection.transport(reader, builder, allowing: [.tcp]) else { return nil }
        reader.ignore(
            ["blocking_timeout", "dump_error_log"], reason: "refused requests are counted and summarised",
            severity: .note)
        let parser = (transport.tls == nil ? "" : ", TLS") + (settings.options.parser == nil ? "" : ", parsed")
        return SourcePlan(
            type: "http", summary: "\(bind):\(port)\(parser)", place: .tcp(host: bind, port: port),
            readsFiles: transport.tls != nil, patterns: settings.options.parser?.meter,
            texts: SourceTexts(tag: nil) { [settings] tag in BodyIntake(settings.options, tag: tag ?? "") }
        ) { [settings] context in
            var settings = settings
            settings.sharesPort = context.loopCount > 1
            settings.inherited = context.inherited
            settings.tls = try transport.tls?.makeContext()
            return HTTPInput(
                settings, on: context.loop, emitter: context.emitter, log: context.log, pressure: context.pressure)
        }
    }

    /// `<parse>` without a type, or `time_key` and its like beside it: bodies are what their media types say, and only the
    /// field with the time is another (Fluentd's own `in_http` parser).
    private static func recordTime(_ section: Section, _ diagnostics: Diagnostics) -> HTTPOptions.RecordTime {
        let reader = SectionReader(section, diagnostics: diagnostics)
        let options = ParseSection.commonOptions(reader)
        var time = HTTPOptions.RecordTime()
        time.key = options.timeKey ?? time.key
        time.isKept = options.keepTimeKey
        if options.timeType != nil || options.timeFormat != nil {
            do throws(SettingError) {
                time.source = try options.timeSource()
                time.zone = try options.zone()
            } catch {
                ParseSection.report(error, reader)
            }
        }
        let ofParsers = ["types", "null_value_pattern", "null_empty_string", "timeout", "match_limit"]
        for key in ofParsers where reader.has(key) {
            reader.warning(key, "'\(key)' has no effect without a type of parser", hint: "add '@type json'")
        }
        reader.ignore(
            ParseSection.keysOutside.filter { !reader.knows($0) },
            reason: "there is no type of parser that it belongs to")
        reader.finish()
        return time
    }

    private static func options(_ reader: SectionReader) -> HTTPOptions {
        var options = HTTPOptions()
        options.bodyBytes = reader.size("body_size_limit", default: options.bodyBytes, range: 1...(1 << 30))
        options.decompressedBytes = reader.size(
            "decompression_size_limit", default: options.decompressedBytes, range: 1...(1 << 30))
        options.tagPrefix = reader.string("add_tag_prefix")?.value
        options.addsHeaders = reader.bool("add_http_headers", default: false)
        options.addsQuery = reader.bool("add_query_params", default: false)
        options.addsAddress = reader.bool("add_remote_addr", default: false)
        options.addedFields = reader.int(
            "added_field_limit", default: options.addedFields, range: 1...(1 << 30))
        if reader.bool("use_204_response", default: false) { options.answer = .noContent }
        if reader.bool("respond_with_empty_img", default: false) { options.answer = .image }
        let credentials = reader.bool("cors_allow_credentials", default: false)
        if let origins = reader.array("cors_allow_origins") {
            options.cors = CORSPolicy(origins: origins.value, allowsCredentials: credentials)
            if credentials, origins.value.contains("*") {
                reader.error(
                    "cors_allow_credentials", "credentials cannot be allowed to all origins ('*')",
                    hint: "name the origins in cors_allow_origins, or leave cors_allow_credentials out")
            }
            for origin in origins.value where origin != "*" && origin.split(separator: "*").count > 2 {
                reader.error(
                    "cors_allow_origins", "'\(origin)' has more than one star", hint: "write https://*.example.com")
            }
        } else if credentials {
            reader.error(
                "cors_allow_credentials", "cors_allow_credentials needs cors_allow_origins",
                hint: "add cors_allow_origins [\"https://app.example.com\"]")
        }
        return options
    }
}
