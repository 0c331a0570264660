internal import Buffering
internal import ConfigFile
internal import Events
internal import HTTPClient
internal import Outputs

/// `<match> @type http`: the parameters of Fluentd's `out_http.rb`.
enum HTTPOutputSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let endpoint = reader.string("endpoint", required: true)
        let name = endpoint.map { HTTPOutputParts.checkURL($0, "endpoint", reader.diagnostics) } ?? ""
        var format = FormatSection.read(reader, default: .json)
        let isArray = reader.bool("json_array", default: false)
        if isArray {
            if format.kind != .json {
                reader.error(
                    "json_array", "'json_array' needs the format json", hint: "remove it, or write '@type json'")
            }
            format.addsNewline = false
        }
        let injection = InjectSection.read(reader, builder)
        let contentType = reader.string("content_type")?.value ?? contentType(format, isArray: isArray)
        let isCompressed: Bool = reader.enumeration("compress", ["text": false, "gzip": true])?.value ?? false
        let method = reader.enumeration("http_method", ["post": HTTPRequest.Method.post, "put": .put])?.value ?? .post
        let headers = HTTPOutputParts.headers("headers", reader)
        let filled = reader.hash("headers_from_placeholders")
        let options = readOptions(reader, builder)
        let secondary = SecondarySection.read(reader, builder)
        let buffering = HTTPOutputParts.readBuffer(reader, builder)
        let template = endpoint.flatMap { HTTPOutputParts.template($0, "endpoint", buffering, reader) }
        var settings = PlainHTTPSettings(
            endpoint: template ?? ChunkTemplate(), name: name, contentType: contentType)
        settings.filledHeaders = filledHeaders(filled, buffering, reader)
        settings.method = method
        settings.headers = headers
        settings.isArray = isArray
        settings.isCompressed = isCompressed
        settings.http = options
        settings.slice = HTTPOutputParts.slice(buffering)
        readVerdicts(reader, &settings)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let service = PlainHTTPService(settings)
        let templates = [settings.endpoint] + settings.filledHeaders.map(\.value)
        let fields = templates.contains(where: \.dependsOnFields) ? buffering.fieldReaders : []
        let fixed = format
        return HTTPOutputParts.plan(
            type: "http", summary: "\(name), \(format.kind.rawValue)\(isCompressed ? ", gzip" : "")", buffering, reader,
            secondary, format: PlainHTTPService.format, service: service, timeoutSeconds: options.timeoutSeconds,
            makeWriter: { LineWriter(fixed, injection: injection, keys: fields) { service.problem($0) } },
            preview: { chunk in
                service.preview(chunk).map { [OutputPart("request", $0.target), OutputPart("line", $0.line)] } ?? []
            })
    }

    private static func contentType(_ format: RecordFormat, isArray: Bool) -> String {
        switch format.kind {
        case .json: isArray ? "application/json" : "application/x-ndjson"
        case .csv: "text/csv"
        case .tsv, .ltsv: "text/tab-separated-values"
        case .msgpack: "application/x-msgpack"
        case .outFile, .singleValue, .hash, .stdout: "text/plain"
        }
    }

    private static func readOptions(_ reader: SectionReader, _ builder: PlanBuilder) -> HTTPOptions {
        var options = HTTPOptions()
        options.connectTimeoutSeconds = Double(reader.int("open_timeout", default: 10, range: 1...86_400))
        options.timeoutSeconds = Double(reader.int("read_timeout", default: 60, range: 1...86_400))
        options.proxy = reader.string("proxy").flatMap { $0.value.isEmpty ? nil : $0.value }
        options.verifiesCertificate =
            reader.enumeration("tls_verify_mode", ["peer": true, "none": false])?.value ?? true
        HTTPOutputParts.readTLS(
            .init(
                authorityFile: "tls_ca_cert_path", certificate: "tls_client_cert_path", key: "tls_private_key_path",
                passphrase: "tls_private_key_passphrase"), reader, builder, &options)
        let version = reader.enumeration("tls_version", HTTPOutputParts.tlsVersions)?.value
        (options.minimumTLS, options.maximumTLS) = (version, version)
        reader.ignore(
            ["tls_ciphers", "ssl_timeout"],
            reason: "OpenSSL's own ciphers are used, and open_timeout counts for TLS too",
            severity: .note)
        reader.ignore(
            ["reuse_connections"], reason: "connections are kept open and used again", severity: .note)
        if let section = reader.section(named: "auth") {
            let inner = SectionReader(section, description: "<auth>", diagnostics: reader.diagnostics)
            let method = inner.string("method")
            if let method, method.value != "basic" {
                inner.error(
                    "method", "'method' is '\(method.value)', and only basic is supported",
                    hint: method.value == "aws_sigv4"
                        ? "for Amazon's services there are @type s3 and @type cloudwatch_logs" : nil)
            }
            options.user = inner.string("username", required: true)?.value
            options.password = inner.secret("password")?.value ?? ""
            inner.finish()
        }
        return options
    }

    private static func filledHeaders(
        _ filled: Setting<[(key: String, value: String)]>?, _ buffering: BufferSection.Read, _ reader: SectionReader
    ) -> [(name: String, value: ChunkTemplate)] {
        var headers: [(name: String, value: ChunkTemplate)] = []
        for (name, value) in filled?.value ?? [] {
            guard let filled else { continue }
            let setting = Setting(value, filled.parameter)
            guard
                let template = HTTPOutputParts.template(setting, "headers_from_placeholders", buffering, reader)
            else { continue }
            headers.append((name, template))
        }
        return headers
    }

    private static func readVerdicts(_ reader: SectionReader, _ settings: inout PlainHTTPSettings) {
        settings.refusesErrors = reader.bool("error_response_as_unrecoverable")?.value
        guard let codes = reader.array("retryable_response_codes") else { return }
        var statuses: Set<Int> = []
        for text in codes.value where !text.isEmpty {
            guard let status = Int(text), (100...599).contains(status) else {
                reader.error(
                    "retryable_response_codes", "'\(text)' is no status of HTTP", hint: "write numbers: 500, 502, 503")
                continue
            }
            statuses.insert(status)
        }
        settings.retryableStatuses = statuses
    }
}
