import COpenSSL

/// One side of a TLS connection as a value: ciphertext in, plaintext out, and the other way round. Knows no socket.
///
/// The receiving path:
///
///     try session.receive(bytes)
///     while let count = try session.read(into: buffer) { … buffer[..<count] … }
///     session.takeCiphertext(appendingTo: &out)      // also after an error: it holds the alert for the peer
///
/// Read until nil after each `receive`, or the bytes pile up inside.
@safe
package struct TLSSession: ~Copyable {
    /// Plaintext that `write` keeps until the handshake is done: 1 MiB.
    package static let maximumEarlyPlaintextBytes = 1 << 20
    /// What a peer may send before the handshake is done: 64 KiB. A hello takes some hundred bytes, and a chain of
    /// certificates a few thousand; who sends more wants to fill memory before it has shown anything.
    package static let maximumHandshakeBytes = 64 << 10

    /// How far it is.
    package enum State: Sendable {
        case handshaking
        case established
        /// The peer said that it sends nothing more (close_notify).
        case closedByPeer
        /// An error ended it.
        case failed
    }

    /// How far it is.
    package private(set) var state = State.handshaking
    // Freed in deinit; it owns both BIOs.
    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private let isServer: Bool
    private let peerName: String
    private var earlyPlaintext: [UInt8] = []
    private var handshakeBytes = 0
    private var hasReceived = false
    private var hasClosed = false

    /// Begins a session. A client's first bytes are ready to be taken at once.
    ///
    /// - Parameter serverName: for a client, the name or address dialled: sent as SNI and checked against the
    ///   certificate. Needed when the context verifies fully.
    package init(_ context: TLSContext, serverName: String? = nil) throws(TLSError) {
        unsafe ssl = try TLSSession.begin(context, serverName)
        // `begin` has attached both.
        unsafe incoming = SSL_get_rbio(ssl)
        unsafe outgoing = SSL_get_wbio(ssl)
        isServer = context.isServer
        peerName = serverName ?? (context.isServer ? "the client" : "the server")
    }

    deinit { unsafe SSL_free(ssl) }

    /// Makes OpenSSL's object with two memory BIOs, and a client's first bytes.
    @unsafe private static func begin(_ context: TLSContext, _ serverName: String?) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let made = unsafe SSL_new(context.pointer), let reader = unsafe BIO_new(BIO_s_mem()),
            let writer = unsafe BIO_new(BIO_s_mem())
        else { throw TLSError(.configuration, doing: "begin a TLS session") }
        unsafe SSL_set_bio(made, reader, writer)
        if context.isServer {
            unsafe SSL_set_accept_state(made)
            return unsafe made
        }
        unsafe SSL_set_connect_state(made)
        do throws(TLSError) {
            try unsafe expect(serverName, context.verification, of: made)
            let status = unsafe SSL_do_handshake(made)
            // The hello is written; all beyond needs an answer.
            if unsafe SSL_get_error(made, status) != SSL_ERROR_WANT_READ {
                throw TLSError(.configuration, doing: "begin a TLS session with \(serverName ?? "the server")")
            }
        } catch {
            unsafe SSL_free(made)
            throw error
        }
        return unsafe made
    }

    @unsafe private static func expect(
        _ name: String?, _ verification: TLSClientOptions.Verification, of ssl: OpaquePointer
    ) throws(TLSError) {
        guard let name else {
            if verification != .full { return }
            throw TLSError(.configuration, "cannot verify a server's certificate without the name that was dialled")
        }
        // An address goes into the check alone: SNI carries names only (RFC 6066, 3).
        let isAddress = OpenSSL.isAddress(name)
        var isSet = true
        if isAddress {
            if verification == .full { isSet = unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 }
        } else {
            isSet = unsafe sluice_ssl_set_server_name(ssl, name) == 1
            if verification == .full { isSet = unsafe isSet && SSL_set1_host(ssl, name) == 1 }
        }
        if !isSet { throw TLSError(.configuration, doing: "expect a certificate for \"\(name)\"") }
    }

    // MARK: - Receiving

    /// Takes bytes from the peer, in pieces of any size, and goes on with the handshake.
    package mutating func receive(_ ciphertext: UnsafeRawBufferPointer) throws(TLSError) {
        guard state != .failed else { throw TLSError(.closed, "cannot receive: the TLS session has failed") }
        if !hasReceived, unsafe !ciphertext.isEmpty {
            hasReceived = true
            if let mistake = unsafe TLSRecord.mistake(in: ciphertext, isServer: isServer) {
                state = .failed
                throw TLSError(.plainText, mistake)
            }
        }
        ERR_clear_error()
        // A memory BIO copies, and takes everything or has no memory. Its count is an Int32; reads are far smaller.
        if unsafe !ciphertext.isEmpty,
            unsafe BIO_write(incoming, ciphertext.baseAddress, Int32(ciphertext.count)) != ciphertext.count
        {
            state = .failed
            throw TLSError(.handshake, doing: "keep \(ciphertext.count) received bytes")
        }
        guard state == .handshaking else { return }
        try handshake()
        // What stands behind the last message of the handshake is not of it, so this looks only when it goes on.
        handshakeBytes += ciphertext.count
        if state == .handshaking, handshakeBytes > TLSSession.maximumHandshakeBytes {
            state = .failed
            throw TLSError(
                .handshake,
                "\(peerName) sent \(handshakeBytes) bytes and the TLS handshake is not done;"
                    + " \(TLSSession.maximumHandshakeBytes) are allowed")
        }
    }

    /// Takes bytes from the peer.
    package mutating func receive(_ ciphertext: [UInt8]) throws(TLSError) {
        let result: Result<Void, TLSError> = unsafe ciphertext.withUnsafeBytes { bytes in
            do throws(TLSError) { return .success(try unsafe receive(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Decrypts what has been received.
    ///
    /// - Returns: how many bytes were put into the buffer; nil when more must be received first, or the peer has
    ///   closed (see `state`).
    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> Int? {
        guard state == .established, unsafe !buffer.isEmpty else { return nil }
        ERR_clear_error()
        var count = 0
        // OpenSSL writes at most `buffer.count` bytes.
        let status = unsafe SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count)
        if status == 1 { return count }
        switch unsafe SSL_get_error(ssl, status) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return nil
        case SSL_ERROR_ZERO_RETURN:
            state = .closedByPeer
            return nil
        // A memory BIO makes no system calls: nothing in the queue means that bytes are missing.
        case SSL_ERROR_SYSCALL where ERR_peek_error() == 0: return nil
        default: throw fail("decrypt from \(peerName)")
        }
    }

    /// To be called when the connection has ended: throws if that was before the peer's close_notify, so that
    /// somebody may have cut the stream, or before the handshake was done.
    package mutating func receivedEndOfStream() throws(TLSError) {
        switch state {
        case .closedByPeer, .failed: return
        case .handshaking:
            state = .failed
            throw TLSError(.truncated, "\(peerName) closed the connection during the TLS handshake")
        case .established:
            state = .failed
            throw TLSError(
                .truncated, "\(peerName) closed the connection without TLS's close_notify: bytes may be missing")
        }
    }

    // MARK: - Sending

    /// Encrypts bytes; take the ciphertext afterwards. Before the handshake is done they are kept until it is.
    package mutating func write(_ plaintext: UnsafeRawBufferPointer) throws(TLSError) {
        guard state != .failed, !hasClosed else { throw TLSError(.closed, "cannot send: the TLS session has ended") }
        guard unsafe !plaintext.isEmpty else { return }
        if state == .handshaking {
            guard earlyPlaintext.count + plaintext.count <= TLSSession.maximumEarlyPlaintextBytes else {
                throw TLSError(
                    .closed,
                    "cannot keep more than \(TLSSession.maximumEarlyPlaintextBytes) bytes before the TLS handshake is done: wait for it"
                )
            }
            unsafe earlyPlaintext.append(contentsOf: plaintext)
            return
        }
        ERR_clear_error()
        var count = 0
        // A memory BIO never refuses, so without partial writes all is taken in one call.
        if unsafe SSL_write_ex(ssl, plaintext.baseAddress, plaintext.count, &count) != 1 {
            throw fail("encrypt for \(peerName)")
        }
    }

    /// Encrypts bytes; take the ciphertext afterwards.
    package mutating func write(_ plaintext: [UInt8]) throws(TLSError) {
        let result: Result<Void, TLSError> = unsafe plaintext.withUnsafeBytes { bytes in
            do throws(TLSError) { return .success(try unsafe write(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Says that nothing more will be sent (close_notify); take the ciphertext afterwards. Reading goes on.
    package mutating func close() {
        guard !hasClosed else { return }
        hasClosed = true
        // RFC 8446, 6.1; not after a fatal error, and not before there are keys.
        guard state == .established || state == .closedByPeer else { return }
        ERR_clear_error()
        unsafe SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// How many bytes wait to be sent to the peer.
    package var pendingCiphertextBytes: Int { unsafe BIO_ctrl_pending(outgoing) }

    /// Moves all bytes for the peer to the end of an array, which the caller empties and uses again.
    package mutating func takeCiphertext(appendingTo output: inout [UInt8]) {
        let count = pendingCiphertextBytes
        guard count > 0 else { return }
        let start = output.count
        output.append(contentsOf: repeatElement(0, count: count))
        // Within the bytes just appended.
        unsafe output.withUnsafeMutableBytes { bytes in
            _ = unsafe BIO_read(outgoing, bytes.baseAddress?.advanced(by: start), Int32(count))
        }
    }

    // MARK: - Facts

    /// What the two agreed on; nil before.
    package var version: TLSVersion? { state == .handshaking ? nil : TLSVersion(rawValue: unsafe SSL_version(ssl)) }

    /// The cipher suite, by OpenSSL's name; nil before.
    package var cipher: String? {
        guard let name = unsafe SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)), state != .handshaking else {
            return nil
        }
        return unsafe String(cString: name)
    }

    /// The subject of the peer's certificate, as RFC 2253 writes it; nil if it sent none.
    package var peerSubject: String? { peerCertificate?.subject }

    private var peerCertificate: Certificate? {
        // A reference of our own.
        unsafe SSL_get1_peer_certificate(ssl).map { unsafe Certificate(owning: $0) }
    }

    // MARK: - The handshake

    private mutating func handshake() throws(TLSError) {
        ERR_clear_error()
        let status = unsafe SSL_do_handshake(ssl)
        if status == 1 {
            state = .established
            let early = earlyPlaintext
            earlyPlaintext = []
            try write(early)
            return
        }
        switch unsafe SSL_get_error(ssl, status) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return
        case SSL_ERROR_SYSCALL where ERR_peek_error() == 0: return
        default: throw fail("shake hands with \(peerName)")
        }
    }

    private mutating func fail(_ what: String) -> TLSError {
        state = .failed
        let verified = Int(unsafe SSL_get_verify_result(ssl))
        guard verified != Int(X509_V_OK) else {
            let last = ERR_GET_REASON_of(ERR_peek_error())
            let isAboutCertificates =
                last == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE
                || last == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED || last == SSL_R_TLSV1_ALERT_UNKNOWN_CA
                || last == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE || last == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED
            return TLSError(isAboutCertificates ? .certificate : .handshake, doing: what)
        }
        let why = unsafe String(cString: X509_verify_cert_error_string(verified))
        let subject = peerSubject.map { " \"\($0)\"" } ?? ""
        ERR_clear_error()
        return TLSError(
            .certificate,
            "cannot \(what): certificate\(subject) is not accepted: \(why); \(isServer ? "check ca_path against who signed it" : "check the name that was dialled and the trusted authorities")"
        )
    }

    private func ERR_GET_REASON_of(_ code: UInt) -> Int32 { Int32(truncatingIfNeeded: code & 0x7f_ffff) }
}
