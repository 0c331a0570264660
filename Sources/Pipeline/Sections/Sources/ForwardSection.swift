internal import ConfigFile
internal import EventLoop
internal import Events
internal import ForwardProtocol
internal import Inputs

/// `<source> @type forward` and `@type unix`.
enum ForwardSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        let bind = BindSetting.read(reader)
        let port = reader.int("port", default: 24224, range: 0...65535)
        builder.listens(
            on: .tcp(host: bind, port: port),
            at: reader.has("port") ? reader.place(of: "port") : reader.section.place)
        var settings = ForwardInput.Settings(endpoint: .tcp(host: bind, port: UInt16(port)))
        readCommon(reader, &settings)
        settings.deniesKeepAlive = reader.bool("deny_keepalive", default: false)
        if reader.bool("send_keepalive_packet", default: false) { settings.connection.keepAliveSeconds = 60 }
        if let linger = reader.int("linger_timeout", range: 0...3600) {
            settings.connection.lingerSeconds = Int32(linger.value)
        }
        if let security = reader.section(named: "security") {
            settings.security = SecuritySection.read(security, reader.diagnostics, builder.environment.hostname)
        }
        let tls = reader.section(named: "transport").flatMap { TransportSection.read($0, builder) }
        reader.ignore(
            ["resolve_hostname"], reason: "sluice never waits for a name server; addresses are used", severity: .note)
        reader.ignore(
            ["blocking_timeout", "heartbeat_type", "self_hostname", "shared_key"],
            reason: "it belongs into <security> or to the sender")
        let security = settings.security == nil ? "" : ", shared key"
        return SourcePlan(
            type: "forward", summary: "\(bind):\(port)\(tls == nil ? "" : ", TLS")\(security)",
            place: .tcp(host: bind, port: port), readsFiles: tls != nil, make: input(settings, tls))
    }

    static func readUnix(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        let path = reader.string("path", default: "/var/run/fluent/fluent.sock")
        builder.listens(on: .unix(path: path), at: reader.place(of: "path"))
        var settings = ForwardInput.Settings(endpoint: .unix(path: path))
        readCommon(reader, &settings)
        return SourcePlan(type: "unix", summary: path, place: .unix(path: path), make: input(settings, nil))
    }

    /// A port is opened by every loop, the kernel spreading the connections; its heartbeats, and a unix socket, are the
    /// first loop's alone.
    private static func input(
        _ settings: ForwardInput.Settings, _ tls: TLSPlan?
    ) -> (InputContext) throws -> (any Input)? {
        return { context in
            var settings = settings
            if case .unix = settings.endpoint, !context.isFirst { return nil }
            settings.sharesPort = context.loopCount > 1
            settings.inherited = context.inherited
            settings.answersHeartbeats = settings.answersHeartbeats && context.isFirst
            return ForwardInput(
                settings, tls: try tls?.makeContext(), on: context.loop, emitter: context.emitter, log: context.log,
                pressure: context.pressure)
        }
    }

    private static func readCommon(_ reader: SectionReader, _ settings: inout ForwardInput.Settings) {
        settings.backlog = Int32(reader.int("backlog", default: 1024, range: 1...65535))
        if let limit = reader.int("max_connections", range: 1...1_000_000) {
            settings.budget = ConnectionBudget(
                limit: limit.value, advice: "raise max_connections of this source for more")
        }
        settings.intake = IntakeBudget(
            limitBytes: reader.size(
                "unfinished_limit_size", default: IntakeBudget.defaultLimitBytes, range: (1 << 20)...(1 << 40)))
        settings.handshakeTimeoutMilliseconds = UInt64(
            reader.time("handshake_timeout", default: 10, range: 0.1...3600) * 1000)
        let moment = reader.enumeration("ack_after", ["buffer": Receipt.Moment?.none, "delivery": .delivered])
        settings.acksAfter = moment?.value ?? nil
        settings.options.tag = reader.string("tag")?.value
        settings.options.tagPrefix = reader.string("add_tag_prefix")?.value
        settings.options.skipsInvalidEvents = reader.bool("skip_invalid_event", default: true)
        settings.options.sourceAddressKey = reader.string("source_address_key")?.value
        settings.options.sourceHostnameKey = reader.string("source_hostname_key")?.value
        settings.options.limits.messageBytes = reader.size(
            "chunk_size_limit", default: settings.options.limits.messageBytes, range: 1...ForwardLimits.maximumBytes)
        settings.options.limits.messageWarnBytes = reader.size("chunk_size_warn_limit", range: 1...(1 << 31))?.value
        settings.options.limits.decompressedBytes = reader.size(
            "decompression_size_limit", default: settings.options.limits.decompressedBytes,
            range: 1...ForwardLimits.maximumBytes)
    }
}

