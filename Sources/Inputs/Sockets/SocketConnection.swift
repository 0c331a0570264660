internal import EventLoop
internal import Events
internal import Logging
internal import TLS

/// One client of a stream socket whose messages are not answered.
final class SocketConnection: ConnectionHandler {
    let connection: Connection
    private unowned let input: SocketInput
    private let secure: SecureChannel?
    private var framer: MessageFramer
    private let sender: String
    /// Its events found a buffer full.
    private(set) var wait: GateWait?
    private var isEnding = false

    init(_ connection: Connection, input: SocketInput, tls: TLSContext?) throws(TLSError) {
        self.connection = connection
        self.input = input
        sender = connection.peerAddress?.host ?? connection.peerName
        secure = if let tls { try SecureChannel(tls) } else { nil }
        framer = MessageFramer(input.settings.framing, limitBytes: input.settings.messageBytes)
    }

    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        guard !isEnding else { return }
        input.meter?.received(bytes.count)
        guard let secure else { return unsafe take(bytes) }
        do throws(TLSError) {
            secure.hasReceived = true
            unsafe try secure.session.receive(bytes)
            while !isEnding, let count = unsafe try secure.session.read(into: input.plaintext.memory) {
                unsafe take(UnsafeRawBufferPointer(rebasing: input.plaintext.memory[..<count]))
            }
            sendCiphertext(secure)
            if secure.session.state == .closedByPeer { finish() }
        } catch {
            sendCiphertext(secure)
            end(because: error.description)
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        unsafe framer.receive(bytes)
        proceed()
    }

    /// Reads the messages that are complete, until a buffer is full.
    private func proceed() {
        while wait == nil, !isEnding, let frame = framer.next() {
            switch frame {
            case .message(let message):
                let text = input.withoutLineEnd(message, framer.bytes)
                input.take(text, of: framer.bytes, from: sender, self)
            case .tooLong:
                input.log.limited(
                    .warn, kind: "long", subject: ["client": sender],
                    "a message of more than \(input.settings.messageBytes) bytes is left out; raise message_length_limit if this is wanted"
                )
            case .broken:
                end(because: "no number of octets stands in front of a message (frame_type octet_count)")
            }
        }
        input.flush(self)
    }

    private func end(because reason: String) {
        input.log.limited(
            .warn, kind: "connection", subject: ["client": sender], "closed a connection: \(reason)",
            ["peer": connection.peerName])
        finish()
    }

    private func sendCiphertext(_ secure: SecureChannel) {
        var out: [UInt8] = []
        secure.session.takeCiphertext(appendingTo: &out)
        if !out.isEmpty { connection.write(out) }
    }

    func hold(_ wait: GateWait) {
        self.wait = wait
        connection.pauseReading()
    }

    func pause() { connection.pauseReading() }

    /// Goes on, first with what was read already.
    func resume() {
        wait = nil
        guard !isEnding else { return }
        proceed()
        if wait == nil, !isEnding { connection.resumeReading() }
    }

    func finish(withinMilliseconds limit: UInt64? = nil) {
        guard !isEnding else { return }
        isEnding = true
        connection.pauseReading()
        if let secure {
            secure.session.close()
            sendCiphertext(secure)
        }
        connection.closeAfterWrites(withinMilliseconds: limit)
    }

    func reachedEnd(of connection: Connection) { finish() }

    func closed(_ connection: Connection, because reason: CloseReason) {
        if framer.keptBytes > 0, wait == nil {
            input.log.limited(
                .warn, kind: "cut", subject: ["client": sender],
                "a client went away in the middle of a message, which is left out: \(reason)",
                ["peer": connection.peerName, "bytes": framer.keptBytes])
        }
        input.forget(self)
    }
}
