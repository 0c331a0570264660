import COpenSSL
import Glibc

/// What all sessions of one listener or one destination have in common: certificates, trust, versions.
///
/// No sessions are resumed and no tickets sent: a client that only writes, as log senders do, never reads a TLS 1.3
/// ticket, and closing a socket with unread bytes makes its kernel send a reset that can overtake the last events.
///
/// `@unchecked Sendable`: nothing is changed after `init`, and OpenSSL lets threads share a context that way.
@safe
package final class TLSContext: @unchecked Sendable {
    // Freed in deinit; sessions hold a reference of OpenSSL's own.
    let pointer: OpaquePointer
    /// Which side its sessions take.
    let isServer: Bool
    let verification: TLSClientOptions.Verification

    /// For accepting connections. Reads the files now, so that errors come at start-up.
    package init(server options: TLSServerOptions) throws(TLSError) {
        isServer = true
        verification = .none
        unsafe pointer = try TLSContext.make(
            TLS_server_method(), options.minimumVersion, options.maximumVersion, options.ciphers)
        try use(options.identity)
        switch options.clientCertificates {
        case .ignored: break
        case .requested:
            try trust(options.clientAuthorities, announce: true)
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        case .required:
            try trust(options.clientAuthorities, announce: true)
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
    }

    /// For connecting out.
    package init(client options: TLSClientOptions) throws(TLSError) {
        isServer = false
        verification = options.verification
        unsafe pointer = try TLSContext.make(
            TLS_client_method(), options.minimumVersion, options.maximumVersion, options.ciphers)
        if let identity = options.identity { try use(identity) }
        if verification != .none {
            try trust(options.authorities, announce: false)
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        }
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    @unsafe private static func make(
        _ method: OpaquePointer?, _ minimum: TLSVersion, _ maximum: TLSVersion, _ ciphers: String?
    ) throws(TLSError) -> OpaquePointer {
        OpenSSL.start
        ERR_clear_error()
        guard minimum <= maximum else {
            throw TLSError(.configuration, "cannot allow \(minimum) to \(maximum): min_version is above max_version")
        }
        guard let made = unsafe SSL_CTX_new(method) else { throw TLSError(.configuration, doing: "set up TLS") }
        unsafe sluice_ctx_harden(made)
        let isDone =
            unsafe sluice_ctx_set_min_version(made, minimum.rawValue) == 1
            && sluice_ctx_set_max_version(made, maximum.rawValue) == 1
            && (ciphers.map { unsafe SSL_CTX_set_cipher_list(made, $0) == 1 } ?? true)
        if !isDone {
            unsafe SSL_CTX_free(made)
            throw TLSError(.configuration, doing: "allow \(minimum) to \(maximum) with ciphers \(ciphers ?? "default")")
        }
        return unsafe made
    }

    private func use(_ identity: TLSIdentity) throws(TLSError) {
        let chain = try PEMReader(identity.certificates).certificates()
        let key = try PEMReader(identity.key).key(passphrase: identity.keyPassphrase)
        for (index, certificate) in chain.enumerated() {
            // OpenSSL takes references of its own.
            let status =
                unsafe index == 0
                ? SSL_CTX_use_certificate(pointer, certificate.pointer)
                : sluice_ctx_add_chain_certificate(pointer, certificate.pointer)
            if status != 1 { throw TLSError(.configuration, doing: "use certificate \(identity.certificates.name)") }
        }
        if unsafe SSL_CTX_use_PrivateKey(pointer, key.pointer) != 1 || SSL_CTX_check_private_key(pointer) != 1 {
            throw TLSError(
                .configuration, doing: "use private key \(identity.key.name) with \(identity.certificates.name)")
        }
    }

    /// - Parameter announce: whether clients are told the names of these authorities, to choose a certificate by.
    private func trust(_ authorities: TLSAuthorities, announce: Bool) throws(TLSError) {
        guard case .only(let sources) = authorities else {
            if unsafe SSL_CTX_set_default_verify_paths(pointer) != 1 {
                throw TLSError(.configuration, doing: "load the system's certificate authorities")
            }
            return
        }
        for source in sources {
            if case .file(let path) = source, isDirectory(path) {
                if unsafe SSL_CTX_load_verify_dir(pointer, path) != 1 {
                    throw TLSError(.configuration, doing: "load certificate authorities from \(path)")
                }
                continue
            }
            for authority in try PEMReader(source).certificates() {
                if unsafe X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), authority.pointer) != 1 {
                    throw TLSError(.configuration, doing: "trust \(source.name)")
                }
                if announce { unsafe SSL_CTX_add_client_CA(pointer, authority.pointer) }
            }
        }
    }

    private func isDirectory(_ path: String) -> Bool {
        var facts = stat()
        return unsafe stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }
}

/// The library as a whole.
enum OpenSSL {
    /// Set up once, without an `atexit` clean-up, which races with threads that still run.
    static let start: Void = {
        precondition(sluice_openssl_init() == 1, "OpenSSL could not be initialised: the process has no memory left")
    }()

    /// Whether a name is an IPv4 or IPv6 address, which certificates hold in a field of their own.
    static func isAddress(_ name: String) -> Bool {
        guard let octets = unsafe a2i_IPADDRESS(name) else {
            ERR_clear_error()
            return false
        }
        unsafe ASN1_OCTET_STRING_free(octets)
        return true
    }
}
