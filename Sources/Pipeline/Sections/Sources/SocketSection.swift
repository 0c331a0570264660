internal import ConfigFile
internal import EventLoop
internal import ForwardProtocol
internal import Inputs
internal import Parsing
internal import TLS

/// `<source> @type tcp` and `@type udp`, and what they and `syslog` have in common.
enum SocketSection {
    static func readTCP(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        let place = listen(reader, builder, .tcp, defaultPort: 5170)
        let transport = transport(reader, builder, allowing: [.tcp])
        let tag = reader.string("tag", required: true)
        guard let section = ParseSection.find(in: reader), let parsed = ParseSection.read(section, reader.diagnostics)
        else { return nil }
        guard let tag, let transport else { return nil }
        var settings = SocketSettings(
            .tcp, host: place.host, port: place.port, tag: tag.value, parser: parsed.recipe.counted(),
            messageBytes: streamBytes(reader))
        settings.framing = .delimiter(delimiter(reader))
        readStream(reader, &settings)
        readSender(reader, &settings)
        if let security = reader.section(named: "security") {
            settings.networks = networks(security, reader)
        }
        settings.extraction = ExtractSection.read(reader, parserGivesTime: parsed.estimatesCurrentEvent)
        settings.parserGivesTime = parsed.estimatesCurrentEvent
        return plan("tcp", settings, transport.tls)
    }

    static func readUDP(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        let place = listen(reader, builder, .udp, defaultPort: 5160)
        let tag = reader.string("tag", required: true)
        guard let section = ParseSection.find(in: reader), let parsed = ParseSection.read(section, reader.diagnostics)
        else { return nil }
        guard let tag else { return nil }
        var settings = SocketSettings(
            .udp, host: place.host, port: place.port, tag: tag.value, parser: parsed.recipe.counted(),
            messageBytes: datagramBytes(reader, aliases: ["body_size_limit"], default: 4096))
        settings.removesNewline = reader.bool("remove_newline", default: true)
        readQueue(reader, &settings)
        readSender(reader, &settings)
        settings.extraction = ExtractSection.read(reader, parserGivesTime: parsed.estimatesCurrentEvent)
        settings.parserGivesTime = parsed.estimatesCurrentEvent
        return plan("udp", settings, nil)
    }

    /// Of a message of a stream, which Fluentd takes whole whatever its size.
    private static let defaultStreamBytes = 1 << 20
    /// More than a datagram can have (RFC 768: a length of 16 bits).
    private static let largestDatagramBytes = 1 << 16

    static func readQueue(_ reader: SectionReader, _ settings: inout SocketSettings) {
        if let bytes = reader.size("receive_buffer_size", range: 1024...(1 << 30)) {
            settings.receiveQueueBytes = Int32(bytes.value)
        }
    }

    static func streamBytes(_ reader: SectionReader) -> Int {
        reader.size("message_length_limit", default: defaultStreamBytes, range: 1...(1 << 28))
    }

    /// A limit above what a datagram can have cuts none: it is as good as that.
    static func datagramBytes(_ reader: SectionReader, aliases: [String] = [], default standard: Int) -> Int {
        min(
            reader.size("message_length_limit", aliases: aliases, default: standard, range: 1...(1 << 28)),
            largestDatagramBytes)
    }

    // MARK: - Common

    static func listen(
        _ reader: SectionReader, _ builder: PlanBuilder, _ transport: SocketSettings.Transport, defaultPort: Int
    ) -> (host: String, port: UInt16) {
        let host = BindSetting.read(reader)
        let port = reader.int("port", default: defaultPort, range: 0...65535)
        builder.listens(
            on: transport == .tcp ? .tcp(host: host, port: port) : .udp(host: host, port: port),
            at: reader.has("port") ? reader.place(of: "port") : reader.section.place)
        return (host, UInt16(port))
    }

    /// `<transport tcp>`, `<transport udp>`, `<transport tls>`; the first of those allowed without one. nil after an error.
    static func transport(
        _ reader: SectionReader, _ builder: PlanBuilder, allowing allowed: [SocketSettings.Transport]
    ) -> (kind: SocketSettings.Transport, tls: TLSPlan?)? {
        guard let section = reader.section(named: "transport") else { return (allowed[0], nil) }
        if section.argument.text == "udp", allowed.contains(.udp) {
            SectionReader(section, description: section.tag, diagnostics: reader.diagnostics).finish()
            return (.udp, nil)
        }
        let errors = reader.diagnostics.errorCount
        let tls = TransportSection.read(section, builder)
        return reader.diagnostics.errorCount == errors ? (.tcp, tls) : nil
    }

