internal import Events
internal import TLS

/// The server's half of the handshake (forward protocol v1.5, "Handshake Messages"): pure, fed with messages.
///
/// ```
/// server → ["HELO", {"nonce": bin, "auth": bin, "keepalive": bool}]
/// client → ["PING", hostname, salt, sha512_hex(salt + hostname + nonce + shared_key), user, sha512_hex(auth + user + password)]
/// server → ["PONG", true, "", self_hostname, sha512_hex(salt + self_hostname + nonce + shared_key)]
///       or ["PONG", false, reason, "", ""], and the connection is closed
/// ```
package struct Handshake: Sendable {
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
        self.nonce = nonce ?? SecureRandom.bytes(16)
        self.auth = auth ?? SecureRandom.bytes(16)
    }

    func writeHELO(to out: inout ByteBuffer) {
        out.appendMessagePack(arrayCount: 2)
        out.appendMessagePackString("HELO")
        out.appendMessagePack(mapCount: 3)
        out.appendMessagePackString("nonce")
        out.appendMessagePackBinary(nonce)
        out.appendMessagePackString("auth")
        out.appendMessagePackBinary(auth)
        out.appendMessagePackString("keepalive")
        out.appendMessagePack(keepsAlive)
    }

    /// Judges the client's first message. Writes PONG; answers why the connection must be closed, or nil.
    mutating func receive(_ message: Slice, _ storage: borrowing ByteBuffer, reply: inout ByteBuffer) -> String? {
        guard let ping = Self.strings(of: message, storage), ping.count == 6, ping[0] == Array("PING".utf8) else {
            return refuse(
                "invalid ping message",
                "the client's first message is no PING: it does not know of this source's <security>"
                    + " (Docker's driver never does)", &reply)
        }
        let (hostname, salt, keyDigest, user, passwordDigest) = (ping[1], ping[2], ping[3], ping[4], ping[5])
        let hostText = String(decoding: hostname, as: UTF8.self)
        let client = security.clients.first { $0.network.contains(address) }
        if client == nil && !security.allowsAnonymousSource {
            return refuse(
                "anonymous source host '\(peerName)' denied",
                "\(peerName) (\(hostText)) matches no <client> and allow_anonymous_source is false", &reply)
        }
        let sharedKey = client?.sharedKey ?? security.sharedKey
        let expected = SHA512.hexDigest(parts: [salt, hostname, nonce, sharedKey])
        guard constantTimeEquals(expected, keyDigest) else {
            return refuse("shared_key mismatch", "the shared_key of \(hostText) is another one", &reply)
        }
        if security.authenticatesUsers && !isAuthentic(user, passwordDigest, allowed: client?.users) {
            let name = String(decoding: user, as: UTF8.self)
            return refuse(
                "username/password mismatch", "user \"\(name)\" of \(hostText) is unknown or has another password",
                &reply)
        }
        isDone = true
        let host = Array(security.selfHostname.utf8)
        reply.appendMessagePack(arrayCount: 5)
        reply.appendMessagePackString("PONG")
        reply.appendMessagePack(true)
        reply.appendMessagePackString("")
        reply.appendMessagePackString(host)
        reply.appendMessagePackString(SHA512.hexDigest(parts: [salt, host, nonce, sharedKey]))
        return nil
    }

    private func isAuthentic(_ user: [UInt8], _ digest: [UInt8], allowed: [[UInt8]]?) -> Bool {
        var found = false
        for candidate in security.users where candidate.name == user {
            if let allowed, !allowed.contains(user) { continue }
            let expected = SHA512.hexDigest(parts: [auth, user, candidate.password])
            if constantTimeEquals(expected, digest) { found = true }
        }
        return found
    }

    private func refuse(_ reason: String, _ explanation: String, _ reply: inout ByteBuffer) -> String {
        reply.appendMessagePack(arrayCount: 5)
        reply.appendMessagePackString("PONG")
        reply.appendMessagePack(false)
        reply.appendMessagePackString(reason)
        reply.appendMessagePackString("")
        reply.appendMessagePackString("")
        return "\(reason): \(explanation)"
    }

    /// The items of an array of strings and binaries; nil when it is anything else.
    private static func strings(of message: Slice, _ storage: borrowing ByteBuffer) -> [[UInt8]]? {
        guard let top = try? storage.messagePackItem(at: Int(message.offset), end: message.end), top.kind == .array,
            top.length <= 16
        else { return nil }
        var strings: [[UInt8]] = []
        var offset = top.body
        for _ in 0..<top.length {
            guard let item = try? storage.messagePackItem(at: offset, end: message.end),
                item.kind == .string || item.kind == .binary
            else { return nil }
            strings.append(storage.array(Slice(offset: item.body, length: item.length)))
            offset = item.body + item.length
        }
        return strings
    }
}
