internal import ConfigFile
internal import HTTPClient
internal import Outputs
internal import TLS
internal import Words

/// The servers of an output to a search engine, and how they are spoken to.
enum SearchServersSection {
    static func read(
        _ reader: SectionReader, _ builder: PlanBuilder, _ type: SearchOutputType,
        _ settings: inout ElasticsearchSettings
    ) {
        readServers(reader, type, &settings)
        readHTTP(reader, builder, &settings)
    }

    private static func readServers(
        _ reader: SectionReader, _ type: SearchOutputType, _ settings: inout ElasticsearchSettings
    ) {
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
            // As Fluentd sends it: a server may take it.
            reader.warning("user", "user is given without password: an empty one is sent", hint: "add password")
            host.password = ""
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
        if type.product == .elasticsearch { readCloud(reader, &settings) }
        settings.apiKey = reader.secret("api_key")?.value
        settings.customHeaders = reader.hash("custom_headers")?.value.map { (name: $0.key, value: $0.value) } ?? []
        settings.resurrectAfterSeconds = reader.time("resurrect_after", default: 60, range: 0...86_400)
        let version = majorVersion(type.versionKey, reader)
        if !reader.bool(type.verifyKey, default: true) { settings.assumedMajorVersion = version }
        settings.product = type.product
        settings.includesIndexInURL = reader.bool("include_index_in_url", default: false)
        if let threshold = reader.size("bulk_message_request_threshold") {
            settings.requestLimitBytes = threshold.value > 0 ? threshold.value : nil
        }
    }

    /// Elastic's hosted service names a deployment by its id: a label and, in base64, `domain$cluster$kibana`
    /// (https://www.elastic.co/guide/en/cloud/current/ec-cloud-id.html).
    private static func readCloud(_ reader: SectionReader, _ settings: inout ElasticsearchSettings) {
        let login = reader.secret("cloud_auth")
        guard let id = reader.string("cloud_id") else { return }
        let code = id.value.split(separator: ":", maxSplits: 1).last.map { Array($0.utf8) } ?? []
        let parts = Base64.decoded(code, strict: true).map { bytes in
            String(decoding: bytes, as: UTF8.self).split(separator: "$").map(String.init)
        }
        guard let parts, parts.count >= 2,
            var host = ElasticsearchHost("https://\(parts[1]).\(parts[0])")
        else {
            reader.error(
                "cloud_id", "'cloud_id' is no cloud id", hint: "copy it from the deployment's page, NAME:BASE64")
            return
        }
        guard let login else {
            reader.error("cloud_id", "cloud_id is given without cloud_auth", hint: "add cloud_auth 'USER:PASSWORD'")
            return
        }
        let words = login.value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        (host.user, host.password) = (words[0], words.count > 1 ? words[1] : "")
        settings.hosts = [host]
    }

    /// `8.13.3` is 8: Fluentd takes the number in front.
    private static func majorVersion(_ key: String, _ reader: SectionReader) -> Int? {
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
    static func checkCertificates(_ reader: SectionReader, _ builder: PlanBuilder) {
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
}
