package import EventLoop
package import Events
internal import Glibc
internal import HTTPServer
package import Logging
package import TLS

/// `<source> @type http`: events in the bodies of requests, the tag in their path (Fluentd's
/// `lib/fluent/plugin/in_http.rb`).
///
/// A request is taken whole or not at all, and its answer says which: 200 once its events are where they are safe, 400
/// for what cannot be read, 413 for too much, 503 where the buffer does not take it. Belongs to one loop.
package final class HTTPInput: Input {
    package struct Settings: Sendable {
        package var host: String
        package var port: UInt16
        package var backlog: Int32 = Listener.defaultBacklog
        package var options = HTTPOptions()
        /// `keepalive_timeout`
        package var idleSeconds = 10
        /// `max_connections`; nil for what the process can hold.
        package var budget: ConnectionBudget?
        /// `unfinished_limit_size`: memory for bodies that have not come whole, on each loop.
        package var unfinishedBytes = IntakeBudget.defaultLimitBytes
        /// Other loops listen on the same port.
        package var sharesPort = false
        package var inherited: InheritedSockets?
        /// `<transport tls>`; nil for plain HTTP.
        package var tls: TLSContext?
        /// `handshake_timeout`: the time for a client's TLS handshake, in milliseconds.
        package var handshakeTimeoutMilliseconds: UInt64 = 10_000

        package init(host: String, port: UInt16) { (self.host, self.port) = (host, port) }
    }

    let settings: Settings
    private let loop: Loop
    private let emitter: any Emitter
    let log: Log
    private let pressure: Pressure?
    let budget: ConnectionBudget
    let bodies: BodyBudget
    private var reader: HTTPEventReader
    private var server: HTTPServer?
    private var socket: ListeningSocket?
    var backPressure = BackPressure()
    package var meter: IntakeMeter?
    private(set) var phase = InputPhase.idle
    var isResting = false
    var isRetired = false
    /// What answers wait for.
    private var answersAfter: Receipt.Moment?
    /// Clients whose last events were taken by a buffer that is full.
    var fullClients: [ObjectIdentifier: ClientState] = [:]
    /// Requests that wait for room, or for the end of a rest.
    var held: [HTTPExchange] = []
    private var storage = ByteBuffer(capacity: 64 * 1024)
    private var rows = Rows(fieldCapacity: 256)
    private var tags: [[UInt8]: Tag] = [:]
    private static let keptTags = 4096
    /// What is heard of a body that is too large before its client is hung up on, at least.
    static let leastDroppedBytes = 1 << 20
    private static let keptBytes = 1 << 20

    package init(
        _ settings: Settings, on loop: Loop, emitter: any Emitter, log: Log, pressure: Pressure? = nil
    ) {
        self.settings = settings
        self.loop = loop
        self.emitter = emitter
        self.log = log
        self.pressure = pressure
        budget = settings.budget ?? .process
        bodies = BodyBudget(limitBytes: settings.unfinishedBytes)
        reader = HTTPEventReader(settings.options)
    }

    package var answersLater: Bool { answersAfter != nil }

    /// The port in use, also if the configuration said 0.
    package var port: UInt16 { socket?.address?.port ?? settings.port }

    // MARK: - Life

    package func start() throws {
        precondition(phase == .idle, "an input was started twice")
        let socket = try ListeningSocket.listen(
            host: settings.host, port: settings.port, backlog: settings.backlog, reusePort: settings.sharesPort,
            inherited: settings.inherited?.stream)
        var serverSettings = HTTPServer.Settings()
        serverSettings.connectionLimit = budget.limit
        serverSettings.idleSeconds = settings.idleSeconds
        serverSettings.tls = settings.tls
        serverSettings.handshakeMilliseconds = settings.handshakeTimeoutMilliseconds
        serverSettings.backlog = settings.backlog
        server = try HTTPServer(socket.descriptor, serverSettings, on: loop, handler: self)
        self.socket = socket
        phase = .reading
        log.info("listening port", ["at": "http \(settings.host):\(port)", "tls": settings.tls != nil])
    }

    package func stopReading() {
        guard phase < .stopped else { return }
        phase = .stopped
        stopAccepting()
    }

    private func stopAccepting() {
        // The server closes it.
        socket = nil
        server?.stopAccepting()
    }

    package func resumeReading() {
        guard phase == .reading, !isResting else { return }
        let gates = pressure?.gates
        let isForAll = backPressure.room(gates)
        for (client, state) in fullClients {
            guard let full = state.full, !(gates?.isClosed(anyOf: full.wait) ?? false) else { continue }
            backPressure.released(bytes: full.bytes)
            state.full = nil
            fullClients[client] = nil
        }
        let waiting = held
        held = []
        for exchange in waiting {
            if !isForAll, isHeld(exchange.client) { held.append(exchange) } else { exchange.proceed() }
        }
    }

    package func rest() { isResting = true }

    package func goOn() {
        guard isResting else { return }
        isResting = false
        resumeReading()
    }

    package func routesChanged(hasDurableBuffer: Bool) { answersAfter = hasDurableBuffer ? .safe : nil }

    package func share() throws -> InheritedSockets? {
        guard phase == .reading, let socket else { return nil }
        return InheritedSockets(stream: try socket.duplicate(), datagram: nil)
    }

    package func leaveSockets() {}

    package func retire() {
        isRetired = true
        stopAccepting()
    }

    package var isDeserted: Bool { isRetired && server?.clientCount ?? 0 == 0 }

    package func close() {
        guard phase < .closed else { return }
        stopReading()
        phase = .closed
        held.removeAll()
        server?.close()
        server = nil
    }

    // MARK: - Clients

    /// What is known of a client.
    final class ClientState {
        /// What it waits for: its last events were taken, and a buffer is full.
        var full: (wait: GateWait, bytes: Int)?
        /// Of `BackPressure`.
        var acceptedEpisode: UInt64 = 0
    }

    func state(of client: HTTPClient) -> ClientState {
        if let known = client.note as? ClientState { return known }
        let made = ClientState()
        client.note = made
        return made
    }

    /// Whether a client's next request has to wait.
    func isHeld(_ client: HTTPClient) -> Bool {
        if phase != .reading || isResting { return true }
        let state = state(of: client)
        return state.full != nil || backPressure.holdsOthers && state.acceptedEpisode != backPressure.episode
    }

    // MARK: - Requests

    /// Appends one request's records and hands them on. What cannot be taken is answered here.
    func take(_ exchange: HTTPExchange) {
        let target = HTTPTarget(exchange.target)
        storage.clear()
        rows.clear()
        defer {
            storage.shrink(toAtMost: Self.keptBytes)
            rows.clear(keepingAtMost: Self.keptBytes / 16)
        }
        do throws(HTTPRefusal) {
            try reader.read(exchange, target, storage: &storage, rows: &rows)
        } catch {
            return refuse(exchange, error)
        }
        guard !rows.records.isEmpty else { return answer(exchange) }
        let state = state(of: exchange.client)
        let receipt = answersAfter.map { moment in
            // The exchange is touched on the loop alone, where the receipt posts to.
            let answering = LaterAnswer(exchange, self)
            return Receipt(for: moment) { [loop] fate in
                _ = loop.submit { answering.settled(fate, of: moment) }
            }
        }
        let bytes = exchange.body.count
        switch emitter.emit(Batch(tag(target), receipt: receipt), storage: &storage, rows: &rows) {
        case .accepted: state.acceptedEpisode = backPressure.episode
        case .acceptedFull:
            let wait = pressure?.take() ?? GateWait()
            state.full = (wait, bytes)
            fullClients[ObjectIdentifier(exchange.client)] = state
            _ = backPressure.tookBeyond(bytes: bytes, wait)
        case .refused(let reason):
            receipt?.settle(.lost)
            return refuse(exchange, HTTPRefusal(503, reason.sentence))
        }
        if let receipt { receipt.settle(.delivered) } else { answer(exchange) }
    }

    private func tag(_ target: HTTPTarget) -> Tag {
        var bytes = target.tag
        if let prefix = settings.options.tagPrefix { bytes = Array(prefix.utf8) + [UInt8(ascii: ".")] + bytes }
        if let known = tags[bytes] { return known }
        if tags.count >= Self.keptTags { tags.removeAll(keepingCapacity: true) }
        let made = Tag(bytes)
        tags[bytes] = made
        return made
    }

    // MARK: - Answers

    func answer(_ exchange: HTTPExchange) {
        switch settings.options.answer {
        case .empty: exchange.respond(200, text(exchange))
        case .noContent: exchange.respond(204, crossOrigin(exchange))
        case .image:
            exchange.respond(
                200, [("Content-Type", "image/gif; charset=utf-8")] + crossOrigin(exchange), Self.emptyImage)
        }
    }

    func refuse(_ exchange: HTTPExchange, _ refusal: HTTPRefusal) {
        let phrase = Self.phrases[refusal.status] ?? ""
        var headers = text(exchange)
        if refusal.status == 503 { headers.append(("Retry-After", "1")) }
        log.limited(
            .warn, kind: "\(refusal.status)", subject: ["client": exchange.client.peer?.host ?? ""],
            "a request was refused: \(refusal.message)", ["status": refusal.status])
        let body = refusal.status == 413 ? "Too large" : "\(refusal.status) \(phrase)\n\(refusal.message)\n"
        exchange.respond(refusal.status, headers, Array(body.utf8))
    }

    func text(_ exchange: HTTPExchange) -> [(name: String, value: String)] {
        [("Content-Type", "text/plain")] + crossOrigin(exchange)
    }

    func crossOrigin(_ exchange: HTTPExchange) -> [(name: String, value: String)] {
        guard let cors = settings.options.cors, let allowed = cors.answer(to: exchange.header("Origin")) else {
            return []
        }
        return cors.headers(for: allowed)
    }

    private static let phrases = [
        400: "Bad Request", 403: "Forbidden", 413: "Request Entity Too Large", 415: "Unsupported Media Type",
        503: "Service Unavailable",
    ]

    /// A transparent GIF of one pixel, as Fluentd's.
    private static let emptyImage: [UInt8] = [
        0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0xFF, 0x00, 0xFF, 0xFF, 0xFF, 0x00, 0x00,
        0x00,
        0x2C, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01, 0x00, 0x3B,
    ]
}
