package import Events
internal import TLS

/// What the client shows to a server with `<security>`.
package struct ForwardCredentials: Sendable {
    /// The name this client gives; the server's own `self_hostname` must be another.
    package var selfHostname: String
    package var sharedKey: [UInt8]
    package var username: [UInt8]
    package var password: [UInt8]

    package init(selfHostname: String, sharedKey: [UInt8], username: [UInt8] = [], password: [UInt8] = []) {
        self.selfHostname = selfHostname
        self.sharedKey = sharedKey
        self.username = username
        self.password = password
    }
}

/// The client's half of the handshake: pure, fed with the server's messages until it is done.
package struct ClientHandshake: Sendable {
    /// What the owner has to do next.
    package enum Step: Sendable, Equatable {
        /// Send these bytes.
        case write([UInt8])
        /// Messages may be sent from now on.
        case done
    }

    private enum State {
        case waitingForHELO
        case waitingForPONG(nonce: [UInt8])
        case done
    }

    private let credentials: ForwardCredentials
    private let salt: [UInt8]
    private var state = State.waitingForHELO

    /// Whether the server takes more than one message a connection (`keepalive` in its HELO).
    package private(set) var keepsAlive = true

    /// - Parameter salt: random bytes, as hexadecimal digits, which every receiver can print; given by tests.
    package init(_ credentials: ForwardCredentials, salt: [UInt8]? = nil) {
        self.credentials = credentials
        self.salt = salt ?? Self.hexadecimal(SecureRandom.bytes(HandshakeMessages.saltBytes))
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    package var isDone: Bool { if case .done = state { true } else { false } }

    /// Takes an array that the server sent.
    package mutating func receive(
        _ message: Slice, of storage: borrowing ByteBuffer
    ) throws(ForwardClientError) -> Step {
        switch state {
        case .waitingForHELO:
            guard let helo = HELO(message, of: storage) else {
                throw ForwardClientError(
                    .unclear, "the server did not begin with HELO: it does not speak forward protocol v1")
            }
            keepsAlive = helo.keepsAlive
            state = .waitingForPONG(nonce: helo.nonce)
            return .write(answer(to: helo))
        case .waitingForPONG(let nonce):
            guard let pong = PONG(message, of: storage) else {
                throw ForwardClientError(.unclear, "the server's answer to PING is no PONG")
            }
            try check(pong, nonce)
            state = .done
            return .done
        case .done: return .done
        }
    }

    private func answer(to helo: HELO) -> [UInt8] {
        let host = Array(credentials.selfHostname.utf8)
        let asksForUser = !helo.auth.isEmpty
        let ping = PING(
            hostname: host, salt: salt,
            keyDigest: HandshakeMessages.keyDigest(
                salt: salt, hostname: host, nonce: helo.nonce, sharedKey: credentials.sharedKey),
            user: asksForUser ? credentials.username : [],
            passwordDigest: asksForUser
                ? HandshakeMessages.passwordDigest(
                    auth: helo.auth, user: credentials.username, password: credentials.password) : [])
        var out = ByteBuffer(capacity: 512)
        ping.write(to: &out)
        return out.array()
    }

    private func check(_ pong: PONG, _ nonce: [UInt8]) throws(ForwardClientError) {
        if !pong.isAccepted { throw .refused(pong.reason) }
        let serverName = String(decoding: pong.hostname, as: UTF8.self)
        if serverName == credentials.selfHostname {
            throw ForwardClientError(
                .forbidden,
                "the server calls itself \"\(serverName)\" as this client does: it would send to itself;"
                    + " give one of them another self_hostname")
        }
        let expected = HandshakeMessages.keyDigest(
            salt: salt, hostname: pong.hostname, nonce: nonce, sharedKey: credentials.sharedKey)
        guard constantTimeEquals(expected, pong.keyDigest) else {
            throw ForwardClientError(
                .forbidden,
                "the server \"\(serverName)\" did not prove that it knows the shared key: it may be an impostor")
        }
    }
}
