internal import EventLoop
internal import ForwardProtocol
internal import TLS

/// Asks every server, again and again, whether it is there, and tells who decides what that means.
///
/// `transport`: a connection is made and closed; with TLS its handshake is made too, so that the server has nothing to
/// complain about. `udp`: a zero byte goes to the server's port, and one comes back (forward protocol v1, "Heartbeat").
/// Belongs to one loop. `@unchecked Sendable`: as `ForwardConnections`.
final class ForwardHeartbeats: @unchecked Sendable {
    enum Report {
        case answered(Int)
        /// An interval has passed.
        case tick(Int)

        /// Its number among the settings' servers.
        var server: Int {
            switch self {
            case .answered(let server), .tick(let server): server
            }
        }
    }

    private let settings: ForwardOutputSettings
    private let tls: TLSContext?
    private let loop: Loop
    private let report: (Report) -> Void
    private var timer: LoopTimer?
    private var attempts: [Int: ConnectAttempt] = [:]
    private var clients: [Int: ForwardClient] = [:]
    private var lookups: [Int: NameLookup] = [:]
    private var addresses: [Int: SocketAddress] = [:]
    private var sockets: [Bool: Datagram] = [:]
    private var isClosed = false

    init(
        _ settings: ForwardOutputSettings, tls: TLSContext?, on loop: Loop, report: @escaping (Report) -> Void
    ) {
        self.settings = settings
        self.tls = tls
        self.loop = loop
        self.report = report
    }

    func start() {
        loop.assertOnLoop()
        guard settings.heartbeat != .none, timer == nil, !isClosed else { return }
        let timer = LoopTimer(on: loop)
        self.timer = timer
        let interval = ForwardOutputSettings.milliseconds(settings.detector.intervalSeconds)
        timer.start(afterMilliseconds: 0, everyMilliseconds: interval) { [weak self] in self?.beat() }
    }

    func close() {
        loop.assertOnLoop()
        isClosed = true
        timer?.close()
        for attempt in attempts.values { attempt.cancel() }
        for client in clients.values { client.cancel(because: ForwardConnections.stopping) }
        for lookup in lookups.values { lookup.cancel() }
        for socket in sockets.values { socket.close() }
        attempts = [:]
        clients = [:]
        lookups = [:]
        sockets = [:]
    }

    private func beat() {
        for index in settings.servers.indices {
            report(.tick(index))
            switch settings.heartbeat {
            case .none: break
            case .udp: sendDatagram(to: index)
            case .transport: connect(to: index)
            }
        }
    }

    // MARK: - Connections

    /// One at a time for each server: an answer that takes longer than an interval is one answer.
    private func connect(to index: Int) {
        guard attempts[index] == nil, clients[index] == nil else { return }
        if let tls { return shakeHands(with: index, tls) }
        let client = settings.client(of: index, tls: nil)
        attempts[index] = ConnectAttempt(
            to: client.endpoint, on: loop, options: client.connection,
            timeoutMilliseconds: client.connectMilliseconds ?? client.timeoutMilliseconds
        ) { [weak self] result in
            guard let self else { return }
            attempts[index] = nil
            // Nobody starts the connection, so the attempt closes it.
            if case .success = result { report(.answered(index)) }
        }
    }

    private func shakeHands(with index: Int, _ tls: TLSContext) {
        var client = settings.client(of: index, tls: tls)
        client.credentials = nil
        let asking = ForwardClient(client, tls: tls, on: loop) { [weak self] event in
            guard let self else { return }
            switch event {
            case .ready:
                report(.answered(index))
                clients[index]?.finish()
            case .ended: clients[index] = nil
            case .taken, .acknowledged: break
            }
        }
        clients[index] = asking
        asking.connect()
    }

    // MARK: - Datagrams

    private func sendDatagram(to index: Int) {
        guard case .tcp(let host, let port) = settings.servers[index].endpoint else { return }
        if let address = addresses[index] { return send(to: address, index) }
        guard lookups[index] == nil else { return }
        lookups[index] = NameLookup(of: host, port: port, on: loop) { [weak self] result in
            guard let self else { return }
            lookups[index] = nil
            guard case .success(let found) = result, let address = found.first else { return }
            addresses[index] = address
            send(to: address, index)
        }
    }

    private func send(to address: SocketAddress, _ index: Int) {
        if sockets[address.isIPv6] == nil {
            // Without a socket no answer comes, and the detector says so.
            sockets[address.isIPv6] = unsafe try? Datagram(host: address.isIPv6 ? "::" : "0.0.0.0", port: 0, on: loop) {
                [weak self] (_: UnsafeRawBufferPointer, sender: SocketAddress, _: Bool) in
                guard let self else { return }
                for (index, address) in addresses where address == sender { report(.answered(index)) }
            }
        }
        sockets[address.isIPv6]?.send([0], to: address)
    }

    /// The address of a server's name may have changed: it is looked up anew.
    func forgetAddress(of index: Int) {
        loop.assertOnLoop()
        addresses[index] = nil
    }
}