    static func delimiter(_ reader: SectionReader) -> [UInt8] {
        let text = reader.string("delimiter", default: "\n")
        if text.isEmpty { reader.error("delimiter", "the delimiter is empty", hint: #"write "\n", or leave it out"#) }
        return text.isEmpty ? [0x0A] : Array(text.utf8)
    }

    static func readStream(_ reader: SectionReader, _ settings: inout SocketSettings) {
        settings.backlog = Int32(reader.int("backlog", default: Int(settings.backlog), range: 1...65535))
        if reader.bool("send_keepalive_packet", default: false) { settings.connection.keepAliveSeconds = 60 }
        if let limit = reader.int("max_connections", range: 1...1_000_000) {
            settings.budget = ConnectionBudget(
                limit: limit.value, advice: "raise max_connections of this source for more")
        }
        reader.ignore(
            ["blocking_timeout", "linger_timeout"], reason: "sluice never waits for a client", severity: .note)
    }

    static func readSender(_ reader: SectionReader, _ settings: inout SocketSettings) {
        settings.sourceAddressKey = reader.string("source_address_key")?.value
        settings.sourceHostnameKey = reader.string("source_hostname_key", aliases: ["source_host_key"])?.value
        reader.ignore(
            ["resolve_hostname"], reason: "sluice never waits for a name server; addresses are used", severity: .note)
    }

    private static func networks(_ section: Section, _ reader: SectionReader) -> [ForwardSecurity.Network] {
        let security = SectionReader(section, description: "<security>", diagnostics: reader.diagnostics)
        let clients = security.sections(named: "client").compactMap {
            SecuritySection.readClient($0, reader.diagnostics)?.network
        }
        security.finish()
        return clients
    }

    /// - Parameter tls: how a listener gets its context.
    static func plan(_ type: String, _ settings: SocketSettings, _ tls: TLSPlan?) -> SourcePlan {
        let place: ListenPlace =
            settings.transport == .tcp
            ? .tcp(host: settings.host, port: Int(settings.port)) : .udp(host: settings.host, port: Int(settings.port))
        let transport = tls == nil ? "\(settings.transport)" : "TLS"
        return SourcePlan(
            type: type, summary: "\(settings.host):\(settings.port), \(transport)", place: place,
            readsFiles: tls != nil, patterns: settings.parser.meter,
            texts: SourceTexts(tag: settings.tag) { _ in SocketIntake(settings) }
        ) { context in
            var settings = settings
            settings.sharesPort = context.loopCount > 1
            settings.inherited = context.inherited
            return SocketInput(
                settings, tls: try tls?.makeContext(), on: context.loop, emitter: context.emitter, log: context.log,
                pressure: context.pressure)
        }
    }
}

/// `<source> @type syslog`.
enum SyslogSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        guard var transport = SocketSection.transport(reader, builder, allowing: [.udp, .tcp]) else { return nil }
        if let old = reader.enumeration("protocol_type", ["udp": SocketSettings.Transport.udp, "tcp": .tcp]) {
            transport.kind = old.value
        }
        let place = SocketSection.listen(reader, builder, transport.kind, defaultPort: 5140)
        let tag = reader.string("tag", required: true)
        var syslog = SocketSettings.Syslog(parserTakesPriority: true)
        guard let recipe = parser(reader, &syslog), let tag else { return nil }
        syslog.severityKey = reader.string("severity_key", aliases: ["priority_key"])?.value
        syslog.facilityKey = reader.string("facility_key")?.value
        syslog.emitsUnmatchedLines = reader.bool("emit_unmatched_lines", default: false)
        let isStream = transport.kind == .tcp
        var settings = SocketSettings(
            transport.kind, host: place.host, port: place.port, tag: tag.value, parser: recipe,
            messageBytes: isStream
                ? SocketSection.streamBytes(reader) : SocketSection.datagramBytes(reader, default: 2048))
        settings.syslog = syslog
        let delimiter = SocketSection.delimiter(reader)
        let isCounted = reader.enumeration(
            "frame_type", ["traditional": false, "octet_count": true], default: false)
        settings.framing = isCounted ? .octetCount : .delimiter(delimiter)
        SocketSection.readQueue(reader, &settings)
        SocketSection.readStream(reader, &settings)
        SocketSection.readSender(reader, &settings)
        return SocketSection.plan("syslog", settings, transport.tls)
    }

    /// RFC 3164 without a `<parse>`; another type gets what follows the priority.
    private static func parser(
        _ reader: SectionReader, _ syslog: inout SocketSettings.Syslog
    ) -> ParserRecipe? {
        guard let section = ParseSection.find(in: reader, isRequired: false) else {
            var options = SyslogOptions()
            options.withPriority = true
            return try? .syslog(options)
        }
        guard
            let parsed = ParseSection.read(
                section, reader.diagnostics, defaultType: "syslog", takesPriority: true)
        else { return nil }
        syslog.parserTakesPriority = parsed.type == "syslog"
        return parsed.recipe.counted()
    }
}

/// `<source> @type sample` and `@type dummy`.
enum SampleSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        let tag = reader.string("tag", required: true)
        var records = [Array(#"{"message":"sample"}"#.utf8)]
        if let sample = reader.jsonValue("sample") ?? reader.jsonValue("dummy") {
            let items = if case .array(let items) = sample.value { items } else { [sample.value] }
            let objects = items.filter { if case .object = $0 { true } else { false } }
            if objects.isEmpty || objects.count < items.count {
                reader.diagnostics.error(
                    sample.place, "a sample is a JSON object, or an array of such", hint: #"write {"message":"hello"}"#)
            }
            records = objects.map { Array($0.text.utf8) }
        }
        guard let tag, !records.isEmpty else { return nil }
        var settings = SampleInput.Settings(tag: tag.value, records: records)
        settings.rate = reader.int("rate", default: 1, range: 0...10_000_000)
        settings.size = reader.int("size", default: 1, range: 1...100_000)
        settings.incrementedKey = reader.string("auto_increment_key")?.value
        reader.ignore(["suspend", "reuse_record"], reason: "the number begins anew with each start", severity: .note)
        return SourcePlan(type: "sample", summary: "\(settings.rate) a second") { [settings] context in
            guard context.isFirst else { return nil }
            return SampleInput(settings, on: context.loop, emitter: context.emitter, pressure: context.pressure)
        }
    }
}
