package import EventLoop
package import Events
internal import ForwardProtocol
internal import Glibc
package import Logging
package import TLS

/// `<source> @type syslog`, `tcp`, `udp` and `gelf`: messages that nobody answers (Fluentd's `in_syslog`, `in_tcp`, `in_udp`).
///
/// While a buffer is full the clients of a stream are not read, and its datagrams stay in the kernel's queue as long as
/// that has room. Belongs to one loop.
package final class SocketInput: Input {
    let settings: SocketSettings
    let log: Log
    let plaintext = PlaintextBuffer()
    private let tls: TLSContext?
    private let loop: Loop
    private let emitter: any Emitter
    private let pressure: Pressure?
    private let reader: SocketMessageReader
    /// Of datagrams that are GELF; nil: they are what they are.
    private let gelf: GELFReader?
    private var listener: Listener?
    private var datagram: Datagram?
    private var connections: [ObjectIdentifier: SocketConnection] = [:]
    private var datagramWait: GateWait?
    package var meter: IntakeMeter?
    private(set) var phase = InputPhase.idle
    private var isResting = false
    private var isRetired = false
    private var wasFull = false
    /// The time that a client has to leave when the input closes.
    private static let closeTimeoutMilliseconds: UInt64 = 3_000

    package init(
        _ settings: SocketSettings, tls: TLSContext?, on loop: Loop, emitter: any Emitter, log: Log,
        pressure: Pressure? = nil
    ) {
        self.settings = settings
        self.tls = tls
        self.loop = loop
        self.emitter = emitter
        self.log = log
        self.pressure = pressure
        reader = SocketMessageReader(settings, log: log)
        gelf =
            settings.gelf == nil || settings.transport == .tcp
            ? nil : GELFReader(limitBytes: settings.messageBytes, log: log)
    }

    /// The port in use, also if the configuration said 0.
    package var port: UInt16 { listener?.port ?? datagram?.port ?? settings.port }

    // MARK: - Life

    package func start() throws {
        precondition(phase == .idle, "an input was started twice")
        switch settings.transport {
        case .tcp:
            listener = try Listener(
                .tcp(host: settings.host, port: settings.port), on: loop, backlog: settings.backlog,
                reusePort: settings.sharesPort, inherited: settings.inherited?.stream, options: settings.connection,
                budget: settings.budget ?? .process
            ) { [unowned self] connection in accept(connection) }
            listener?.onAcceptError = { [log] error in
                log.limited(.error, kind: error.name, "cannot accept a connection: \(error)")
            }
            listener?.onFull = { [log] budget in
                log.limited(
                    .warn, kind: "full",
                    "\(budget.limit) connections are open, which is the limit; clients wait until some close: \(budget.advice)"
                )
            }
        case .udp:
            datagram = unsafe try Datagram(
                host: settings.host, port: settings.port, on: loop, reusePort: settings.sharesPort,
                inherited: settings.inherited?.stream, receiveQueueBytes: settings.receiveQueueBytes
            ) { [unowned self] bytes, sender, _ in
                meter?.received(bytes.count)
                unsafe receive(bytes, sender)
            }
        }
        phase = .reading
        log.info("listening port", ["at": "\(settings.transport) \(settings.host):\(port)", "tls": tls != nil])
    }

    package func stopReading() {
        guard phase < .stopped else { return }
        phase = .stopped
        listener?.close()
        datagram?.close()
        for connection in connections.values { connection.pause() }
    }

    package func resumeReading() {
        guard phase == .reading, !isResting else { return }
        let gates = pressure?.gates
        for connection in Array(connections.values) {
            guard let wait = connection.wait, !(gates?.isClosed(anyOf: wait) ?? false) else { continue }
            connection.resume()
        }
        if let wait = datagramWait, !(gates?.isClosed(anyOf: wait) ?? false) {
            datagramWait = nil
            datagram?.resumeReading()
        }
    }

    package func rest() {
        guard phase == .reading, !isResting else { return }
        isResting = true
        listener?.pause()
        datagram?.pauseReading()
        for connection in connections.values { connection.pause() }
    }

    package func goOn() {
        guard isResting else { return }
        isResting = false
        guard phase == .reading else { return }
        listener?.resume()
        if datagramWait == nil { datagram?.resumeReading() }
        for connection in Array(connections.values) where connection.wait == nil { connection.resume() }
        resumeReading()
    }

    package func routesChanged(hasDurableBuffer: Bool) {}

    package func share() throws -> InheritedSockets? {
        guard phase == .reading else { return nil }
        if let listener { return InheritedSockets(stream: try listener.share(), datagram: nil) }
        return try datagram.map { InheritedSockets(stream: try $0.share(), datagram: nil) }
    }

    package func leaveSockets() { listener?.leavesFile = true }

    package func retire() {
        isRetired = true
        listener?.close()
        datagram?.close()
        listener = nil
        datagram = nil
    }

    package var isDeserted: Bool { isRetired && connections.isEmpty }

    package func close() {
        guard phase < .closed else { return }
        stopReading()
        phase = .closed
        for connection in Array(connections.values) {
            connection.finish(withinMilliseconds: Self.closeTimeoutMilliseconds)
        }
    }

    // MARK: - Clients

    private func isAllowed(_ address: SocketAddress?) -> Bool {
        guard let networks = settings.networks else { return true }
        guard let octets = address?.octets else { return false }
        return networks.contains { $0.contains(octets) }
    }

    private func accept(_ connection: Connection) {
        guard isAllowed(connection.peerAddress) else {
            log.limited(
                .warn, kind: "client", subject: ["client": connection.peerAddress?.host ?? ""],
                "a client was turned away: <security> does not name its network", ["peer": connection.peerName])
            return connection.close()
        }
        do throws(TLSError) {
            let handler = try SocketConnection(connection, input: self, tls: tls)
            connections[ObjectIdentifier(handler)] = handler
            meter?.connected()
            connection.start(handler)
        } catch {
            log.limited(.error, "cannot begin TLS: \(error)", ["peer": connection.peerName])
            connection.close()
        }
    }

    func forget(_ connection: SocketConnection) {
        if connections.removeValue(forKey: ObjectIdentifier(connection)) != nil { meter?.disconnected() }
    }

    /// A line end at the end of a syslog message is none of it.
    func withoutLineEnd(_ message: Slice, _ bytes: borrowing ByteBuffer) -> Slice {
        guard settings.syslog != nil else { return message }
        var end = message.end
        let start = Int(message.offset)
        if end > start, settings.framing == .octetCount, bytes[end - 1] == 0x0A { end -= 1 }
        if end > start, bytes[end - 1] == 0x0D { end -= 1 }
        return Slice(offset: start, length: end - start)
    }

    private func receive(_ bytes: UnsafeRawBufferPointer, _ sender: SocketAddress) {
        guard phase == .reading, isAllowed(sender) else { return }
        if let gelf {
            guard unsafe gelf.read(Array(bytes), from: sender.host) else { return }
            let message = Slice(offset: 0, length: gelf.text.count)
            reader.take(message, of: gelf.text, from: sender.host) { handOn($0, &$1, &$2, nil) }
            return reader.flush { handOn($0, &$1, &$2, nil) }
        }
        var count = min(bytes.count, settings.messageBytes)
        if settings.removesNewline {
            if count > 0, unsafe bytes[count - 1] == 0x0A { count -= 1 }
            if count > 0, unsafe bytes[count - 1] == 0x0D { count -= 1 }
        }
        unsafe reader.take(UnsafeRawBufferPointer(rebasing: bytes[..<count]), from: sender.host) { tag, storage, rows in
            handOn(tag, &storage, &rows, nil)
        }
        reader.flush { tag, storage, rows in handOn(tag, &storage, &rows, nil) }
    }

    func take(_ message: Slice, of bytes: borrowing ByteBuffer, from sender: String, _ client: SocketConnection) {
        reader.take(message, of: bytes, from: sender) { tag, storage, rows in handOn(tag, &storage, &rows, client) }
    }

    func flush(_ client: SocketConnection) {
        reader.flush { tag, storage, rows in handOn(tag, &storage, &rows, client) }
    }

    private func handOn(_ tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, _ client: SocketConnection?) {
        switch emitter.emit(Batch(tag), storage: &storage, rows: &rows) {
        case .accepted: break
        case .acceptedFull:
            let wait = pressure?.take() ?? GateWait()
            if let client {
                client.hold(wait)
            } else {
                datagramWait = wait
                datagram?.pauseReading()
            }
        case .refused(let reason):
            log.limited(
                .warn, kind: "refused", count: rows.records.count,
                "messages were not taken, and their sender does not learn of it: \(reason.sentence)",
                ["tag": tag.text, "events": rows.records.count])
        }
    }
}
