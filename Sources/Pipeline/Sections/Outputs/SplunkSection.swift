internal import Buffering
internal import ConfigFile
internal import Events
internal import HTTPClient
internal import Outputs

/// `<match> @type splunk_hec`: the parameters of fluent-plugin-splunk-hec (its README.md).
enum SplunkSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        var settings = SplunkSettings()
        readServer(reader, builder, &settings)
        settings.timeKey = accessor("time_key", reader)
        settings.keepsKeys = reader.bool("keep_keys", default: false)
        readData(reader, &settings)
        if let section = reader.section(named: "fields") {
            let inner = SectionReader(section, description: "<fields>", diagnostics: reader.diagnostics)
            settings.fields = []
            for parameter in inner.allParameters() {
                let place = parameter.text.flatMap { $0.isEmpty ? nil : $0 } ?? parameter.key
                settings.fields?.append((parameter.key, (try? RecordAccessor(place)) ?? RecordAccessor(key: place)))
            }
            inner.finish()
        }
        let formats = reader.section.sections(named: "format")
        if formats.count > 1 || formats.contains(where: { !["", "**"].contains($0.argument.text) }) {
            reader.diagnostics.error(
                formats[formats.count - 1].place, "<format> for some tags only is not supported",
                hint: "write a <match> for these tags, with a <format> of its own")
        }
        if !formats.isEmpty || reader.has("format") { settings.format = FormatSection.read(reader, default: .json) }
        readIgnored(reader)
        let secondary = SecondarySection.read(reader, builder)
        let buffering = HTTPOutputParts.readBuffer(reader, builder)
        settings.index = origin("index", reader)
        settings.host =
            origin(isOlder(reader) ? "event_host" : "host", reader) ?? template(builder.environment.hostname)
        settings.source = origin("source", reader)
        settings.sourcetype = origin("sourcetype", reader)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let fixed = settings
        let service = SplunkService(fixed)
        return HTTPOutputParts.plan(
            type: "splunk_hec", summary: fixed.url, buffering, reader, secondary, format: SplunkService.format,
            service: service, timeoutSeconds: fixed.http.timeoutSeconds, makeWriter: { SplunkWriter(fixed) },
            preview: { chunk in service.preview(chunk).map { [OutputPart("event", $0)] } ?? [] })
    }

    /// Whether the section is written for fluent-plugin-splunkhec, an older plugin of this type, in which `host` is the
    /// server and not the events' host.
    private static func isOlder(_ reader: SectionReader) -> Bool {
        !reader.has("hec_host") && !reader.has("full_url") && !reader.has("hec_token") && reader.has("token")
    }

    private static func readServer(_ reader: SectionReader, _ builder: PlanBuilder, _ settings: inout SplunkSettings) {
        let isOlder = isOlder(reader)
        let (hostKey, portKey, tokenKey) =
            isOlder ? ("host", "port", "token") : ("hec_host", "hec_port", "hec_token")
        var scheme = reader.enumeration("protocol", ["https": "https", "http": "http"])?.value
        if isOlder, let usesTLS = reader.bool("use_ssl") { scheme = usesTLS.value ? "https" : "http" }
        let host = reader.string(hostKey, required: !isOlder && !reader.has("full_url"))
        if let host { HostCheck.check(host, reader.diagnostics) }
        let port = reader.int(portKey, default: 8088, range: 1...65535)
        let place = HostCheck.forURL(host?.value ?? (isOlder ? "localhost" : ""))
        settings.url = "\(scheme ?? (isOlder ? "http" : "https"))://\(place):\(port)"
        if let url = reader.string("full_url") {
            settings.url = HTTPOutputParts.checkURL(url, "full_url", reader.diagnostics)
        }
        settings.token = reader.secret(tokenKey, required: true)?.value ?? ""
        if settings.token.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            reader.error(tokenKey, "'\(tokenKey)' holds a blank or a control character")
        }
        settings.http.connectTimeoutSeconds = Double(reader.int("open_timeout", default: 10, range: 1...86_400))
        settings.http.timeoutSeconds = Double(reader.int("read_timeout", default: 60, range: 1...86_400))
        settings.http.verifiesCertificate = !reader.bool("insecure_ssl", default: false)
        if isOlder, let verifies = reader.bool("ssl_verify") { settings.http.verifiesCertificate = verifies.value }
        HTTPOutputParts.readTLS(
            .init(authorityFile: "ca_file", authorityFolder: "ca_path", certificate: "client_cert", key: "client_key"),
            reader, builder, &settings.http)
        if reader.bool("require_ssl_min_version", default: true) { settings.http.minimumTLS = .tls1_2 }
        settings.isCompressed = reader.bool("gzip_compression", default: false)
        settings.headers = HTTPOutputParts.headers("custom_headers", reader)
    }

    private static func readData(_ reader: SectionReader, _ settings: inout SplunkSettings) {
        let isMetric: Bool = reader.enumeration("data_type", ["event": false, "metric": true])?.value ?? false
        let name = accessor("metric_name_key", reader)
        let value = accessor("metric_value_key", reader)
        let fromEvent = reader.bool("metrics_from_event", default: name == nil)
        guard isMetric else { return }
        if !fromEvent, name == nil || value == nil {
            reader.error(
                name == nil ? "metric_name_key" : "metric_value_key",
                "a metric needs 'metric_name_key' and 'metric_value_key'",
                hint: "or add 'metrics_from_event true': then every number of the record is one")
        }
        settings.dataType = fromEvent ? .metrics(name: nil, value: nil) : .metrics(name: name, value: value)
    }

    private static func readIgnored(_ reader: SectionReader) {
        reader.ignore(
            ["coerce_to_utf8", "non_utf8_replacement_string"], reason: "what is no UTF-8 becomes U+FFFD",
            severity: .note)
        reader.ignore(
            ["idle_timeout", "ssl_ciphers", "ciphers", "app_name", "app_version", "slow_flush_log_threshold_s"],
            reason: "sluice does the right thing by itself", severity: .note)
        reader.ignore(
            ["consume_chunk_on_4xx_errors"],
            reason:
                "an event that Splunk refuses is kept with its reason, and a chunk is sent again until it may be taken",
            severity: .note)
    }

    /// `index` or `index_key`, and so on: one of the two.
    private static func origin(_ name: String, _ reader: SectionReader) -> SplunkSettings.Origin? {
        let setting = reader.string(name)
        let place = accessor("\(name)_key", reader)
        if let setting, place != nil {
            reader.diagnostics.error(
                setting.place, "'\(name)' and '\(name)_key' cannot both be set", hint: "remove one of the two")
        }
        if let place { return .field(place) }
        return setting.flatMap { setting in
            if setting.value.contains("${"), setting.value != "${tag}" {
                reader.diagnostics.add(
                    Diagnostic(.note, at: setting.place, "only ${tag} and ${tag[n]} are filled in here"))
            }
            return template(setting.value)
        }
    }

    private static func template(_ text: String) -> SplunkSettings.Origin? {
        (try? ChunkTemplate(text, parameter: "index")).map { .template($0) }
    }

    private static func accessor(_ key: String, _ reader: SectionReader) -> RecordAccessor? {
        reader.string(key).flatMap { AccessorText.read($0, reader) }
    }
}
