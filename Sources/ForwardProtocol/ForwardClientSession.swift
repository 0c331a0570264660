internal import Events

/// The client's side of a connection, without a socket: handshake and receipts. Fed with the server's bytes in pieces of
/// any size; says what to do.
///
/// ```
/// server → HELO    client → PING    server → PONG      only with credentials (see `HandshakeMessages`)
/// client → messages                 server → {"ack": chunk}
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

    /// nil for a server without `<security>`, which says nothing first.
    private var handshake: ClientHandshake?
    private var hasFailed = false
    private var received = ByteBuffer(capacity: 1024)
    private var unacknowledged: [[UInt8]: Int] = [:]

    /// Whether the server takes more than one message a connection.
    package var keepsAlive: Bool { handshake?.keepsAlive ?? true }
    /// Events of messages whose receipt is still to come.
    package private(set) var unacknowledgedEvents = 0
    /// Whether the server has acknowledged anything: it understands this client.
    package private(set) var hasReceipts = false
    /// Messages whose receipt is still to come.
    package var unacknowledgedMessages: Int { unacknowledged.count }

    /// - Parameters:
    ///   - credentials: nil for a server without `<security>`.
    ///   - salt: 16 random bytes; given by tests.
    package init(credentials: ForwardCredentials?, salt: [UInt8]? = nil) {
        handshake = credentials.map { ClientHandshake($0, salt: salt) }
    }

    /// Whether messages may be sent.
    package var isReady: Bool { !hasFailed && handshake?.isDone ?? true }

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
                try take(Slice(offset: offset, length: end - offset), &actions)
                offset = end
            }
            received.removePrefix(offset)
            if received.count > Self.maximumAnswerBytes { throw .strange(received[0]) }
        } catch {
            hasFailed = true
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

    private mutating func take(_ message: Slice, _ actions: inout [Action]) throws(ForwardClientError) {
        guard let item = try? received.messagePackItem(at: Int(message.offset), end: message.end) else { return }
        switch item.kind {
        case .null: return  // a heartbeat
        case .array where handshake?.isDone == false: try shakeHands(message, &actions)
        case .array: try refuseArray(message)
        case .map where isReady: try takeReceipt(item, message.end, &actions)
        default: throw .strange(received[Int(message.offset)])
        }
    }

    private mutating func shakeHands(_ message: Slice, _ actions: inout [Action]) throws(ForwardClientError) {
        switch try handshake?.receive(message, of: received) {
        case .write(let bytes): actions.append(.write(bytes))
        case .done: actions.append(.ready)
        case nil: break
        }
    }

    /// What a server says to one who did not shake hands.
    private func refuseArray(_ message: Slice) throws(ForwardClientError) {
        if HELO(message, of: received) != nil {
            throw ForwardClientError(
                .forbidden,
                "the server asks for a shared key (its source has <security>): give the key,"
                    + " --shared-key with sluice send, <security> in a <match>")
        }
        if let pong = PONG(message, of: received) { throw .refused(pong.reason) }
        throw ForwardClientError(.unclear, "the server sent an array where a receipt was expected")
    }

    private mutating func takeReceipt(
        _ item: MessagePackItem, _ end: Int, _ actions: inout [Action]
    ) throws(ForwardClientError) {
        var place = item.body
        for _ in 0..<item.length {
            guard let key = received.string(at: place, end),
                let next = try? received.skipMessagePack(at: key.end, end: end)
            else { throw ForwardClientError(.unclear, "the server's receipt has a key that is no text") }
            if key.bytes == Array("ack".utf8) {
                guard let chunk = received.string(at: key.end, end)?.bytes,
                    let eventCount = unacknowledged.removeValue(forKey: chunk)
                else { throw ForwardClientError(.unclear, "the server acknowledged a chunk that is not on its way") }
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
