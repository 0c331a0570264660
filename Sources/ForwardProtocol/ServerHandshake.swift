package import Events
internal import TLS

/// The server's half of the handshake: pure, fed with the client's first message.
package struct ServerHandshake: Sendable {
    private let security: ForwardSecurity
    private let address: [UInt8]
    private let peerName: String
    private let keepsAlive: Bool
    private let nonce: [UInt8]
    private let auth: [UInt8]
    package private(set) var isDone = false

    /// - Parameters:
    ///   - address: the client's address as 4 or 16 octets; empty for a unix socket.
    ///   - nonce, auth: 16 random bytes each; given by tests.
    package init(
        _ security: ForwardSecurity, address: [UInt8], peerName: String, keepsAlive: Bool = true,
        nonce: [UInt8]? = nil, auth: [UInt8]? = nil
    ) {
        self.security = security
        self.address = address
        self.peerName = peerName
        self.keepsAlive = keepsAlive
        self.nonce = nonce ?? SecureRandom.bytes(HandshakeMessages.saltBytes)
        self.auth = auth ?? SecureRandom.bytes(HandshakeMessages.saltBytes)
    }

    /// The server's first words.
    package func writeHELO(to out: inout ByteBuffer) {
        HELO(nonce: nonce, auth: auth, keepsAlive: keepsAlive).write(to: &out)
    }

    /// Judges the client's first message, and writes PONG. Throws why the connection must be closed.
    package mutating func receive(
        _ message: Slice, _ storage: borrowing ByteBuffer, reply: inout ByteBuffer
    ) throws(ForwardError) {
        let verdict = judge(PING(message, of: storage))
        switch verdict {
        case .success(let pong):
            isDone = true
            pong.write(to: &reply)
        case .failure(let refusal):
            PONG(refusing: Array(refusal.reason.utf8)).write(to: &reply)
            throw ForwardError(.unauthorized, "\(refusal.reason): \(refusal.explanation)")
        }
    }

    /// `reason` is what the client reads and operators of Fluentd know; `explanation` is for our own log.
    private struct Denial: Error {
        var reason: String
        var explanation: String
    }

    private func judge(_ ping: PING?) -> Result<PONG, Denial> {
        guard let ping else {
            return deny(
                "invalid ping message",
                "the client's first message is no PING: it does not know of this source's <security>"
                    + " (Docker's driver never does)")
        }
        let hostText = Self.shown(ping.hostname)
        let client = security.clients.first { $0.network.contains(address) }
        if client == nil && !security.allowsAnonymousSource {
            return deny(
                "anonymous source host '\(peerName)' denied",
                "\(peerName) (\(hostText)) matches no <client> and allow_anonymous_source is false")
        }
        let sharedKey = client?.sharedKey ?? security.sharedKey
        let expected = HandshakeMessages.keyDigest(
            salt: ping.salt, hostname: ping.hostname, nonce: nonce, sharedKey: sharedKey)
        guard constantTimeEquals(expected, ping.keyDigest) else {
            return deny("shared_key mismatch", "the shared_key of \(hostText) is another one")
        }
        if security.authenticatesUsers && !isAuthentic(ping.user, ping.passwordDigest, allowed: client?.users) {
            return deny(
                "username/password mismatch",
                "user \"\(Self.shown(ping.user))\" of \(hostText) is unknown or has another password")
        }
        let host = Array(security.selfHostname.utf8)
        return .success(
            PONG(
                accepting: host,
                keyDigest: HandshakeMessages.keyDigest(
                    salt: ping.salt, hostname: host, nonce: nonce, sharedKey: sharedKey)))
    }

    private func deny(_ reason: String, _ explanation: String) -> Result<PONG, Denial> {
        .failure(Denial(reason: reason, explanation: explanation))
    }

    /// No longer than a host name may be (RFC 1035, 2.3.4), in log lines.
    private static let maximumNameBytes = 255

    private static func shown(_ name: [UInt8]) -> String { StrangersText.shown(name, maximumBytes: maximumNameBytes) }

    private func isAuthentic(_ user: [UInt8], _ digest: [UInt8], allowed: [[UInt8]]?) -> Bool {
        var found = false
        for candidate in security.users where candidate.name == user {
            if let allowed, !allowed.contains(user) { continue }
            let expected = HandshakeMessages.passwordDigest(auth: auth, user: user, password: candidate.password)
            if constantTimeEquals(expected, digest) { found = true }
        }
        return found
    }
}
