internal import EventLoop
internal import Events
internal import TLS

/// Messages over a connection of their own, plain or with TLS, each with a NUL behind it.
///
/// GELF has no receipts. Sent means that the kernel has taken every byte and the server has read the connection to its end
/// and closed it in order; what it throws away after that, nobody knows.
final class GELFStreamDelivery: GELFDelivery, ConnectionHandler, @unchecked Sendable {
    /// With TLS a server that wants a certificate says so after the handshake: so long is listened before the end.
    private static let greetingMilliseconds: UInt64 = 50

    private let bytes: [UInt8]
    private let settings: GELFSettings
    private let tls: TLSContext?
    private let loop: Loop
    private var attempt: ConnectAttempt?
    private var connection: Connection?
    private var channel: TLSChannel?
    private var watch: StallWatch?
    private var greetingTimer: LoopTimer?
    private var hasGreetingTime = false
    private var isWritten = false
    private var writtenBytes = 0
    private var isClosing = false
    private var failure: Refusal?
    private var ended: ((Refusal?) -> Void)?

    init(_ bytes: [UInt8], _ settings: GELFSettings, tls: TLSContext?, on loop: Loop) {
        self.bytes = bytes
        self.settings = settings
        self.tls = tls
        self.loop = loop
    }

    func start(_ ended: @escaping (Refusal?) -> Void) {
        loop.assertOnLoop()
        if let failure { return ended(failure) }
        self.ended = ended
        watch = StallWatch(on: loop, milliseconds: Self.milliseconds(settings.sendSeconds))
        greetingTimer = LoopTimer(on: loop)
        var options = ConnectionOptions()
        options.maximumQueuedWriteBytesOfLoop = .max
        options.maximumQueuedWriteBytes = .max
        attempt = ConnectAttempt(
            to: settings.endpoint, on: loop, options: options,
            timeoutMilliseconds: Self.milliseconds(settings.connectSeconds)
        ) { [self] result in
            attempt = nil
            switch result {
            case .success(let connection): didConnect(connection)
            case .failure(let error): fail(Refusal(error.name == "ETIMEDOUT" ? .timeout : .unreachable, "\(error)"))
            }
        }
    }

    func cancel(because reason: Refusal) {
        loop.assertOnLoop()
        fail(reason)
    }

    private static func milliseconds(_ seconds: Double) -> UInt64 { UInt64(min(max(seconds * 1000, 1), 1e12)) }

    // MARK: - Sending

    private func didConnect(_ connection: Connection) {
        guard ended != nil, failure == nil else { return connection.close() }
        self.connection = connection
        connection.start(self)
        guard let tls else {
            hasGreetingTime = true
            return write()
        }
        do throws(TLSError) {
            channel = try TLSChannel(tls, serverName: settings.host)
        } catch {
            return fail(Refusal(.unreachable, "\(settings.endpoint.place): \(error)"))
        }
        sendCiphertext()
        watch?.start({ 0 }) { [self] in
            fail(Refusal(.timeout, "\(settings.endpoint.place) does not shake hands; does it speak TLS on this port?"))
        }
    }

    private func write() {
        isWritten = true
        watch?.start({ [self] in writtenBytes - (connection?.queuedWriteBytes ?? 0) }) { [self] in
            fail(
                Refusal(
                    .timeout, "\(settings.endpoint.place) has taken nothing for \(settings.sendSeconds) s"))
        }
        if let channel {
            do throws(TLSError) {
                try channel.session.write(bytes)
            } catch {
                return fail(Refusal(.unreachable, "\(settings.endpoint.place): \(error)"))
            }
            sendCiphertext()
            greetingTimer?.start(afterMilliseconds: Self.greetingMilliseconds) { [self] in
                hasGreetingTime = true
                closeWhenDone()
            }
        } else {
            put(bytes)
        }
        closeWhenDone()
    }

    private func sendCiphertext() {
        var out: [UInt8] = []
        channel?.session.takeCiphertext(appendingTo: &out)
        if !out.isEmpty { put(out) }
    }

    private func put(_ bytes: [UInt8]) {
        writtenBytes += bytes.count
        connection?.write(bytes)
    }

    func drained(_ connection: Connection) { closeWhenDone() }

    private func closeWhenDone() {
        guard isWritten, hasGreetingTime, !isClosing, failure == nil, let connection, connection.queuedWriteBytes == 0
        else { return }
        isClosing = true
        watch?.stop()
        if let channel {
            channel.session.close()
            sendCiphertext()
        }
        connection.closeAfterPeer(withinMilliseconds: Self.milliseconds(settings.sendSeconds))
    }

    // MARK: - Receiving

    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        // A server has nothing to say; only TLS has.
        guard let channel, !isClosing, failure == nil else { return }
        do throws(TLSError) {
            try unsafe channel.session.receive(bytes)
            while unsafe try channel.session.read(into: channel.plaintext) != nil {}
            sendCiphertext()
            if !isWritten, channel.session.state == .established { write() }
        } catch {
            sendCiphertext()  // the alert that tells the server why
            fail(Refusal(.unreachable, "\(settings.endpoint.place): \(error)"))
        }
    }

    func reachedEnd(of connection: Connection) {
        if isClosing { return connection.closeAfterWrites() }
        fail(
            Refusal(
                .unreachable,
                "\(settings.endpoint.place) closed the connection before everything was sent; see its log"))
    }

    // MARK: - Ending

    func closed(_ connection: Connection, because reason: CloseReason) {
        self.connection = nil
        switch reason {
        case .local where isClosing, .endOfStream where isClosing: end(failure)
        case .local, .endOfStream, .reset:
            end(failure ?? Refusal(.unreachable, "\(settings.endpoint.place) broke the connection off; see its log"))
        case .failed(let error): end(failure ?? Refusal(isClosing ? .timeout : .unreachable, "\(error)"))
        }
    }

    private func fail(_ refusal: Refusal) {
        if failure == nil { failure = refusal }
        attempt?.cancel()
        attempt = nil
        if let connection { connection.close() } else { end(failure) }
    }

    private func end(_ refusal: Refusal?) {
        guard let tell = ended else { return }
        ended = nil
        watch?.close()
        greetingTimer?.close()
        tell(refusal)
    }
}
