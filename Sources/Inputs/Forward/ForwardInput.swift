package import EventLoop
package import Events
package import ForwardProtocol
package import Logging
package import TLS

/// `<source> @type forward` (and `unix`): listens, and turns each connection's bytes into batches.
///
/// Belongs to one loop and is used on it alone. The UDP socket on the same port answers heartbeats, as Fluentd's does
/// (`lib/fluent/plugin/in_forward.rb`).
package final class ForwardInput: Input {
    /// Where to listen and how.
    package struct Settings: Sendable {
        package var endpoint: Endpoint
        package var backlog: Int32 = Listener.defaultBacklog
        package var connection = ConnectionOptions()
        package var options = ForwardOptions()
        package var security: ForwardSecurity?
        /// `deny_keepalive`: a connection is closed after its first message was answered.
        package var deniesKeepAlive = false
        /// Permissions of a unix socket.
        package var socketMode: UInt32 = 0o666
        /// Other loops listen on the same port; the kernel spreads the connections (SO_REUSEPORT).
        package var sharesPort = false
        /// Answers heartbeats by UDP; not for unix sockets.
        package var answersHeartbeats = true

        package init(endpoint: Endpoint) { self.endpoint = endpoint }
    }

    let settings: Settings
    let loop: Loop
    let emitter: any Emitter
    let log: Log
    let batches: PendingBatches
    /// The loop's storage: what a read brought is decoded in it.
    var scratch = ByteBuffer(capacity: 512 * 1024)
    let plaintext = PlaintextBuffer()
    private let tls: TLSContext?
    private var listener: Listener?
    private var heartbeat: Datagram?
    private var connections: [ObjectIdentifier: ForwardConnection] = [:]
    private var paused: [ObjectIdentifier: ForwardConnection] = [:]
    private(set) var phase = InputPhase.idle

    /// - Parameter emitter: the router of this loop.
    package init(_ settings: Settings, tls: TLSContext?, on loop: Loop, emitter: any Emitter, log: Log) {
        self.settings = settings
        self.tls = tls
        self.loop = loop
        self.emitter = emitter
        self.log = log
        let options = settings.options
        batches = PendingBatches { received in
            if let tag = options.tag { return Tag(tag) }
            if let prefix = options.tagPrefix { return Tag(Array(prefix.utf8) + [UInt8(ascii: ".")] + received) }
            return Tag(received)
        }
    }

    package func start() throws {
        precondition(phase == .idle, "an input was started twice")
        let listener = try Listener(
            settings.endpoint, on: loop, backlog: settings.backlog, reusePort: settings.sharesPort,
            mode: settings.socketMode,
            options: settings.connection
        ) { [unowned self] connection in
            accept(connection)
        }
        listener.onAcceptError = { [log] error in log.limited(.error, "cannot accept a connection: \(error)") }
        self.listener = listener
        if case .tcp(let host, _) = settings.endpoint, settings.answersHeartbeats {
            do throws(LoopError) {
                heartbeat = unsafe try Datagram(host: host, port: listener.port, on: loop) {
                    [unowned self] _, sender, _ in
                    _ = heartbeat?.send([0], to: sender)
                }
            } catch {
                listener.close()
                throw error
            }
        }
        phase = .reading
        log.info("listening port", ["at": settings.endpoint.description, "tls": tls != nil])
    }

    /// The port in use, also if the configuration said 0.
    package var port: UInt16 { listener?.port ?? 0 }

    package func stopReading() {
        guard phase < .stopped else { return }
        phase = .stopped
        // Clients in the kernel's queue are told by its closing: nobody has taken anything from them.
        listener?.close()
        heartbeat?.close()
        paused.removeAll()
        for connection in connections.values { connection.stopReading() }
    }

    package func resumeReading() {
        guard phase == .reading else { return }
        let waiting = paused.values
        paused.removeAll()
        for connection in waiting { connection.resume() }
    }

    package func close() {
        guard phase < .closed else { return }
        stopReading()
        phase = .closed
        for connection in connections.values { connection.finish() }
    }

    private func accept(_ connection: Connection) {
        do throws(TLSError) {
            let handler = try ForwardConnection(connection, input: self, tls: tls)
            connections[ObjectIdentifier(handler)] = handler
            connection.start(handler)
            handler.greet()
        } catch {
            log.limited(.error, "cannot begin TLS: \(error)", ["client": connection.peerName])
            connection.close()
        }
    }

    func forget(_ handler: ForwardConnection) {
        connections[ObjectIdentifier(handler)] = nil
        paused[ObjectIdentifier(handler)] = nil
    }

    func notePaused(_ handler: ForwardConnection) {
        if phase == .reading { paused[ObjectIdentifier(handler)] = handler }
    }
}