/// `<security>` of a forward source.
enum SecuritySection {
    /// The name by which the other side knows this one; where it is missing, what to write is said.
    static func selfHostname(_ reader: SectionReader) -> Setting<String>? {
        let name = reader.string("self_hostname")
        if name == nil {
            reader.missing(
                "self_hostname", "'self_hostname' is required in <security>",
                hint: "add a name by which the other side knows this one, such as self_hostname \"#{hostname}\"")
        }
        return name
    }

    static func read(_ section: Section, _ diagnostics: Diagnostics, _ hostname: String) -> ForwardSecurity? {
        let reader = SectionReader(section, description: "<security>", diagnostics: diagnostics)
        let name = selfHostname(reader)
        let key = reader.secret("shared_key", required: true)
        var security = ForwardSecurity(
            selfHostname: name?.value ?? hostname, sharedKey: Array((key?.value ?? "").utf8))
        security.authenticatesUsers = reader.bool("user_auth", default: false)
        security.allowsAnonymousSource = reader.bool("allow_anonymous_source", default: true)
        for user in reader.sections(named: "user") {
            let userReader = SectionReader(user, description: "<user>", diagnostics: diagnostics)
            let name = userReader.string("username", required: true)
            let password = userReader.secret("password", required: true)
            userReader.finish()
            if let name, let password {
                security.users.append(.init(name: Array(name.value.utf8), password: Array(password.value.utf8)))
            }
        }
        for client in reader.sections(named: "client") {
            if let client = readClient(client, diagnostics) { security.clients.append(client) }
        }
        if security.authenticatesUsers && security.users.isEmpty {
            reader.error("user_auth", "user_auth is true, but there is no <user>", hint: "add <user> sections")
        }
        reader.finish()
        return name == nil || key == nil ? nil : security
    }

    static func readClient(_ section: Section, _ diagnostics: Diagnostics) -> ForwardSecurity.Client? {
        let reader = SectionReader(section, description: "<client>", diagnostics: diagnostics)
        let host = reader.string("host")
        let network = reader.string("network")
        let key = reader.secret("shared_key")
        let users = reader.array("users")
        reader.finish()
        if let host, let network {
            diagnostics.error(
                network.place, "<client> has both 'host' and 'network'", hint: "write a <client> for each",
                related: [.init(host.place, "the host is given here")])
        }
        guard let setting = host ?? network else {
            diagnostics.error(section.place, "<client> needs 'host' or 'network'", hint: "network 192.168.0.0/16")
            return nil
        }
        let parts = setting.value.split(separator: "/", maxSplits: 1).map(String.init)
        guard let address = SocketAddress(host: parts.first ?? "", port: 0)?.octets,
            let bits = parts.count == 2 ? Int(parts[1]) : address.count * 8, (0...(address.count * 8)).contains(bits)
        else {
            diagnostics.error(
                setting.place, "'\(setting.value)' is no address and no network",
                hint: "write 10.0.0.7, or 10.0.0.0/8 for a network; names are not resolved")
            return nil
        }
        return .init(
            network: .init(octets: address, prefixBits: bits), sharedKey: key.map { Array($0.value.utf8) },
            users: users.map { $0.value.map { Array($0.utf8) } })
    }
}
