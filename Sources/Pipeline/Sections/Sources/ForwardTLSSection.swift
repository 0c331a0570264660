internal import ConfigFile
internal import TLS

/// `transport` and the `tls_…` parameters of a forward output (Fluentd's `out_forward.rb`).
enum ForwardTLSSection {
    private static let keys = [
        "tls_version", "tls_ciphers", "tls_insecure_mode", "tls_allow_self_signed_cert", "tls_verify_hostname",
        "tls_cert_path", "tls_client_cert_path", "tls_client_private_key_path", "tls_client_private_key_passphrase",
    ]

    private static let versions: KeyValuePairs<String, TLSVersion> = [
        "TLS1_1": .v1_1, "TLSv1_1": .v1_1, "TLS1_2": .v1_2, "TLSv1_2": .v1_2, "TLS1_3": .v1_3, "TLSv1_3": .v1_3,
    ]

    /// nil for plain TCP, and after an error.
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> TLSClientPlan? {
        reader.ignore(
            ["tls_cert_thumbprint", "tls_cert_logical_store_name", "tls_cert_use_enterprise_store"],
            reason: "it is about the certificate store of Windows", defaults: ["tls_cert_use_enterprise_store": "true"])
        reader.ignore(["tls_ensure_fips"], reason: "it is a setting of the OpenSSL library (openssl.cnf)")
        let isTLS = reader.enumeration("transport", ["tcp": false, "tls": true], default: false)
        guard isTLS else {
            // Whoever names a certificate does not want plain text.
            if let key = keys.first(where: { reader.section.parameter($0)?.text?.isEmpty == false }) {
                reader.diagnostics.error(
                    reader.place(of: key), "'\(key)' is given, and \(reader.description) sends plain text",
                    hint: "add 'transport tls'")
            }
            reader.accept(keys)
            return nil
        }
        return readTLS(reader, builder)
    }

    private static func readTLS(_ reader: SectionReader, _ builder: PlanBuilder) -> TLSClientPlan {
        var options = TLSClientOptions()
        if let version = reader.enumeration("tls_version", versions)?.value {
            options.minimumVersion = version
            options.maximumVersion = version
        }
        options.ciphers = reader.string("tls_ciphers").flatMap {
            $0.value == "ALL:!aNULL:!eNULL:!SSLv2" ? nil : $0.value
        }
        options.verification = reader.bool("tls_verify_hostname", default: true) ? .full : .authorityOnly
        if reader.bool("tls_insecure_mode", default: false) {
            options.verification = .none
            reader.warning(
                "tls_insecure_mode", "no certificate is looked at: whoever sits in between can read and change all",
                hint: "give the server's authority: tls_cert_path FILE")
        }
        let authorities = (reader.array("tls_cert_path")?.value ?? []).filter { !$0.isEmpty }
        if !authorities.isEmpty { options.authorities = .only(authorities.map { .file($0) }) }
        if reader.bool("tls_allow_self_signed_cert", default: false), authorities.isEmpty, options.verification != .none
        {
            reader.warning(
                "tls_allow_self_signed_cert", "a certificate that signs itself is taken only when it is known",
                hint: "give the certificate: tls_cert_path FILE")
        }
        let passphrase = reader.secret("tls_client_private_key_passphrase")?.value
        let key = reader.string("tls_client_private_key_path")
        if let certificate = reader.string("tls_client_cert_path") {
            options.identity = TLSIdentity(
                certificates: .file(certificate.value), key: .file(key?.value ?? certificate.value),
                keyPassphrase: passphrase)
        } else if let key {
            reader.diagnostics.error(
                key.parameter.keyPlace, "tls_client_private_key_path needs tls_client_cert_path",
                hint: "add tls_client_cert_path FILE")
        }
        let fixed = options
        let plan = TLSClientPlan { () throws(TLSError) in try TLSContext(client: fixed) }
        check(plan, authorities, reader, builder)
        return plan
    }

    /// The files, tried as a client with them would be set up.
    private static func check(
        _ plan: TLSClientPlan, _ authorities: [String], _ reader: SectionReader, _ builder: PlanBuilder
    ) {
        let isList = authorities.count > 1 || reader.section.parameter("tls_cert_path")?.text != authorities.first
        if isList {
            builder.openings.add { diagnostics in
                for path in authorities {
                    guard let reason = OpeningChecks.problem(ofFile: path, mayBeFolder: true) else { continue }
                    diagnostics.error(
                        reader.place(of: "tls_cert_path"), "cannot read 'tls_cert_path' '\(path)': \(reason)")
                }
            }
        }
        builder.openings.add(
            certificates: "tls_client_cert_path", key: "tls_client_private_key_path",
            passphrase: "tls_client_private_key_passphrase", authorities: isList ? [] : ["tls_cert_path"], reader
        ) { () throws(TLSError) in _ = try plan.makeContext() }
    }
}
