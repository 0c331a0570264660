internal import ConfigFile
internal import Kafka

/// What `kafka` sources and outputs have in common: brokers, TLS, and who the client is (fluent-plugin-kafka's
/// `kafka_plugin_util.rb`).
enum KafkaClientSection {
    struct Read {
        /// For reports: `a:9092,b:9092`.
        var brokers: String
        var properties: [KafkaProperty]
        /// `TLS`, `SCRAM-SHA-512`, for reports.
        var notes: [String] = []
    }

    /// - Parameters:
    ///   - defaultClientID: nil: librdkafka's.
    ///   - demandsTLS: whether an account without TLS must be asked for (`sasl_over_ssl false`), as in Fluentd's plugins
    ///     that stand on ruby-kafka.
    static func read(
        _ reader: SectionReader, _ builder: PlanBuilder, defaultClientID: String?, demandsTLS: Bool = true
    ) -> Read {
        let brokers = readBrokers(reader)
        var result = Read(
            brokers: brokers.joined(separator: ","),
            properties: [KafkaProperty("bootstrap.servers", brokers.joined(separator: ","))])
        if let id = reader.string("client_id")?.value ?? defaultClientID, !id.isEmpty {
            result.properties.append(KafkaProperty("client.id", id))
        }
        let isTLS = readTLS(reader, builder, &result)
        let isSASL = readAccount(reader, builder, &result)
        let allowsPlain = !reader.bool("sasl_over_ssl", default: demandsTLS)
        if isSASL, !isTLS, !allowsPlain {
            reader.diagnostics.error(
                reader.has("username") ? reader.place(of: "username") : reader.place(of: "principal"),
                "the account would be shown without TLS", hint: "add 'ssl_ca_cert FILE', or say 'sasl_over_ssl false'")
        }
        let security = isSASL ? (isTLS ? "sasl_ssl" : "sasl_plaintext") : isTLS ? "ssl" : "plaintext"
        result.properties.append(KafkaProperty("security.protocol", security))
        readTimeouts(reader, &result)
        reader.ignore(
            ["get_kafka_client_log"], reason: "librdkafka's own lines are in the log at its debug level",
            severity: .note)
        reader.ignore(
            ["active_support_notification_regex", "resolve_seed_brokers"], reason: "there is no ruby-kafka")
        return result
    }

    private static func readBrokers(_ reader: SectionReader) -> [String] {
        for key in ["zookeeper", "zookeeper_path", "offset_zookeeper", "offset_zk_root_node"] where reader.has(key) {
            reader.error(
                key, "ZooKeeper is not asked: Kafka has done without it since version 4",
                hint: "write 'brokers HOST:9092,HOST:9092'")
        }
        let given = (reader.array("brokers")?.value ?? ["localhost:9092"]).filter { !$0.isEmpty }
        if given.isEmpty {
            reader.error("brokers", "'brokers' names none", hint: "write 'brokers HOST:9092,HOST:9092'")
        }
        for broker in given {
            // `[::1]:9092`, `host:9092`, `host`.
            let port =
                broker.hasSuffix("]") ? nil : broker.lastIndex(of: ":").map { broker[broker.index(after: $0)...] }
            let isGood = port.map { Int($0).map { (1...65535).contains($0) } ?? false } ?? true
            if !isGood || broker.contains("/") || broker.contains(" ") {
                reader.error(
                    "brokers", "'\(broker)' is no broker", hint: "write HOST:PORT, such as kafka-1.example.com:9092")
            }
        }
        return given.map { $0.contains(":") ? $0 : "\($0):9092" }
    }

    private static func readTLS(_ reader: SectionReader, _ builder: PlanBuilder, _ result: inout Read) -> Bool {
        let authorities = (reader.array("ssl_ca_cert")?.value ?? []).filter { !$0.isEmpty }
        let usesSystem = reader.bool("ssl_ca_certs_from_system", default: false)
        let certificate = reader.string("ssl_client_cert").flatMap { $0.value.isEmpty ? nil : $0 }
        let key = reader.string("ssl_client_cert_key").flatMap { $0.value.isEmpty ? nil : $0 }
        let password = reader.secret("ssl_client_cert_key_password")
        let verifies = reader.bool("ssl_verify_hostname", default: true)
        if let chain = reader.string("ssl_client_cert_chain"), !chain.value.isEmpty {
            reader.error(
                "ssl_client_cert_chain", "the chain is read from the file of the certificate",
                hint: "put both into one file, the certificate first, and name it in ssl_client_cert")
        }
        if authorities.count > 1 {
            reader.error(
                "ssl_ca_cert", "one file of authorities can be named", hint: "put all of them into one file")
        }
        for (name, path) in [
            ("ssl_ca_cert", authorities.first), ("ssl_client_cert", certificate?.value),
            ("ssl_client_cert_key", key?.value),
        ] {
            guard let path else { continue }
            builder.openings.add { diagnostics in
                guard let reason = OpeningChecks.problem(ofFile: path, mayBeFolder: name == "ssl_ca_cert") else {
                    return
                }
                diagnostics.error(reader.place(of: name), "cannot read '\(name)' '\(path)': \(reason)")
            }
        }
        if (certificate == nil) != (key == nil) {
            let given = certificate == nil ? "ssl_client_cert_key" : "ssl_client_cert"
            let other = certificate == nil ? "ssl_client_cert" : "ssl_client_cert_key"
            reader.error(given, "'\(given)' needs '\(other)'", hint: "add '\(other) FILE'")
        }
        guard !authorities.isEmpty || usesSystem || certificate != nil else { return false }
        result.notes.append("TLS")
        func add(_ name: String, _ value: String?) {
            if let value { result.properties.append(KafkaProperty(name, value)) }
        }
        add("ssl.ca.location", authorities.first)
        add("ssl.certificate.location", certificate?.value)
        add("ssl.key.location", key?.value)
        add("ssl.key.password", password?.value)
        add("ssl.endpoint.identification.algorithm", verifies ? "https" : "none")
        return true
    }

