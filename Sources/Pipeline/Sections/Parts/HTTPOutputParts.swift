internal import Buffering
internal import ConfigFile
internal import Events
internal import HTTPClient
internal import Outputs
internal import TLS

/// What the outputs over HTTP read alike.
enum HTTPOutputParts {
    /// Names of the parameters for TLS, as each plugin spells them.
    struct TLSNames {
        var authorityFile: String
        var authorityFolder: String?
        var certificate: String
        var key: String
        var passphrase = "client_key_password"
    }

    static func readTLS(
        _ names: TLSNames, _ reader: SectionReader, _ builder: PlanBuilder, _ options: inout HTTPOptions
    ) {
        func path(_ name: String?) -> String? {
            name.flatMap { reader.string($0)?.value }.flatMap { $0.isEmpty ? nil : $0 }
        }
        options.authorityFile = path(names.authorityFile)
        options.authorityFolder = path(names.authorityFolder)
        options.clientCertificateFile = path(names.certificate)
        options.clientKeyFile = path(names.key)
        options.clientKeyPassword = reader.secret(names.passphrase)?.value
        let authorities = [names.authorityFile, names.authorityFolder].compactMap { $0 }
        guard (authorities + [names.certificate, names.key]).contains(where: { path($0) != nil }) else { return }
        var tls = TLSClientOptions()
        tls.verification = .authorityOnly
        let given = authorities.compactMap(path)
        if !given.isEmpty { tls.authorities = .only(given.map { .file($0) }) }
        if let certificate = options.clientCertificateFile {
            tls.identity = TLSIdentity(
                certificates: .file(certificate), key: .file(options.clientKeyFile ?? certificate),
                keyPassphrase: options.clientKeyPassword)
        }
        let fixed = tls
        builder.openings.add(
            certificates: names.certificate, key: names.key, passphrase: names.passphrase, authorities: authorities,
            reader
        ) { () throws(TLSError) in _ = try TLSContext(client: fixed) }
    }

    static let tlsVersions: KeyValuePairs<String, HTTPOptions.TLSVersion> = [
        "TLSv1_1": .tls1_1, "TLSv1_2": .tls1_2, "TLSv1_3": .tls1_3, "TLS1_1": .tls1_1, "TLS1_2": .tls1_2,
        "TLS1_3": .tls1_3,
    ]

    /// `<buffer>`, and what stands beside it by mistake.
    static func readBuffer(
        _ reader: SectionReader, _ builder: PlanBuilder, chunkKeys: String = "",
        _ defaults: BufferSection.Defaults = BufferSection.Defaults()
    ) -> BufferSection.Read {
        var buffering = BufferSection.read(
            reader.bufferSection(chunkKeys: chunkKeys)
                ?? (defaults.chunkKeys.isEmpty
                    ? nil
                    : Section(
                        name: "buffer", argument: Argument(text: chunkKeys, place: reader.section.place),
                        place: reader.section.place)),
            reader.diagnostics, builder, defaults)
        reader.ignore(
            BufferSection.keysInside.filter { !reader.knows($0) }, reason: "it belongs into <buffer>")
        if let threshold = reader.time("slow_flush_log_threshold", range: 0...1e9) {
            buffering.settings.slowFlushLogThresholdSeconds = threshold.value
        }
        return buffering
    }

    /// A parameter with placeholders, compiled; an error is reported at its place.
    static func template(
        _ setting: Setting<String>, _ name: String, _ buffering: BufferSection.Read, _ reader: SectionReader
    ) -> ChunkTemplate? {
        let keys = buffering.settings.keys
        PlaceholderCheck.check(setting, name, keys, reader.diagnostics)
        do throws(SettingError) {
            return try ChunkTemplate(
                setting.value, fieldNames: keys.fieldNames,
                zone: keys.timekeySeconds == nil ? nil : buffering.zone, parameter: name)
        } catch {
            reader.diagnostics.error(setting.place, error.message, hint: error.hint)
            return nil
        }
    }

    /// The beginning of the slice that a moment falls into.
    static func slice(_ buffering: BufferSection.Read) -> @Sendable (Int64) -> Int64 {
        let keys = buffering.settings.keys
        if keys.timekeySeconds == nil { return { $0 } }
        return { keys.slice(of: $0) ?? $0 }
    }

    /// A URL with http or https and no credentials in it; without a slash at its end. Placeholders may stand in it.
    static func checkURL(_ setting: Setting<String>, _ name: String, _ errors: Diagnostics) -> String {
        var url = setting.value
        let lower = url.lowercased()
        let rest = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last ?? ""
        if !lower.hasPrefix("http://") && !lower.hasPrefix("https://") || rest.isEmpty || rest.hasPrefix("/") {
            errors.error(
                setting.place, "'\(name)' is '\(SecretText.masked(url, of: name))', which is no URL",
                hint: "write http://name:port/path, or https")
        } else if url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            errors.error(setting.place, "'\(name)' holds a blank or a control character", hint: "write it as %20")
        } else if rest.prefix(while: { $0 != "/" }).contains("@") {
            errors.error(
                setting.place, "'\(name)' holds credentials", hint: "write user and password as parameters of their own"
            )
        }
        while url.last == "/" { url.removeLast() }
        return url
    }

    /// `{"name":"value"}` as headers: a line break in one would be two.
    static func headers(_ name: String, _ reader: SectionReader) -> [(name: String, value: String)] {
        let pairs = reader.hash(name)?.value.map { (name: $0.key, value: $0.value) } ?? []
        for pair in pairs where (pair.name + pair.value).utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            reader.error(name, "the header '\(pair.name)' holds a control character")
        }
        return pairs
    }

    /// The plan of an output: how it is told of, tried and made.
    static func plan<Service: HTTPService, Writer: ItemWriter>(
        type: String, summary: String, _ buffering: BufferSection.Read, _ reader: SectionReader,
        _ secondary: SecondarySection.Read?, format: String, service: Service, timeoutSeconds: Double,
        signing: AWSPlan? = nil, makeWriter: @escaping @Sendable () -> Writer,
        preview: @escaping @Sendable (LoadedChunk) -> [OutputPart]
    ) -> OutputPlan {
        OutputPlan(
            type: type, summary: summary, secondary: secondary?.type, secondaryLabel: secondary?.label,
            isDurable: buffering.settings.waitsForDisk, buffer: buffering.place,
            preview: { ItemPreview(ItemFormatter(makeWriter()), preview) },
            makeOutput: { context in
                let client = try context.httpClient()
                let destination = HTTPDestination(
                    service, client: client, signer: signing?.signer(client), timeoutSeconds: timeoutSeconds,
                    log: context.log)
                return try BufferedOutput(
                    buffering, format: format, name: service.name, destination: destination, reader: KeptItemReader(),
                    secondary: secondary, context: context
                ) { ItemFormatter(makeWriter()) }
            })
    }
}

/// With what an output signs its requests.
struct AWSPlan: Sendable {
    var source: AWSCredentialSource
    var region: String
    var service: String

    func signer(_ client: HTTPClient) -> AWSSigner {
        AWSSigner(source, region: region, service: service, client: client)
    }
}
