internal import Buffering
internal import ConfigFile
internal import Events
internal import HTTPClient
internal import Logging
internal import Outputs
internal import Parsing
internal import TLS
internal import Time

/// `<match> @type elasticsearch`: the parameters of fluent-plugin-elasticsearch (its README.md and `out_elasticsearch.rb`).
enum ElasticsearchSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        var settings = ElasticsearchSettings()
        let errorsBefore = reader.diagnostics.errorCount
        readServers(reader, &settings)
        readTarget(reader, &settings)
        readDocument(reader, &settings)
        readHTTP(reader, builder, &settings)
        readIgnored(reader)
        let secondary = SecondarySection.read(reader, builder)
        let buffering = readBuffer(reader, builder, &settings)
        checkNames(settings, buffering, reader)
        checkFormatter(settings, reader)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let fixed = settings
        let hosts = fixed.hosts.map(\.baseURL).joined(separator: ",")
        let index =
            fixed.logstashFormat
            ? fixed.logstashPrefix + fixed.logstashPrefixSeparator + fixed.logstashDateFormat : fixed.indexName
        let makeOutput: (RunContext) throws -> any RunningOutput = { context in
            let log = context.log
            let destination = ElasticsearchDestination(fixed, client: try context.httpClient(), log: log)
            return try BufferedOutput(
                buffering, format: ElasticsearchFormatter.format, name: destination.name, destination: destination,
                reader: ElasticsearchItemReader(),
                secondary: secondary, context: context
            ) { formatter(fixed) { problem, tag in tell(problem, tag, log) } }
        }
        return OutputPlan(
            type: "elasticsearch", summary: "\(hosts), index \(index)", secondary: secondary?.type,
            secondaryLabel: secondary?.label, isDurable: buffering.settings.waitsForDisk, buffer: buffering.place,
            preview: { DocumentPreview(formatter(fixed)) }, makeOutput: makeOutput)
    }

    private static func formatter(
        _ settings: ElasticsearchSettings, onProblem: ((DocumentProblem, Tag) -> Void)? = nil
    ) -> ElasticsearchFormatter {
        do {
            return try ElasticsearchFormatter(settings, onProblem: onProblem)
        } catch {
            preconditionFailure("the formatter was made once before: \(error)")
        }
    }

    private static func tell(_ problem: DocumentProblem, _ tag: Tag, _ log: Log) {
        switch problem {
        case .time(let value, let reason, _):
            log.limited(
                .warn, kind: "time", subject: ["tag": tag.text],
                "cannot read '\(value)' as a time; the event's own time names the index", ["reason": reason])
        case .emptyPlaceholder(let name, let index):
            log.limited(
                .warn, kind: "placeholder", subject: ["tag": tag.text],
                "nothing stands for \(name) in a record with this tag, so its index is named '\(index)'; give the record"
                    + " that field before (record_transformer), or name the index without it")
        }
    }

    // MARK: - Servers

    private static func readServers(_ reader: SectionReader, _ settings: inout ElasticsearchSettings) {
        var host = ElasticsearchHost()
        let name = reader.string("host")
        if let name { HostCheck.check(name, reader.diagnostics) }
        host.host = HostCheck.forURL(name?.value ?? "localhost")
        host.port = reader.int("port", default: 9200, range: 1...65535)
        host.scheme =
            reader.enumeration("scheme", ["http": "http", "https": "https"])?.value ?? "http"
        host.path = reader.string("path", default: "")
        host.user = reader.string("user").map { credential($0.value) }
        host.password = reader.secret("password").map { credential($0.value) }
        if host.user != nil && host.password == nil {
            reader.error("user", "user is given without password", hint: "add password")
        }
        settings.hosts = [host]
        if let hosts = reader.string("hosts") {
            settings.hosts = []
            for text in hosts.value.split(separator: ",").map(String.init) {
                guard let one = ElasticsearchHost(text, defaults: host) else {
                    reader.error(
                        "hosts", "'\(SecretText.masked(text, of: "hosts"))' is no host",
                        hint: "write name, name:port or https://user:password@name:port/path")
                    continue
                }
                settings.hosts.append(one)
            }
        }
        if reader.has("cloud_id") {
            reader.error(
                "cloud_id", "cloud_id is not supported yet", hint: "give the https URL of the deployment as 'hosts'")
        }
        reader.accept(["cloud_auth"])
        settings.apiKey = reader.secret("api_key")?.value
        settings.customHeaders = reader.hash("custom_headers")?.value.map { (name: $0.key, value: $0.value) } ?? []
        settings.resurrectAfterSeconds = reader.time("resurrect_after", default: 60, range: 0...86_400)
        let version = majorVersion(reader)
        let verifies = reader.bool("verify_es_version_at_startup", default: true)
        if !verifies { settings.assumedMajorVersion = version }
        if let threshold = reader.size("bulk_message_request_threshold") {
            settings.requestLimitBytes = threshold.value > 0 ? threshold.value : nil
        }
    }

    /// `8.13.3` is 8: Fluentd takes the number in front.
    private static func majorVersion(_ reader: SectionReader) -> Int? {
        let key = "default_elasticsearch_version"
        guard let setting = reader.string(key) else { return nil }
        if let number = Int(setting.value.prefix { $0.isASCII && $0.isNumber }), (1...99).contains(number),
            setting.value.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E })
        {
            return number
        }
        reader.error(key, "'\(key)' is '\(setting.value)', which is no version", hint: "write a number, such as 8")
        return nil
    }

    /// `%{…}` marks text that the plugin would URL-encode; headers need no encoding.
    private static func credential(_ text: String) -> String {
        text.hasPrefix("%{") && text.hasSuffix("}") ? String(text.dropFirst(2).dropLast()) : text
    }

    private static func readHTTP(
        _ reader: SectionReader, _ builder: PlanBuilder, _ settings: inout ElasticsearchSettings
    ) {
        if let timeout = reader.time("request_timeout", range: 0.1...86_400)?.value {
            settings.http.timeoutSeconds = timeout
            settings.http.connectTimeoutSeconds = min(timeout, 5)
        } else {
            settings.bulkTimeoutSeconds = ElasticsearchSettings.patientBulkTimeoutSeconds
        }
        settings.http.verifiesCertificate = reader.bool("ssl_verify", default: true)
        let versions: KeyValuePairs<String, HTTPOptions.TLSVersion> = [
            "TLSv1": .tls1_0, "TLSv1_1": .tls1_1, "TLSv1_2": .tls1_2, "TLSv1_3": .tls1_3,
        ]
        let version = reader.enumeration("ssl_version", versions)?.value
        settings.http.minimumTLS = reader.enumeration("ssl_min_version", versions)?.value ?? version
        settings.http.maximumTLS = reader.enumeration("ssl_max_version", versions)?.value ?? version
        checkCertificates(reader, builder)
        settings.http.authorityFile = reader.string("ca_file")?.value
        settings.http.authorityFolder = reader.string("ca_path")?.value
        settings.http.clientCertificateFile = reader.string("client_cert")?.value
        settings.http.clientKeyFile = reader.string("client_key")?.value
        settings.http.clientKeyPassword = reader.secret("client_key_pass")?.value
        settings.compressionLevel =
            reader.enumeration(
                "compression_level",
                [
                    "no_compression": Optional<Int>.none, "best_speed": 1, "best_compression": 9,
                    "default_compression": 6,
                ])?
            .value ?? nil
    }

    /// The files of TLS, tried as a client with them would be set up.
    private static func checkCertificates(_ reader: SectionReader, _ builder: PlanBuilder) {
        let files = ["ca_file", "ca_path", "client_cert", "client_key"]
        guard files.contains(where: { reader.section.parameter($0)?.text?.isEmpty == false }) else { return }
        func path(_ key: String) -> String? { reader.section.parameter(key)?.text.flatMap { $0.isEmpty ? nil : $0 } }
        var options = TLSClientOptions()
        options.verification = .authorityOnly
        let authorities = ["ca_file", "ca_path"].compactMap(path)
        if !authorities.isEmpty { options.authorities = .only(authorities.map { .file($0) }) }
        if let certificate = path("client_cert") {
            options.identity = TLSIdentity(
                certificates: .file(certificate), key: .file(path("client_key") ?? certificate),
                keyPassphrase: path("client_key_pass"))
        }
        let fixed = options
        builder.openings.add(
            certificates: "client_cert", key: "client_key", passphrase: "client_key_pass",
            authorities: ["ca_file", "ca_path"], reader
        ) { () throws(TLSError) in _ = try TLSContext(client: fixed) }
    }

    // MARK: - Where and what

    private static func readTarget(_ reader: SectionReader, _ settings: inout ElasticsearchSettings) {
        settings.indexName = reader.string("index_name", default: settings.indexName)
        settings.logstashFormat = reader.bool("logstash_format", default: false)
        settings.logstashPrefix = reader.string("logstash_prefix", default: settings.logstashPrefix)
        settings.logstashPrefixSeparator = reader.string("logstash_prefix_separator", default: "-")
        settings.logstashDateFormat = reader.string("logstash_dateformat", default: settings.logstashDateFormat)
        settings.utcIndex = reader.bool("utc_index", default: true)
        settings.targetIndexKey = accessor("target_index_key", reader)
        settings.typeName = reader.string("type_name")?.value
        settings.suppressTypeName = reader.bool("suppress_type_name", default: false)
        settings.pipeline = reader.string("pipeline")?.value
    }

    private static func readDocument(_ reader: SectionReader, _ settings: inout ElasticsearchSettings) {
        settings.includeTimestamp = reader.bool("include_timestamp", default: false)
        settings.timeKey = reader.string("time_key")?.value
        if let format = reader.string("time_key_format") {
            do throws(SettingError) {
                settings.timeKeySource = try TimeSource(format: format.value)
            } catch {
                reader.error("time_key_format", error.message, hint: error.hint)
            }
        }
        settings.timeKeyExcludesTimestamp = reader.bool("time_key_exclude_timestamp", default: false)
        settings.timePrecision = reader.int("time_precision", default: 9, range: 0...9)
        settings.idKey = accessor("id_key", reader)
        settings.generatesIDs = reader.bool("generate_id", default: false)
        settings.routingKey = accessor("routing_key", reader)
        settings.parentKey = accessor("parent_key", reader)
        settings.removeKeys = list("remove_keys", reader)
        if let nested = settings.removeKeys.first(where: { $0.hasPrefix("$.") || $0.hasPrefix("$[") }) {
            reader.warning(
                "remove_keys",
                "'\(nested)' is the name of a top-level key here, as in Fluentd: nothing nested is removed",
                hint: "remove it before, with 'remove_keys \(nested)' in a <filter> of type record_transformer")
        }
        settings.includeTagKey = reader.bool("include_tag_key", default: false)
        settings.tagKey = reader.string("tag_key", default: "tag")
        settings.writeOperation =
            reader.enumeration(
                "write_operation",
                [
                    "index": ElasticsearchSettings.WriteOperation.index, "create": .create, "update": .update,
                    "upsert": .upsert,
                ])?.value ?? .index
        if [.update, .upsert].contains(settings.writeOperation) && settings.idKey == nil {
            reader.error(
                "write_operation", "write_operation \(settings.writeOperation.rawValue) needs id_key",
                hint: "name the field that holds the document's id: id_key FIELD")
        }
        settings.renamesConflicts =
            reader.enumeration("on_mapping_conflict", ["dead_letter": false, "rename": true])?.value ?? false
        settings.suppressDocWrap = reader.bool("suppress_doc_wrap", default: false)
        settings.flattenHashes = reader.bool("flatten_hashes", default: false)
        settings.flattenHashesSeparator = reader.string("flatten_hashes_separator", default: "_")
    }

    /// A key with dots means a path here: `id_key a.b` is `$.a.b`, as in the plugin.
    private static func accessor(_ key: String, _ reader: SectionReader) -> RecordAccessor? {
        guard let setting = reader.string(key) else { return nil }
        if setting.value.hasPrefix("$") || !setting.value.contains(".") { return AccessorText.read(setting, reader) }
        return try? RecordAccessor("$." + setting.value)
    }

    private static func list(_ key: String, _ reader: SectionReader) -> [String] {
        (reader.array(key)?.value ?? []).filter { !$0.isEmpty }
    }

    // MARK: - Buffer, secondary, the rest

    private static func readBuffer(
        _ reader: SectionReader, _ builder: PlanBuilder, _ settings: inout ElasticsearchSettings
    ) -> BufferSection.Read {
        var buffering = BufferSection.read(reader.bufferSection(chunkKeys: ""), reader.diagnostics, builder)
        reader.ignore(BufferSection.keysInside, reason: "it belongs into <buffer>")
        // Fluentd has this one outside of the section.
        if let threshold = reader.time("slow_flush_log_threshold", range: 0...1e9) {
            buffering.settings.slowFlushLogThresholdSeconds = threshold.value
        }
        settings.resolvesTimePlaceholders = buffering.settings.keys.timekeySeconds != nil
        return buffering
    }

    private static func readIgnored(_ reader: SectionReader) {
        reader.ignore(
            [
                "reload_connections", "reload_on_failure", "reload_after", "reconnect_on_error", "sniffer_class_name",
                "http_backend", "http_backend_excon_nonblock", "selector_class_name", "prefer_oj_serializer",
                "max_retry_get_es_version", "fail_on_detecting_es_version_retry_exceed", "with_transporter_log",
                "log_es_400_reason", "content_type", "emit_error_for_missing_id", "include_index_in_url",
                "validate_client_version", "unrecoverable_error_types", "unrecoverable_record_types",
                "use_legacy_template",
                "emit_error_label_event", "exception_backup", "ignore_exceptions", "retry_tag", "time_parse_error_tag",
                "suppress_type_name_warning", "catch_transport_exception_on_retry", "application_name",
                "truncate_caches_interval",
            ], reason: "sluice does the right thing by itself", severity: .note)
        reader.ignore(
            [
                "template_name", "template_file", "template_overwrite", "templates", "customize_template",
                "rollover_index", "index_date_pattern", "deflector_alias",
                "enable_ilm", "ilm_policy_id", "ilm_policy", "ilm_policies", "ilm_policy_overwrite",
                "max_retry_putting_template", "fail_on_putting_template_retry_exceed", "index_separator",
            ], reason: "templates and index lifecycles are not managed yet; set them up in Elasticsearch",
            defaults: [
                "template_overwrite": "false", "rollover_index": "false", "enable_ilm": "false",
                "ilm_policy_overwrite": "false", "index_date_pattern": "now/d", "index_separator": "-",
                "max_retry_putting_template": "10", "fail_on_putting_template_retry_exceed": "true",
                "ilm_policy_id": "logstash-policy",
            ])
        reader.ignore(["target_type_key"], reason: "Elasticsearch has one type an index since version 6")
        for key in ["target_index_affinity", "remove_keys_on_update", "remove_keys_on_update_key"] {
            guard let parameter = reader.parameter(key), !["false", ""].contains(parameter.text ?? "") else { continue }
            reader.diagnostics.error(
                parameter.keyPlace, "'\(key)' is not supported yet",
                hint: "remove the line; without it whole records are sent")
        }
        if let metadata = reader.section(named: "metadata") {
            reader.diagnostics.warning(metadata.place, "<metadata> is not supported yet: no chunk id is added")
        }
    }

    /// Names and placeholders of the index that documents go to; what is not used is not looked at.
    private static func checkNames(
        _ settings: ElasticsearchSettings, _ buffering: BufferSection.Read, _ reader: SectionReader
    ) {
        let keys = settings.logstashFormat ? ["logstash_prefix", "logstash_prefix_separator"] : ["index_name"]
        for key in keys {
            guard let setting = reader.string(key) else { continue }
            IndexNameCheck.check(
                setting, key, chunkKeys: buffering.settings.keys.fieldNames,
                hasTimeKey: settings.resolvesTimePlaceholders, isFirst: key != "logstash_prefix_separator",
                reader.diagnostics)
        }
        if settings.logstashFormat, let format = reader.string("logstash_dateformat") {
            IndexNameCheck.check(
                format, "logstash_dateformat", chunkKeys: [], hasTimeKey: true, isFirst: false, reader.diagnostics)
        }
        for key in ["pipeline", "type_name"] {
            guard let setting = reader.string(key), setting.value.contains("${") else { continue }
            reader.warning(key, "placeholders in '\(key)' are not filled in: it is sent as it stands")
        }
    }

    /// Index names and formats are compiled once here, so that an error has its place.
    private static func checkFormatter(_ settings: ElasticsearchSettings, _ reader: SectionReader) {
        do throws(SettingError) {
            _ = try ElasticsearchFormatter(settings)
        } catch {
            ParseSection.report(error, reader)
        }
    }
}
