internal import Events
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

/// The client's half of the forward protocol v1.5, without a socket: handshake and receipts. Fed with the server's
/// bytes in pieces of any size; says what to do.
///
/// ```
/// server → ["HELO", {"nonce": bin, "auth": bin, "keepalive": bool}]
/// client → ["PING", hostname, salt, sha512_hex(salt + hostname + nonce + shared_key), user, sha512_hex(auth + user + password)]
/// server → ["PONG", true, "", server_hostname, sha512_hex(salt + server_hostname + nonce + shared_key)]
/// client → messages            server → {"ack": chunk}
/// ```
package struct ForwardClientSession: ~Copyable {
    /// The longest answer a server may give, in bytes: HELO, PONG and receipts are a few hundred.
    package static let maximumAnswerBytes = 64 * 1024

    /// What the owner has to do next, in order.
    package enum Action: Sendable, Equatable {
        /// Send these bytes.
        case write([UInt8])
        /// Messages may be sent from now on.
        case ready
        /// The server has taken a message.
        case acknowledged(chunk: [UInt8], eventCount: Int)
        /// Close the connection; the session is not fed any more.
        case fail(ForwardClientError)
    }

    private enum State {
        case waitingForHELO
        case waitingForPONG(nonce: [UInt8])
        case ready
        case failed
    }

    private let credentials: ForwardCredentials?
    private let salt: [UInt8]
    private var state: State
    private var received = ByteBuffer(capacity: 1024)
    private var unacknowledged: [[UInt8]: Int] = [:]

    /// Whether the server takes more than one message a connection (`keepalive` in its HELO).
    package private(set) var keepsAlive = true
    /// Events of messages whose receipt is still to come.
    package private(set) var unacknowledgedEvents = 0
    /// Whether the server has acknowledged anything: it understands this client.
    package private(set) var hasReceipts = false
    /// Messages whose receipt is still to come.
    package var unacknowledgedMessages: Int { unacknowledged.count }

    /// - Parameters:
    ///   - credentials: nil for a server without `<security>`, which says nothing first.
    ///   - salt: 16 random bytes; given by tests.
    package init(credentials: ForwardCredentials?, salt: [UInt8]? = nil) {
        self.credentials = credentials
        self.salt = salt ?? SecureRandom.bytes(16)
        state = credentials == nil ? .ready : .waitingForHELO
    }

    /// Whether messages may be sent.
    package var isReady: Bool { if case .ready = state { true } else { false } }

    /// Notes that a message is on its way, so that its receipt is expected.
    package mutating func sent(_ message: ForwardOutgoing) {
        guard let chunk = message.chunk else { return }
        unacknowledged[chunk] = message.eventCount
        unacknowledgedEvents += message.eventCount
    }

    /// Takes bytes of the server. The memory is not kept.
    @unsafe
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [Action] {
        var actions: [Action] = []
        unsafe received.append(copying: bytes)
        var offset = 0
        do throws(ForwardClientError) {
            while offset < received.count, let end = try itemEnd(from: offset) {
                try take(offset, end, &actions)
                offset = end
            }
            received.removePrefix(offset)
            if received.count > Self.maximumAnswerBytes { throw .strange(received[0]) }
        } catch {
            state = .failed
            received.clear()
            actions.append(.fail(error))
        }
        return actions
    }

    /// Takes bytes of the server.
    package mutating func receive(_ bytes: [UInt8]) -> [Action] {
        unsafe bytes.withUnsafeBytes { unsafe receive($0) }
    }

    private func itemEnd(from offset: Int) throws(ForwardClientError) -> Int? {
        do throws(MessagePackError) {
            return try received.skipMessagePack(at: offset, end: received.count)
        } catch .truncated {
            return nil
        } catch {
            throw .strange(received[offset])
        }
    }

    // MARK: - Answers

    private mutating func take(_ start: Int, _ end: Int, _ actions: inout [Action]) throws(ForwardClientError) {
        guard let item = try? received.messagePackItem(at: start, end: end) else { return }
        let first = received[start]
        switch (item.kind, state) {
        case (.null, _): return  // a heartbeat
        case (.array, .waitingForHELO): try answerHELO(item, end, &actions)
        case (.array, .waitingForPONG(let nonce)):
            try checkPONG(item, end, nonce)
            state = .ready
            actions.append(.ready)
        case (.array, .ready): try refuseArray(item, end)
        case (.map, .ready): try takeReceipt(item, end, &actions)
        default: throw .strange(first)
        }
    }

    private mutating func answerHELO(
        _ item: MessagePackItem, _ end: Int, _ actions: inout [Action]
    ) throws(ForwardClientError) {
        guard let credentials, item.length == 2, let name = received.string(at: item.body, end),
            name.bytes == Array("HELO".utf8), let options = try? received.messagePackItem(at: name.end, end: end),
            options.kind == .map
        else { throw ForwardClientError("the server did not begin with HELO: it does not speak forward protocol v1") }
        var nonce: [UInt8] = []
        var auth: [UInt8] = []
        var place = options.body
        for _ in 0..<options.length {
            guard let key = received.string(at: place, end),
                let value = try? received.messagePackItem(at: key.end, end: end),
                let next = try? received.skipMessagePack(at: key.end, end: end)
            else { throw ForwardClientError("the server's HELO has a key that is no text") }
            switch key.bytes {
            case Array("nonce".utf8): nonce = received.string(at: key.end, end)?.bytes ?? []
            case Array("auth".utf8): auth = received.string(at: key.end, end)?.bytes ?? []
            case Array("keepalive".utf8): keepsAlive = value.kind != .false
            default: break
            }
            place = next
        }
        let host = Array(credentials.selfHostname.utf8)
        var ping = ByteBuffer(capacity: 512)
        ping.appendMessagePack(arrayCount: 6)
        ping.appendMessagePackString("PING")
        ping.appendMessagePackString(host)
        ping.appendMessagePackString(salt)
        ping.appendMessagePackString(SHA512.hexDigest(parts: [salt, host, nonce, credentials.sharedKey]))
        if auth.isEmpty {
            ping.appendMessagePackString("")
            ping.appendMessagePackString("")
        } else {
            ping.appendMessagePackString(credentials.username)
            ping.appendMessagePackString(
                SHA512.hexDigest(parts: [auth, credentials.username, credentials.password]))
        }
        state = .waitingForPONG(nonce: nonce)
        actions.append(.write(ping.array()))
    }

    private func checkPONG(_ item: MessagePackItem, _ end: Int, _ nonce: [UInt8]) throws(ForwardClientError) {
        guard let credentials, item.length == 5, let name = received.string(at: item.body, end),
            name.bytes == Array("PONG".utf8), let verdict = try? received.messagePackItem(at: name.end, end: end),
            verdict.kind == .true || verdict.kind == .false, let reason = received.string(at: verdict.body, end),
            let host = received.string(at: reason.end, end), let digest = received.string(at: host.end, end)
        else { throw ForwardClientError("the server's answer to PING is no PONG") }
        if verdict.kind == .false { throw .refused(reason.bytes) }
        let serverName = String(decoding: host.bytes, as: UTF8.self)
        if serverName == credentials.selfHostname {
            throw ForwardClientError(
                "the server calls itself \"\(serverName)\" as this client does: it would send to itself;"
                    + " give one of them another self_hostname")
        }
        let expected = SHA512.hexDigest(parts: [salt, host.bytes, nonce, credentials.sharedKey])
        guard constantTimeEquals(expected, digest.bytes) else {
            throw ForwardClientError(
                "the server \"\(serverName)\" did not prove that it knows the shared key: it may be an impostor")
        }
    }

    /// What a server says to one who did not shake hands.
    private func refuseArray(_ item: MessagePackItem, _ end: Int) throws(ForwardClientError) {
        let name = item.length > 0 ? received.string(at: item.body, end) : nil
        if name?.bytes == Array("HELO".utf8) {
            throw ForwardClientError(
                "the server asks for a shared key (its source has <security>): give the key, --shared-key with sluice send"
            )
        }
        if let name, name.bytes == Array("PONG".utf8), let reason = received.string(at: name.end + 1, end) {
            throw .refused(reason.bytes)
        }
        throw ForwardClientError("the server sent an array where a receipt was expected")
    }

    private mutating func takeReceipt(
        _ item: MessagePackItem, _ end: Int, _ actions: inout [Action]
    ) throws(ForwardClientError) {
        var place = item.body
        for _ in 0..<item.length {
            guard let key = received.string(at: place, end),
                let next = try? received.skipMessagePack(at: key.end, end: end)
            else { throw ForwardClientError("the server's receipt has a key that is no text") }
            if key.bytes == Array("ack".utf8) {
                guard let chunk = received.string(at: key.end, end)?.bytes,
                    let eventCount = unacknowledged.removeValue(forKey: chunk)
                else { throw ForwardClientError("the server acknowledged a chunk that is not on its way") }
                unacknowledgedEvents -= eventCount
                hasReceipts = true
                actions.append(.acknowledged(chunk: chunk, eventCount: eventCount))
            }
            place = next
        }
    }
}

extension ByteBuffer {
    /// The bytes of the str or bin at `offset`, and where it ends; nil when it is anything else.
    fileprivate func string(at offset: Int, _ end: Int) -> (bytes: [UInt8], end: Int)? {
        guard let item = try? messagePackItem(at: offset, end: end), item.kind == .string || item.kind == .binary
        else { return nil }
        return (array(Slice(offset: item.body, length: item.length)), item.body + item.length)
    }
}
