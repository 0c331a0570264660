internal import ConfigFile
internal import Monitor

/// `<source>` of types monitor_agent, prometheus and the prometheus monitors: windows into the daemon, no sources of
/// events.
enum MonitorSection {
    /// `@type monitor_agent` (docs.fluentd.org, "monitor_agent").
    static func readAgent(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        var endpoint = endpoint(reader, builder, port: 24220)
        let tls = reader.section(named: "transport").flatMap { TransportSection.read($0, builder) }
        endpoint.showsConfig = reader.bool("include_config", default: true)
        endpoint.showsRetry = reader.bool("include_retry", default: true)
        endpoint.token = token("token", reader)
        reader.ignore(
            ["tag", "emit_interval"], reason: "the figures are there on request alone, not as events")
        reader.ignore(
            ["include_debug_info"], reason: "there is no Ruby whose variables could be shown", severity: .note)
        return plan("monitor_agent", endpoint, tls)
    }

    /// `@type prometheus` (github.com/fluent/fluent-plugin-prometheus).
    static func readPrometheus(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        var endpoint = endpoint(reader, builder, port: 24231)
        let tls =
            reader.section(named: "transport").flatMap { TransportSection.read($0, builder) }
            ?? reader.section(named: "ssl").flatMap { sslSection($0, reader, builder) }
        endpoint.metricsPaths = [
            path(reader, "metrics_path", "/metrics"), path(reader, "aggregated_metrics_path", "/aggregated_metrics"),
        ]
        reader.ignore(["content_encoding", "gzip"], reason: "answers are sent as they are", severity: .note)
        return plan("prometheus", endpoint, tls)
    }

    /// `@type prometheus_monitor`.
    static func readMonitor(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        monitor("prometheus_monitor", .buffers(labels: labels(reader)), reader)
    }

    /// `@type prometheus_output_monitor`.
    static func readOutputMonitor(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        monitor("prometheus_output_monitor", .outputs(labels: labels(reader)), reader)
    }

    // MARK: - Parts

    /// What somebody has to say to see events; nil: none is set.
    static func token(_ key: String, _ reader: SectionReader) -> String? {
        guard let token = reader.string(key)?.value else { return nil }
        if token.isEmpty { reader.error(key, "'\(key)' is empty", hint: "write a long random word") }
        return token
    }

    private static func endpoint(_ reader: SectionReader, _ builder: PlanBuilder, port: Int) -> MonitorEndpoint {
        let bind = BindSetting.read(reader)
        let port = reader.int("port", default: port, range: 1...65535)
        builder.listens(
            on: .tcp(host: bind, port: port),
            at: reader.has("port") ? reader.place(of: "port") : reader.section.place)
        return MonitorEndpoint(host: bind, port: UInt16(port))
    }

    private static func path(_ reader: SectionReader, _ key: String, _ standard: String) -> String {
        let path = reader.string(key, default: standard)
        if !path.hasPrefix("/") { reader.error(key, "'\(key)' is '\(path)'", hint: "write '/\(path)'") }
        return path
    }

    /// `<labels>`: names and values that every sample carries.
    private static func labels(_ reader: SectionReader) -> [(name: String, value: String)] {
        guard let section = reader.section(named: "labels") else { return [] }
        return section.parameters.compactMap { parameter in
            guard let value = parameter.text else { return nil }
            if !isLabelName(parameter.key) {
                reader.diagnostics.error(
                    parameter.keyPlace, "'\(parameter.key)' is no name of a label",
                    hint: "letters, digits and '_', no digit first")
            }
            return (parameter.key, value)
        }
    }

    static func isLabelName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), !name.hasPrefix("__") else { return false }
        return name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
        }
    }

    /// `<ssl>` of older prometheus sources, in the words of `<transport tls>`. Without a certificate of its own the source
    /// makes one, as there.
    private static func sslSection(
        _ section: Section, _ source: SectionReader, _ builder: PlanBuilder
    ) -> TLSPlan? {
        let reader = SectionReader(section, diagnostics: builder.diagnostics)
        defer { reader.finish() }
        let names: KeyValuePairs = [
            "certificate_path": "cert_path", "private_key_path": "private_key_path", "ca_path": "ca_path",
        ]
        let isEnabled = reader.bool("enable", default: false)
        reader.accept(names.map(\.key))
        reader.ignore(["extra_conf"], reason: "it is about WEBrick, which Fluentd's source serves with")
        guard isEnabled else { return nil }
        var transport = Section(
            name: "transport", argument: Argument(text: "tls", place: section.place), place: section.place)
        for (old, new) in names {
            if let parameter = section.parameter(old) { transport.parameters.append(parameter.renamed(new)) }
        }
        if section.parameter("certificate_path") == nil, let enable = section.parameter("enable") {
            transport.parameters.append(enable.renamed("insecure", value: "true"))
        }
        return TransportSection.read(transport, builder)
    }

    private static func plan(_ type: String, _ endpoint: MonitorEndpoint, _ tls: TLSPlan?) -> SourcePlan {
        let note = tls == nil ? "" : ", TLS"
        var plan = SourcePlan(type: type, summary: "\(endpoint.host):\(endpoint.port)\(note)") { _ in nil }
        plan.monitor = endpoint
        plan.monitorTLS = tls
        return plan
    }

    private static func monitor(_ type: String, _ monitor: FluentdMonitor, _ reader: SectionReader) -> SourcePlan {
        reader.ignore(["interval"], reason: "figures are those of the moment of each request", severity: .note)
        var plan = SourcePlan(type: type, summary: "its names beside sluice's own") { _ in nil }
        plan.fluentdMonitor = monitor
        return plan
    }
}
