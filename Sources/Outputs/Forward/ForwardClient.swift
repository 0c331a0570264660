package import EventLoop
internal import Events
package import ForwardProtocol
package import TLS

/// One connection to a forward source (Sluice's or Fluentd's): connects, shakes hands, sends, waits for receipts.
///
/// Belongs to one loop and is used on it alone. Its life is one connection: `connect`, any number of `send`, `finish`,
/// and exactly one `.ended`, after which nothing more is reported. Who wants to try again makes a new client.
///
/// `@unchecked Sendable`: every member asserts the loop's thread; the reference may be handed to the loop in a job.
package final class ForwardClient: ConnectionHandler, @unchecked Sendable {
    /// Where to send and as whom.
    package struct Settings: Sendable {
        package var endpoint: Endpoint
        package var credentials: ForwardCredentials?
        /// For each of: connecting, the handshakes, a peer that takes no bytes, the next receipt.
        package var timeoutMilliseconds: UInt64 = 10_000
        /// Limits of their own, in milliseconds; nil: `timeoutMilliseconds`.
        package var connectMilliseconds: UInt64?
        package var sendMilliseconds: UInt64?
        package var receiptMilliseconds: UInt64?
        /// What the server's certificate must name; nil: the host of the endpoint.
        package var serverName: String?
        /// A server with `<security>` speaks first. Without credentials and receipts nothing would show that it throws
        /// everything away, so the connection lives at least this long before it is closed.
        package var greetingMilliseconds: UInt64 = ForwardClient.greetingMilliseconds
        package var connection = ConnectionOptions()
        /// Whether the addresses of a name are tried in a random order instead of the resolver's.
        package var shufflesAddresses = false

        package init(endpoint: Endpoint) { self.endpoint = endpoint }
    }

    /// What the owner is told, on the loop, never from inside `send` or `connect`, except `.taken`.
    package enum Report: Sendable, Equatable {
        /// Connected and let in.
        case ready
        /// The kernel has taken so many bytes of messages: room for more.
        case taken(bytes: Int)
        /// The server has taken a message.
        case acknowledged(chunk: [UInt8], eventCount: Int)
        /// The end: nil when everything was sent (and acknowledged where asked for).
        case ended(ForwardClientError?)
    }

    /// Of `Settings.greetingMilliseconds`.
    package static let greetingMilliseconds: UInt64 = 50

    private let settings: Settings
    private let loop: Loop
    private let tls: TLSContext?
    private let report: (Report) -> Void
    private var session: ForwardClientSession
    private var channel: TLSChannel?
    private var connection: Connection?
    private var attempt: ConnectAttempt?
    /// Handed over before the handshakes were done.
    private var pending: [ForwardOutgoing] = []
    private var untakenBytes = 0
    /// All bytes given to the connection so far.
    private var writtenBytes = 0
    private var sentMessages = 0
    private var isReady = false
    private var isFinishing = false
    private var isClosing = false
    private var hasEnded = false
    private var hasGreetingTime = false
    private var failure: ForwardClientError?
    private let progressWatch: StallWatch
    private let receiptWatch: StallWatch
    private let greetingTimer: LoopTimer

    /// - Parameters:
    ///   - tls: nil for a plain connection.
    ///   - report: kept until the end.
    package init(_ settings: Settings, tls: TLSContext? = nil, on loop: Loop, report: @escaping (Report) -> Void) {
        self.settings = settings
        self.tls = tls
        self.loop = loop
        self.report = report
        session = ForwardClientSession(credentials: settings.credentials)
        progressWatch = StallWatch(on: loop, milliseconds: settings.timeoutMilliseconds)
        receiptWatch = StallWatch(
            on: loop, milliseconds: settings.receiptMilliseconds ?? settings.timeoutMilliseconds)
        greetingTimer = LoopTimer(on: loop)
    }

    /// Starts. Once per client.
    package func connect() {
        attempt = ConnectAttempt(
            to: settings.endpoint, on: loop, options: settings.connection,
            timeoutMilliseconds: settings.connectMilliseconds ?? settings.timeoutMilliseconds,
            shufflesAddresses: settings.shufflesAddresses
        ) { [self] result in
            attempt = nil
            switch result {
            case .success(let connection): didConnect(connection)
            case .failure(let error): fail(.cannotConnect(to: settings.endpoint, error))
            }
        }
    }

    /// Sends a message as soon as the server is ready for it. Does nothing after the end.
    package func send(_ message: ForwardOutgoing) {
        loop.assertOnLoop()
        guard !hasEnded, !isClosing else { return }
        untakenBytes += message.bytes.count
        if isReady { write(message) } else { pending.append(message) }
    }

    /// Nothing more will be sent: closes in order once everything is written and acknowledged.
    package func finish() {
        loop.assertOnLoop()
        isFinishing = true
        closeWhenDone()
    }

    /// Gives up now. `.ended` tells this error, unless there is another already.
    package func cancel(because error: ForwardClientError) {
        loop.assertOnLoop()
        fail(error)
    }

    /// Whether the server takes more than one message a connection. Known once it is `.ready`.
    package var keepsAlive: Bool { session.keepsAlive }

    /// Messages and events that were handed over and are not known to have arrived, for the owner to send again.
    package var unacknowledgedEvents: Int {
        session.unacknowledgedEvents + pending.reduce(0) { $0 + $1.eventCount }
    }

    // MARK: - Connecting

    private func didConnect(_ connection: Connection) {
        guard !hasEnded else { return connection.close() }
        self.connection = connection
        do throws(TLSError) {
            if let tls { channel = try TLSChannel(tls, serverName: settings.serverName ?? settings.endpoint.host) }
        } catch {
            connection.start(self)
            return fail(ForwardClientError(error.description))
        }
        connection.start(self)
        expectHandshake()
        if settings.credentials == nil {
            greetingTimer.start(afterMilliseconds: settings.greetingMilliseconds) { [self] in
                hasGreetingTime = true
                closeWhenDone()
            }
        } else {
            hasGreetingTime = true
        }
        sendCiphertext()
        becomeReadyIfPossible()
    }

    private func becomeReadyIfPossible() {
        guard !isReady, session.isReady, channel.map({ $0.session.state == .established }) ?? true else { return }
        isReady = true
        progressWatch.stop()
        progressWatch.milliseconds = sendMilliseconds
        report(.ready)
        let messages = pending
        pending = []
        for message in messages { write(message) }
        closeWhenDone()
    }

    // MARK: - Sending

    private func write(_ message: ForwardOutgoing) {
        if !session.keepsAlive, sentMessages > 0 {
            fail(
                ForwardClientError(
                    "the server takes one message a connection (keepalive is off): put all events into one message"))
            return
        }
        sentMessages += 1
        session.sent(message)
        write(message.bytes)
        if session.unacknowledgedMessages == 1, message.chunk != nil { expectReceipt() }
        noteTaken()
        if untakenBytes > 0, !progressWatch.isRunning { expectRoom() }
    }

    private func write(_ bytes: [UInt8]) {
        guard let channel else {
            put(bytes)
            return
        }
        do throws(TLSError) {
            try channel.session.write(bytes)
            sendCiphertext()
        } catch {
            fail(ForwardClientError(error.description))
        }
    }

    private func sendCiphertext() {
        guard let channel else { return }
        var out: [UInt8] = []
        channel.session.takeCiphertext(appendingTo: &out)
        if !out.isEmpty { put(out) }
    }

    private func put(_ bytes: [UInt8]) {
        writtenBytes += bytes.count
        connection?.write(bytes)
    }

    /// Bytes the kernel has taken: what a slow peer still makes grow.
    private var acceptedBytes: Int { writtenBytes - (connection?.queuedWriteBytes ?? 0) }

    private func noteTaken() {
        guard untakenBytes > 0, pending.isEmpty, connection?.queuedWriteBytes == 0 else { return }
        let bytes = untakenBytes
        untakenBytes = 0
        progressWatch.stop()
        report(.taken(bytes: bytes))
    }

    package func drained(_ connection: Connection) {
        if isReady { noteTaken() }
        closeWhenDone()
    }

    // MARK: - Receiving

    package func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        // Once everything is acknowledged, the server's last words matter no more, only its end. Without receipts they
        // may say that it has thrown everything away. A TLS session is over when this side has closed it.
        let isOver = isClosing && (session.hasReceipts || channel != nil)
        guard !hasEnded, !isOver, failure == nil else { return }
        guard let channel else {
            unsafe take(bytes)
            return
        }
        do throws(TLSError) {
            try unsafe channel.session.receive(bytes)
            while failure == nil, let count = try unsafe channel.session.read(into: channel.plaintext) {
                unsafe take(UnsafeRawBufferPointer(rebasing: channel.plaintext[..<count]))
            }
            sendCiphertext()
            becomeReadyIfPossible()
        } catch {
            sendCiphertext()  // the alert that tells the server why
            fail(ForwardClientError(error.description))
        }
    }

    @unsafe private func take(_ bytes: UnsafeRawBufferPointer) {
        for action in unsafe session.receive(bytes) {
            switch action {
            case .write(let bytes): write(bytes)
            case .ready: becomeReadyIfPossible()
            case .acknowledged(let chunk, let eventCount):
                if session.unacknowledgedMessages == 0 { receiptWatch.stop() } else { expectReceipt() }
                report(.acknowledged(chunk: chunk, eventCount: eventCount))
            case .fail(let error): fail(error)
            }
        }
        closeWhenDone()
    }

    // MARK: - Ending

    private func closeWhenDone() {
        guard isFinishing, isReady, !isClosing, failure == nil, let connection, pending.isEmpty,
            session.unacknowledgedMessages == 0, connection.queuedWriteBytes == 0
        else { return }
        // A receipt is a greeting too.
        guard hasGreetingTime || session.hasReceipts else { return }
        isClosing = true
        if let channel {
            channel.session.close()
            sendCiphertext()
        }
        connection.closeAfterPeer(withinMilliseconds: sendMilliseconds)
    }

    private var sendMilliseconds: UInt64 { settings.sendMilliseconds ?? settings.timeoutMilliseconds }

    package func reachedEnd(of connection: Connection) {
        guard !isClosing, failure == nil else { return connection.closeAfterWrites() }
        fail(lost("the server closed the connection"))
    }

    package func closed(_ connection: Connection, because reason: CloseReason) {
        self.connection = nil
        // With receipts all is proven before it closes.
        if isClosing, session.hasReceipts { return end(failure) }
        switch reason {
        case .local, .endOfStream: end(isClosing ? failure : failure ?? lost("the connection ended"))
        case .reset: end(failure ?? lost("the server broke the connection off"))
        case .failed where isClosing: end(failure ?? unread)
        case .failed(let error): end(failure ?? lost(error.description))
        }
    }

    /// Everything was sent, and the server has not read it to the end in time.
    private var unread: ForwardClientError {
        ForwardClientError(
            .timeout,
            "everything was sent, but \(settings.endpoint.place) has not read it to its end within"
                + " \(sendMilliseconds) ms; without receipts nobody knows what arrived")
    }

    /// The connection went away too early: what that means for the events.
    private func lost(_ what: String) -> ForwardClientError {
        if !isReady {
            let hint = tls == nil ? "" : "; does it speak TLS on this port?"
            return ForwardClientError("\(what) during the handshake with \(settings.endpoint.place)\(hint)")
        }
        if session.unacknowledgedEvents > 0 {
            return ForwardClientError(
                "\(what) with \(session.unacknowledgedEvents) events unacknowledged; they may be lost")
        }
        return ForwardClientError("\(what) before everything was sent; see its log")
    }

    private func fail(_ error: ForwardClientError) {
        guard !hasEnded else { return }
        failure = failure ?? error
        attempt?.cancel()
        attempt = nil
        // `.ended` comes from `closed`, so that it is never reported from inside a call of the owner's.
        if let connection {
            connection.close()
        } else {
            greetingTimer.start(afterMilliseconds: 0) { [self] in end(failure) }
        }
    }

    private func end(_ error: ForwardClientError?) {
        guard !hasEnded else { return }
        hasEnded = true
        progressWatch.close()
        receiptWatch.close()
        greetingTimer.close()
        report(.ended(error))
    }

    // MARK: - Time limits

    private func expectHandshake() {
        progressWatch.start({ 0 }) { [self] in
            let hint = settings.credentials == nil ? "" : "; if its source has no <security>, send without a shared key"
            fail(.stalled("shake hands with", settings, "no answer", settings.timeoutMilliseconds, hint))
        }
    }

    private func expectRoom() {
        progressWatch.start({ [self] in acceptedBytes }) { [self] in
            fail(.stalled("send to", settings, "it took nothing", sendMilliseconds))
        }
    }

    /// A receipt cannot come before its message has got through: as long as bytes move, it is not late.
    private func expectReceipt() {
        receiptWatch.start({ [self] in acceptedBytes }) { [self] in
            fail(
                ForwardClientError(
                    .timeout,
                    "no receipt within \(receiptWatch.milliseconds) ms for \(session.unacknowledgedEvents) events"
                        + " in \(session.unacknowledgedMessages) messages; they may be lost"))
        }
    }
}
