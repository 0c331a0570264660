internal import Buffering
internal import ConfigFile
internal import EventLoop
internal import Events
internal import ForwardProtocol
internal import Outputs

/// `<match> @type forward`: the parameters of Fluentd's `out_forward.rb`.
enum ForwardOutputSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        var settings = ForwardOutputSettings()
        let security = readSecurity(reader)
        readServers(reader, &settings, security)
        readSending(reader, &settings)
        readWatching(reader, &settings)
        let tls = ForwardTLSSection.read(reader, builder)
        readIgnored(reader)
        let secondary = SecondarySection.read(reader, builder)
        let buffering = readBuffer(reader, builder)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let fixed = settings
        return OutputPlan(
            type: "forward", summary: summary(fixed, isTLS: tls != nil, hasSecurity: security != nil),
            secondary: secondary?.type, secondaryLabel: secondary?.label, isDurable: buffering.settings.waitsForDisk,
            buffer: buffering.place, preview: { EventPreview() },
            makeOutput: { context in
                try ForwardOutput(fixed, tls: tls, buffering, secondary: secondary, context: context)
            })
    }

    private static func summary(_ settings: ForwardOutputSettings, isTLS: Bool, hasSecurity: Bool) -> String {
        var parts = settings.servers.map { $0.endpoint.place + ($0.isStandby ? " (standby)" : "") }
        if settings.asksForReceipts { parts.append("acks") }
        if isTLS { parts.append("TLS") }
        if hasSecurity { parts.append("shared key") }
        return parts.joined(separator: ", ")
    }

    // MARK: - Servers

    private struct Security {
        var selfHostname: String
        var sharedKey: String
    }

    private static func readSecurity(_ reader: SectionReader) -> Security? {
        guard let section = reader.section(named: "security") else { return nil }
        let inner = SectionReader(section, description: "<security>", diagnostics: reader.diagnostics)
        let name = SecuritySection.selfHostname(inner)
        let key = inner.secret("shared_key", required: true)
        inner.ignore(
            ["user_auth", "allow_anonymous_source"], reason: "it belongs into the <source> of the server")
        inner.finish()
        return Security(selfHostname: name?.value ?? "", sharedKey: key?.value ?? "")
    }

    private static func readServers(
        _ reader: SectionReader, _ settings: inout ForwardOutputSettings, _ security: Security?
    ) {
        var sections = reader.sections(named: "server")
        for discovery in reader.sections(named: "service_discovery") {
            sections += services(of: discovery, reader)
        }
        var places: [Endpoint: Section] = [:]
        for section in sections {
            guard let server = server(section, reader, security) else { continue }
            if let first = places[server.endpoint] {
                reader.diagnostics.warning(
                    section.place, "\(section.tag) is \(server.endpoint.place) a second time",
                    hint: "give one 'weight' instead", related: [.init(first.place, "the first one is here")])
            }
            places[server.endpoint] = section
            settings.servers.append(server)
        }
        if let host = reader.parameter("host") {
            reader.accept(["port"])
            reader.diagnostics.error(
                host.keyPlace, "'host' in \(reader.description) was taken out of Fluentd",
                hint: "write <server>, with 'host \(host.text ?? "NAME")' in it, and </server>")
        } else if sections.isEmpty, reader.section.sections(named: "service_discovery").isEmpty {
            reader.diagnostics.error(
                reader.section.place, "\(reader.description) has no <server>",
                hint: "add <server>, 'host NAME' and </server>")
        } else if settings.servers.count == sections.count, !settings.servers.isEmpty,
            settings.servers.allSatisfy({ $0.weight == 0 })
        {
            reader.diagnostics.error(
                reader.section.place, "every server of \(reader.description) has weight 0",
                hint: "give one of them a weight of 1 or more")
        }
    }

    /// `<service_discovery> @type static`: its `<service>` sections are servers.
    private static func services(of section: Section, _ reader: SectionReader) -> [Section] {
        let inner = SectionReader(section, description: section.tag, diagnostics: reader.diagnostics)
        let type = inner.type(required: true)
        if let type, type.value != "static" {
            reader.diagnostics.error(
                type.place, "service discovery of type '\(type.value)' is not supported",
                hint: "name the servers: a <server> for each, or '@type static' with <service> sections")
            return []
        }
        let found = inner.sections(named: "service")
        inner.finish()
        return found
    }

    private static func server(
        _ section: Section, _ reader: SectionReader, _ security: Security?
    ) -> ForwardOutputSettings.Server? {
        let inner = SectionReader(section, description: section.tag, diagnostics: reader.diagnostics)
        let host = inner.string("host", required: true)
        if let host {
            HostCheck.check(host, reader.diagnostics) { _ in "write the name or address alone, and 'port' below it" }
        }
        let port = inner.int("port", default: 24224, range: 1...65535)
        let name = inner.string("name")?.value
        let weight = inner.int("weight", default: 60, range: 0...10_000)
        let isStandby = inner.bool("standby", default: false)
        let key = inner.secret("shared_key")
        let user = inner.string("username")
        let password = inner.secret("password")
        if security == nil, let given = key ?? user ?? password {
            reader.diagnostics.error(
                given.parameter.keyPlace, "'\(given.parameter.key)' is used only with <security>",
                hint: "add <security> with self_hostname and shared_key to the <match>")
        }
        inner.finish()
        guard let host else { return nil }
        // A connection needs no brackets around an IPv6 address.
        let bare =
            host.value.hasPrefix("[") && host.value.hasSuffix("]")
            ? String(host.value.dropFirst().dropLast()) : host.value
        var server = ForwardOutputSettings.Server(.tcp(host: bare, port: UInt16(port)))
        server.name = name.flatMap { $0.isEmpty ? nil : $0 }
        server.weight = weight
        server.isStandby = isStandby
        server.credentials = security.map { security in
            ForwardCredentials(
                selfHostname: security.selfHostname, sharedKey: Array((key?.value ?? security.sharedKey).utf8),
                username: Array((user?.value ?? "").utf8), password: Array((password?.value ?? "").utf8))
        }
        return server
    }

    // MARK: - Sending and watching

    private static func readSending(_ reader: SectionReader, _ settings: inout ForwardOutputSettings) {
        settings.asksForReceipts = reader.bool("require_ack_response", default: false)
        settings.receiptSeconds = reader.time("ack_response_timeout", default: 190, range: 0.1...86_400)
        if !settings.asksForReceipts, reader.has("ack_response_timeout") {
            reader.warning(
                "ack_response_timeout", "no ack is asked for, so none is waited for",
                hint: "add 'require_ack_response true'")
        }
        settings.sendSeconds = reader.time("send_timeout", default: settings.sendSeconds, range: 0.1...86_400)
        settings.connectSeconds = reader.time("connect_timeout", default: settings.connectSeconds, range: 0.1...86_400)
        settings.compression =
            reader.enumeration(
                "compress", ["text": ForwardOutputSettings.Compression.text, "gzip": .gzip, "zstd": .zstd])?.value
            ?? .text
        settings.usesIntegerTime = reader.bool("time_as_integer", default: false)
        settings.keepsConnections = reader.bool("keepalive", default: false)
        settings.idleSeconds = reader.time("keepalive_timeout", range: 0.1...86_400)?.value
        if !settings.keepsConnections, reader.has("keepalive_timeout") {
            reader.warning(
                "keepalive_timeout", "connections are not kept, so none is idle", hint: "add 'keepalive true'")
        }
        settings.shufflesAddresses = reader.bool("dns_round_robin", default: false)
    }

    private static func readWatching(_ reader: SectionReader, _ settings: inout ForwardOutputSettings) {
        let type = reader.enumeration(
            "heartbeat_type",
            ["transport": ForwardOutputSettings.Heartbeat.transport, "tcp": .transport, "udp": .udp, "none": .none])
        settings.heartbeat = type?.value ?? .transport
        settings.recoverSeconds = reader.time("recover_wait", default: 10, range: 0...86_400)
        settings.detector.recoverSeconds = settings.recoverSeconds
        settings.detector.intervalSeconds = reader.time("heartbeat_interval", default: 1, range: 0.01...86_400)
        settings.detector.hardTimeoutSeconds = reader.time("hard_timeout", default: 60, range: 0.01...86_400)
        let threshold = reader.float("phi_threshold", default: 16, range: 0.01...1e6)
        settings.detector.phiThreshold = reader.bool("phi_failure_detector", default: true) ? threshold : nil
        if settings.heartbeat != .none, settings.detector.hardTimeoutSeconds < settings.detector.intervalSeconds {
            reader.warning(
                reader.has("hard_timeout") ? "hard_timeout" : "heartbeat_interval",
                "hard_timeout is shorter than heartbeat_interval: every server counts as away between two heartbeats",
                hint: "a few intervals are usual")
        }
    }

    // MARK: - Buffer, the rest

    private static func readBuffer(_ reader: SectionReader, _ builder: PlanBuilder) -> BufferSection.Read {
        let section = reader.bufferSection(chunkKeys: "tag")
        var buffering = BufferSection.read(section, reader.diagnostics, builder)
        if let section, !section.argument.text.isEmpty, !buffering.settings.keys.usesTag {
            reader.diagnostics.error(
                section.argument.place, "the chunk keys of a forward output must include 'tag'",
                hint: "a message has one tag: write <buffer tag, \(section.argument.text)>")
        }
        buffering.settings.keys.usesTag = true
        reader.ignore(BufferSection.keysInside.filter { $0 != "compress" }, reason: "it belongs into <buffer>")
        // Fluentd has this one outside of the section.
        if let threshold = reader.time("slow_flush_log_threshold", range: 0...1e9) {
            buffering.settings.slowFlushLogThresholdSeconds = threshold.value
        }
        return buffering
    }

    private static func readIgnored(_ reader: SectionReader) {
        reader.ignore(
            ["expire_dns_cache"], reason: "names are resolved for each connection", severity: .note)
        reader.ignore(
            ["ignore_network_errors_at_startup"], reason: "sluice starts whether its servers answer or not",
            severity: .note)
        reader.ignore(
            ["verify_connection_at_startup"], reason: "sluice starts whether its servers answer or not",
            defaults: ["verify_connection_at_startup": "false"])
        if let section = reader.section(named: "transport") {
            reader.diagnostics.error(
                section.place, "<transport> is a section of <source>, and events would go out as plain text",
                hint: "write 'transport tls' and the tls_ parameters into the <match>")
        }
    }
}
