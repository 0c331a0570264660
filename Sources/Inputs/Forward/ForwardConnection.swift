internal import EventLoop
internal import Events
internal import Logging
internal import TLS

/// One client: hands what arrives to the decoder (through TLS when there is some) and what the decoder answers back.
final class ForwardConnection: ConnectionHandler, ForwardSink {
    private let connection: Connection
    private unowned let input: ForwardInput
    private let decoder: ForwardDecoder
    private var session: TLSSession?
    private var isEnding = false

    init(_ connection: Connection, input: ForwardInput, session: consuming TLSSession?) throws(TLSError) {
        self.connection = connection
        self.input = input
        self.session = session
        let settings = input.settings
        let address = connection.peerAddress
        let handshake = settings.security.map {
            Handshake(
                $0, address: address?.octets ?? [], peerName: address?.host ?? connection.peerName,
                keepsAlive: !settings.deniesKeepAlive)
        }
        decoder = ForwardDecoder(options: settings.options, batches: input.batches, handshake: handshake)
        let host = Array((address?.host ?? connection.peerName).utf8)
        for key in [settings.options.sourceAddressKey, settings.options.sourceHostnameKey] {
            if let key { decoder.sourceFields.append((Array(key.utf8), host)) }
        }
    }

    func greet() { decoder.greet(self) }

    /// Reads no more and goes once everything is written.
    func finish() {
        guard !isEnding else { return }
        isEnding = true
        connection.pauseReading()
        connection.closeAfterWrites()
    }

    func resume() { if !isEnding { connection.resumeReading() } }

    // MARK: - From the client

    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        guard !isEnding else { return }
        do throws(ForwardError) {
            unsafe try decoder.receive(bytes, scratch: &input.scratch, sink: self)
        } catch {
            reject(error.message)
        }
    }

    func closed(_ connection: Connection, because reason: CloseReason) {
        if decoder.unfinishedBytes > 0 && !isEnding {
            input.log.limited(
                .warn, "a client went away in the middle of a message: \(reason)",
                ["client": connection.peerName, "unfinished_bytes": decoder.unfinishedBytes])
        }
        input.forget(self)
    }

    private func reject(_ message: String) {
        input.log.limited(.warn, "closed a connection: \(message)", ["client": connection.peerName])
        finish()
    }

    // MARK: - From the decoder

    func deliver(tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        input.emitter.emit(tag: tag, storage: &storage, rows: &rows)
    }

    func reply(_ bytes: borrowing ByteBuffer) { connection.write(bytes.span) }

    func pause() {
        connection.pauseReading()
        input.notePaused(self)
    }

    func warn(_ message: String) { input.log.limited(.warn, message, ["client": connection.peerName]) }
}
