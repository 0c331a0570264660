internal import Buffering
internal import ConfigFile
internal import Events
internal import Outputs
internal import TLS

/// `<match> @type gelf`: the parameters of fluent-plugin-gelf-hs and its forks (their README.md).
enum GELFSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        var settings = GELFSettings()
        settings.hostname = builder.environment.hostname
        if let host = reader.string("host", required: true) {
            HostCheck.check(host, reader.diagnostics) { _ in "write the name or address alone, and 'port' below it" }
            let isBracketed = host.value.hasPrefix("[") && host.value.hasSuffix("]")
            settings.host = isBracketed ? String(host.value.dropFirst().dropLast()) : host.value
        }
        settings.port = UInt16(reader.int("port", default: 12_201, range: 1...65535))
        settings.transport =
            reader.enumeration("protocol", ["udp": GELFSettings.Transport.udp, "tcp": .tcp])?.value ?? .udp
        settings.usesRecordHost = reader.bool("use_record_host", default: false)
        settings.addsMilliseconds = reader.bool("add_msec_time", default: false)
        settings.datagramBytes =
            reader.enumeration(
                "udp_transport_type",
                ["WAN": GELFDatagrams.wideAreaBytes, "LAN": GELFDatagrams.localAreaBytes])?.value
            ?? GELFDatagrams.wideAreaBytes
        let tls = readTLS(reader, builder, settings.transport)
        reader.ignore(["max_bytes"], reason: "messages are sent whole, and nothing is cut off", severity: .note)
        let secondary = SecondarySection.read(reader, builder)
        let buffering = HTTPOutputParts.readBuffer(reader, builder)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let fixed = settings
        let transport = tls == nil ? (fixed.transport == .udp ? "UDP" : "TCP") : "TLS"
        return OutputPlan(
            type: "gelf", summary: "\(fixed.endpoint.place), \(transport)", secondary: secondary?.type,
            secondaryLabel: secondary?.label, isDurable: buffering.settings.waitsForDisk, buffer: buffering.place,
            preview: {
                ItemPreview(ItemFormatter(GELFWriter(fixed))) { chunk in
                    GELFDestination.preview(chunk).map { [OutputPart("message", $0, isJSON: true)] } ?? []
                }
            },
            makeOutput: { context in
                try GELFOutput(fixed, tls: tls, buffering, secondary: secondary, context: context)
            })
    }

    /// `tls` and `tls_options`, whose keys are gelf-rb's.
    private static func readTLS(
        _ reader: SectionReader, _ builder: PlanBuilder, _ transport: GELFSettings.Transport
    ) -> TLSClientPlan? {
        let isTLS = reader.bool("tls", default: false)
        let given = reader.hash("tls_options")
        guard isTLS else {
            if let given, !given.value.isEmpty {
                reader.diagnostics.error(
                    given.parameter.keyPlace, "'tls_options' is given, and \(reader.description) sends plain text",
                    hint: "add 'tls true'")
            }
            return nil
        }
        if transport == .udp {
            reader.error(
                "tls", "there is no TLS over UDP, and events would go out as plain text", hint: "add 'protocol tcp'")
            return nil
        }
        var options = TLSClientOptions()
        var files: [(name: String, path: String, mayBeFolder: Bool)] = []
        var values: [String: String] = [:]
        for (key, value) in given?.value ?? [] { values[key] = value }
        func take(_ key: String) -> String? { values.removeValue(forKey: key).flatMap { $0.isEmpty ? nil : $0 } }
        let authority = take("ca")
        if let authority {
            options.authorities = .only([.file(authority)])
            files.append(("ca", authority, true))
        }
        if take("no_default_ca") == "true", authority == nil { options.authorities = .only([]) }
        let (certificate, key) = (take("cert"), take("key"))
        if let certificate {
            options.identity = TLSIdentity(certificates: .file(certificate), key: .file(key ?? certificate))
            files.append(("cert", certificate, false))
            if let key { files.append(("key", key, false)) }
        }
        if take("no_verify") == "true" {
            options.verification = .none
            reader.warning(
                "tls_options", "no certificate is looked at: whoever sits in between can read and change all",
                hint: #"give the server's authority: {"ca":"FILE"}"#)
        }
        // Old ciphers and versions are for servers that have no others; nothing is thrown away at an error.
        _ = (take("all_ciphers"), take("version"), take("rescue_ssl_errors"))
        for key in values.keys.sorted() {
            reader.warning(
                "tls_options", "'\(key)' is no option of TLS here", hint: "there are ca, cert, key and no_verify")
        }
        let fixed = options
        let plan = TLSClientPlan { () throws(TLSError) in try TLSContext(client: fixed) }
        builder.openings.add { diagnostics in
            var isMissing = false
            for file in files {
                guard let reason = OpeningChecks.problem(ofFile: file.path, mayBeFolder: file.mayBeFolder) else {
                    continue
                }
                isMissing = true
                diagnostics.error(
                    reader.place(of: "tls_options"), "cannot read '\(file.name)' '\(file.path)': \(reason)")
            }
            if isMissing { return }
            do throws(TLSError) { _ = try plan.makeContext() } catch {
                diagnostics.error(reader.place(of: "tls_options"), "\(error)")
            }
        }
        return plan
    }
}
