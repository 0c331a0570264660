internal import ConfigFile
internal import TLS

/// `<transport tls>` of a listener.
enum TransportSection {
    /// nil for plain TCP, and after an error.
    static func read(_ section: Section, _ builder: PlanBuilder) -> TLSPlan? {
        let diagnostics = builder.diagnostics
        let reader = SectionReader(section, description: section.tag, diagnostics: diagnostics)
        defer { reader.finish() }
        switch section.argument.text {
        case "tls": return readTLS(reader, builder)
        case "tcp", "":
            // Whoever names a certificate does not want plain text.
            if let key = certificateKeys.first(where: { section.parameter($0) != nil }) {
                reader.accept(tlsKeys)
                diagnostics.error(
                    reader.place(of: key), "'\(key)' is given, and \(section.tag) is plain TCP",
                    hint: "write <transport tls>")
            }
            return nil
        default:
            diagnostics.error(
                section.argument.place, "unknown transport '\(section.argument.text)'",
                hint: "<transport tls>, or no section for plain TCP")
            return nil
        }
    }

    private static let versions: KeyValuePairs<String, TLSVersion> = [
        "TLS1_1": .v1_1, "TLSv1_1": .v1_1, "TLS1_2": .v1_2, "TLSv1_2": .v1_2, "TLS1_3": .v1_3, "TLSv1_3": .v1_3,
    ]

    private static let certificateKeys = [
        "cert_path", "private_key_path", "ca_cert_path", "ca_private_key_path", "client_cert_auth",
    ]
    private static let tlsKeys =
        certificateKeys + [
            "version", "min_version", "max_version", "ciphers", "ca_path", "insecure", "private_key_passphrase",
            "ca_private_key_passphrase",
        ]

    private static func readTLS(_ reader: SectionReader, _ builder: PlanBuilder) -> TLSPlan? {
        let version = reader.enumeration("version", versions)?.value
        let minimum = reader.enumeration("min_version", versions)?.value ?? version ?? .v1_2
        let maximum = reader.enumeration("max_version", versions)?.value ?? version ?? .v1_3
        if maximum < minimum {
            reader.error("max_version", "max_version \(maximum) is older than min_version \(minimum)")
        }
        let ciphers = reader.string("ciphers")?.value
        let requiresClients = reader.bool("client_cert_auth", default: false)
        let caPath = reader.string("ca_path")?.value
        let insecure = reader.bool("insecure", default: false)
        let certificate = reader.string("cert_path")
        let key = reader.string("private_key_path")
        let passphrase = reader.secret("private_key_passphrase")?.value
        let caCertificate = reader.string("ca_cert_path")
        let caKey = reader.string("ca_private_key_path")
        let caPassphrase = reader.secret("ca_private_key_passphrase")?.value
        if let verifier = reader.string("cert_verifier") {
            reader.diagnostics.error(
                verifier.parameter.keyPlace, "'cert_verifier' is Ruby code, which sluice cannot run",
                hint: "use 'client_cert_auth true' with 'ca_path'")
        }
        reader.ignore(["ensure_fips"], reason: "it is a setting of the OpenSSL library (openssl.cnf)")
        var generated = GeneratedCertificate.Options(
            commonName: reader.string("generate_cert_common_name", default: "localhost"))
        generated.country = reader.string("generate_cert_country", default: generated.country)
        generated.state = reader.string("generate_cert_state", default: generated.state)
        generated.locality = reader.string("generate_cert_locality", default: generated.locality)
        generated.keyBits = UInt32(reader.int("generate_private_key_length", default: 2048, range: 1024...16384))
        generated.lifetimeSeconds = Int(
            reader.time("generate_cert_expiration", default: Double(generated.lifetimeSeconds), range: 60...4e9))

        let fixed = options(minimum, maximum, ciphers, requiresClients, caPath)
        if let certificate {
            guard let key else {
                reader.error("cert_path", "cert_path needs private_key_path", hint: "add private_key_path FILE")
                return nil
            }
            let identity = TLSIdentity(
                certificates: .file(certificate.value), key: .file(key.value), keyPassphrase: passphrase)
            let plan = TLSPlan { () throws(TLSError) in try TLSContext(server: fixed(identity)) }
            check(plan, ["cert_path", "private_key_path"], reader, builder)
            return plan
        }
        let request = generated
        if let caCertificate, let caKey {
            let authority = TLSIdentity(
                certificates: .file(caCertificate.value), key: .file(caKey.value), keyPassphrase: caPassphrase)
            let plan = TLSPlan { () throws(TLSError) in
                try TLSContext(server: fixed(GeneratedCertificate(request, signedBy: authority).identity))
            }
            check(plan, ["ca_cert_path", "ca_private_key_path"], reader, builder)
            return plan
        }
        if insecure {
            return TLSPlan { () throws(TLSError) in
                try TLSContext(server: fixed(GeneratedCertificate(request).identity))
            }
        }
        reader.diagnostics.error(
            reader.section.place, "<transport tls> has no certificate",
            hint: "give cert_path and private_key_path, or ca_cert_path and ca_private_key_path, or insecure true")
        return nil
    }

    private static func check(_ plan: TLSPlan, _ keys: [String], _ reader: SectionReader, _ builder: PlanBuilder) {
        builder.openings.add(
            certificates: keys[0], key: keys[1], passphrase: keys[1].replacing("_path", with: "_passphrase"),
            authorities: ["ca_path"], reader
        ) { () throws(TLSError) in _ = try plan.makeContext() }
    }

    private static func options(
        _ minimum: TLSVersion, _ maximum: TLSVersion, _ ciphers: String?, _ requiresClients: Bool, _ caPath: String?
    ) -> @Sendable (TLSIdentity) -> TLSServerOptions {
        { identity in
            var options = TLSServerOptions(identity: identity)
            options.minimumVersion = minimum
            options.maximumVersion = maximum
            options.ciphers = ciphers
            if requiresClients { options.clientCertificates = .required }
            if let caPath { options.clientAuthorities = .only([.file(caPath)]) }
            return options
        }
    }
}