    private static let mechanisms: KeyValuePairs<String, String> = [
        "sha256": "SCRAM-SHA-256", "sha512": "SCRAM-SHA-512", "scram-sha-256": "SCRAM-SHA-256",
        "scram-sha-512": "SCRAM-SHA-512", "SCRAM-SHA-256": "SCRAM-SHA-256", "SCRAM-SHA-512": "SCRAM-SHA-512",
    ]

    private static func readAccount(_ reader: SectionReader, _ builder: PlanBuilder, _ result: inout Read) -> Bool {
        let user = reader.string("username").flatMap { $0.value.isEmpty ? nil : $0.value }
        let password = reader.secret("password")?.value
        let scram = reader.enumeration("scram_mechanism", mechanisms)?.value
        let principal = reader.string("principal").flatMap { $0.value.isEmpty ? nil : $0.value }
        let keytab = reader.string("keytab")?.value
        let service = reader.string("service_name")?.value
        for key in ["sasl_oauth_token_provider", "sasl_aws_msk_iam_access_key_id", "sasl_aws_msk_iam_secret_key_id"]
        where reader.has(key) {
            reader.error(
                key, "'\(key)' is not supported", hint: "username and password, or principal and keytab, are")
        }
        var added: [KafkaProperty] = []
        if let user, let password {
            added = [
                KafkaProperty("sasl.mechanisms", scram ?? "PLAIN"), KafkaProperty("sasl.username", user),
                KafkaProperty("sasl.password", password),
            ]
            result.notes.append(scram ?? "PLAIN")
            if scram != nil, !KafkaLibrary.speaksStrictSCRAM {
                builder.openings.add { diagnostics in
                    diagnostics.warning(
                        reader.place(of: "scram_mechanism"),
                        "librdkafka \(KafkaLibrary.version) cannot log in with SCRAM to brokers from Kafka 3.8.1 on",
                        hint: "install librdkafka 2.6.1 or later, or use PLAIN over TLS")
                }
            }
        } else if let principal {
            added = [
                KafkaProperty("sasl.mechanisms", "GSSAPI"), KafkaProperty("sasl.kerberos.principal", principal),
            ]
            if let keytab { added.append(KafkaProperty("sasl.kerberos.keytab", keytab)) }
            if let service { added.append(KafkaProperty("sasl.kerberos.service.name", service)) }
            result.notes.append("Kerberos")
        } else if user != nil || password != nil {
            let given = user == nil ? "password" : "username"
            let other = user == nil ? "username" : "password"
            reader.error(given, "'\(given)' needs '\(other)'", hint: "add '\(other) …'")
        }
        result.properties += added
        return !added.isEmpty
    }

    private static func readTimeouts(_ reader: SectionReader, _ result: inout Read) {
        for (key, property) in [
            ("connect_timeout", "socket.connection.setup.timeout.ms"), ("socket_timeout", "socket.timeout.ms"),
        ] {
            if let seconds = reader.time(key, range: 1...300) {
                result.properties.append(KafkaProperty(property, "\(Int(seconds.value * 1000))"))
            }
        }
    }

    /// Properties of librdkafka that a configuration may not set: something here stands on what they are.
    private static let own: Set<String> = [
        "enable.auto.offset.store", "enable.auto.commit", "delivery.report.only.error", "log.queue", "enabled_events",
        "plugin.library.paths", "internal.termination.signal", "bootstrap.servers", "metadata.broker.list",
        "sticky.partitioning.linger.ms", "enable.partition.eof", "transactional.id", "group.id",
    ]

    /// A hash of librdkafka's own properties: each is tried, and what is none has its place.
    static func properties(_ key: String, _ reader: SectionReader) -> [KafkaProperty] {
        var found: [KafkaProperty] = []
        for (name, value) in reader.hash(key)?.value ?? [] {
            if own.contains(name) {
                reader.error(
                    key, "'\(name)' cannot be set in '\(key)'",
                    hint: name == "bootstrap.servers" || name == "metadata.broker.list"
                        ? "name them in 'brokers'" : "remove it: what is acknowledged stands on it")
                continue
            }
            let property = KafkaProperty(name, value)
            do throws(KafkaSetupError) {
                try property.check()
                found.append(property)
            } catch {
                reader.error(
                    key, "librdkafka does not take this: \(error.message)",
                    hint: "its properties are listed in its CONFIGURATION.md")
            }
        }
        return found
    }
}
