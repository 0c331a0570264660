package import EventLoop
package import Events
package import ForwardProtocol
package import Logging
package import TLS

/// `<source> @type forward` (and `unix`): listens, and turns each connection's bytes into batches.
///
/// Belongs to one loop and is used on it alone. The UDP socket on the same port answers heartbeats (B4).
package final class ForwardInput {
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

    /// Opens the sockets. Throws what the operator must mend: an address in use, a port without permission.
    package func start() throws(LoopError) {
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
            heartbeat = unsafe try Datagram(host: host, port: listener.port, on: loop) { [unowned self] _, sender, _ in
                _ = heartbeat?.send([0], to: sender)
            }
        }
        log.info("listening port", ["at": settings.endpoint.description, "tls": tls != nil])
    }

    /// The port in use, also if the configuration said 0.
    package var port: UInt16 { listener?.port ?? 0 }

    /// Stops accepting and reading. What was read has been handed on and answered; clients keep what was not.
    package func stop() {
        listener?.close()
        heartbeat?.close()
        for connection in connections.values { connection.finish() }
    }

    /// There is room in the buffers again.
    package func resumeReading() {
        let waiting = paused.values
        paused.removeAll()
        for connection in waiting { connection.resume() }
    }

    package var connectionCount: Int { connections.count }

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

    func notePaused(_ handler: ForwardConnection) { paused[ObjectIdentifier(handler)] = handler }
}
