import COpenSSL

/// A certificate and key made at start-up, for Fluentd's `insecure true` (self-signed) and for
/// `ca_cert_path` + `ca_private_key_path` (signed by that authority).
package struct GeneratedCertificate: Sendable {
    /// What to write into it; the defaults are Fluentd's `generate_cert_*` (cert_option.rb).
    package struct Options: Sendable {
        package var country = "US"
        package var state = "CA"
        package var locality = "Mountain View"
        /// The server's host name.
        package var commonName: String
        /// Further names or addresses it is valid for, next to the common name.
        package var alternativeNames: [String] = []
        package var keyBits: UInt32 = 2048
        /// Seconds from now; ten years.
        package var lifetimeSeconds = 60 * 60 * 24 * 365 * 10
        /// By OpenSSL's name.
        package var digest = "SHA256"
        /// Whether it may sign other certificates.
        package var isAuthority = false

        package init(commonName: String) { self.commonName = commonName }
    }

    /// The certificate, followed by its issuer's if that is another.
    package let certificatePEM: [UInt8]
    /// The private key, not encrypted: it is meant to stay in memory.
    package let keyPEM: [UInt8]

    /// To give to a context.
    package var identity: TLSIdentity {
        TLSIdentity(
            certificates: .bytes(certificatePEM, name: "the generated certificate"),
            key: .bytes(keyPEM, name: "the generated key"))
    }

    /// Makes a key and a certificate. Takes some 0.1 s for RSA 2048.
    ///
    /// - Parameter authority: who signs; nil for the certificate itself.
    package init(_ options: Options, signedBy authority: TLSIdentity? = nil) throws(TLSError) {
        OpenSSL.start
        ERR_clear_error()
        let failure = "generate a certificate for \"\(options.commonName)\""
        guard let key = unsafe sluice_generate_rsa(options.keyBits), let made = unsafe X509_new() else {
            throw TLSError(.configuration, doing: failure)
        }
        let ownKey = unsafe PrivateKey(owning: key)
        let certificate = unsafe Certificate(owning: made)
        guard let digest = unsafe EVP_get_digestbyname(options.digest) else {
            throw TLSError(
                .configuration, "cannot sign with digest \"\(options.digest)\": OpenSSL knows no such; use sha256")
        }
        var issuer = certificate
        var issuerKey = ownKey
        var issuerPEM: [UInt8] = []
        if let authority {
            let chain = try PEMReader(authority.certificates).certificates()
            issuer = chain[0]
            issuerKey = try PEMReader(authority.key).key(passphrase: authority.keyPassphrase)
            issuerPEM = unsafe GeneratedCertificate.pem { unsafe PEM_write_bio_X509($0, issuer.pointer) }
        }
        // All pointers below belong to the four objects above, which outlive the calls.
        var isDone = unsafe X509_set_version(made, 2) == 1  // X.509 v3 counts from zero
        let serial = SecureRandom.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } >> 1
        isDone = unsafe isDone && ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), serial) == 1
        isDone = unsafe isDone && X509_gmtime_adj(X509_getm_notBefore(made), 0) != nil
        isDone = unsafe isDone && X509_gmtime_adj(X509_getm_notAfter(made), options.lifetimeSeconds) != nil
        isDone = unsafe isDone && X509_set_pubkey(made, key) == 1
        let name = unsafe X509_get_subject_name(made)
        for (field, value) in [
            ("C", options.country), ("ST", options.state), ("L", options.locality), ("CN", options.commonName),
        ] where !value.isEmpty {
            isDone =
                unsafe isDone
                && X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, value, Int32(value.utf8.count), -1, 0) == 1
        }
        isDone = unsafe isDone && X509_set_issuer_name(made, X509_get_subject_name(issuer.pointer)) == 1
        var context = unsafe X509V3_CTX()
        unsafe sluice_x509v3_set_context(&context, issuer.pointer, made)
        for (identifier, value) in GeneratedCertificate.extensions(options, isSelfSigned: authority == nil) where isDone
        {
            guard let made = unsafe X509V3_EXT_conf_nid(nil, &context, identifier, value) else {
                isDone = false
                break
            }
            isDone = unsafe X509_add_ext(certificate.pointer, made, -1) == 1
            unsafe X509_EXTENSION_free(made)
        }
        isDone = unsafe isDone && X509_sign(made, issuerKey.pointer, digest) > 0
        guard isDone else { throw TLSError(.configuration, doing: failure) }
        certificatePEM =
            unsafe GeneratedCertificate.pem { unsafe PEM_write_bio_X509($0, certificate.pointer) } + issuerPEM
        keyPEM = unsafe GeneratedCertificate.pem {
            unsafe PEM_write_bio_PrivateKey($0, ownKey.pointer, nil, nil, 0, nil, nil)
        }
    }

    private static func extensions(_ options: Options, isSelfSigned: Bool) -> [(Int32, String)] {
        if options.isAuthority {
            return [
                (NID_basic_constraints, "critical,CA:TRUE"), (NID_subject_key_identifier, "hash"),
                (NID_key_usage, "critical,keyCertSign,cRLSign"),
            ]
        }
        let names = ([options.commonName] + options.alternativeNames).filter { !$0.isEmpty }.map { name in
            OpenSSL.isAddress(name) ? "IP:\(name)" : "DNS:\(name)"
        }
        // Strict verifiers want the issuer's key named (RFC 5280, 4.2.1.1), except where it is the certificate's own.
        let issuer = isSelfSigned ? [] : [(NID_authority_key_identifier, "keyid")]
        return issuer + [
            (NID_basic_constraints, "critical,CA:FALSE"), (NID_subject_key_identifier, "hash"),
            (NID_key_usage, "critical,digitalSignature,keyEncipherment"),
            // Also for clients: the same call makes the certificate that a forward output shows.
            (NID_ext_key_usage, "serverAuth,clientAuth"), (NID_subject_alt_name, names.joined(separator: ",")),
        ]
    }

    /// What a writer puts into a memory BIO.
    @unsafe private static func pem(_ write: (OpaquePointer) -> Int32) -> [UInt8] {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return [] }
        defer { unsafe BIO_free_all(bio) }
        return unsafe write(bio) == 1 ? BIO_bytes(bio) : []
    }
}
