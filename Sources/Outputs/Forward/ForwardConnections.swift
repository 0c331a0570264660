internal import EventLoop
internal import Events
internal import ForwardProtocol
internal import Synchronization
internal import TLS

/// A message on its way, for whoever may want it back.
final class ForwardTicket: Sendable {
    private let cancelled = Atomic<Bool>(false)

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
    func cancel() { cancelled.store(true, ordering: .releasing) }
}

/// The connections of one forward output: each carries one message at a time, and with `keepalive` the next one after
/// it.
///
/// Belongs to one loop. `@unchecked Sendable`: every member but the initialiser asserts the loop's thread; the
/// reference may be handed to the loop in a job.
final class ForwardConnections: @unchecked Sendable {
    typealias Completion = @Sendable (ForwardClientError?) -> Void

    private struct Job {
        var message: ForwardOutgoing
        var ticket: ForwardTicket
        var completion: Completion
    }

    /// One connection, from its attempt to its end.
    private final class Link {
        let server: Int
        let idleTimer: LoopTimer
        var client: ForwardClient?
        var job: Job?
        /// Whether it has carried a message before.
        var isReused = false

        init(server: Int, on loop: Loop) {
            self.server = server
            idleTimer = LoopTimer(on: loop)
        }
    }

    static let stopping = ForwardClientError(.stopping, "the output is being closed")
    static let cancelled = ForwardClientError(.stopping, "the delivery was given up")

    private let settings: ForwardOutputSettings
    private let tls: TLSContext?
    private let loop: Loop
    private var links: [ObjectIdentifier: Link] = [:]
    /// Idle ones of each server, the one used last at the end.
    private var idle: [[Link]]
    private var isClosed = false

    init(_ settings: ForwardOutputSettings, tls: TLSContext?, on loop: Loop) {
        self.settings = settings
        self.tls = tls
        self.loop = loop
        idle = settings.servers.map { _ in [] }
    }

    /// Sends a message. The completion is called once, on the loop: nil when it was delivered, as far as the settings
    /// let that be known.
    func send(
        _ message: ForwardOutgoing, to server: Int, _ ticket: ForwardTicket, completion: @escaping Completion
    ) {
        loop.assertOnLoop()
        if isClosed { return completion(Self.stopping) }
        if ticket.isCancelled { return completion(Self.cancelled) }
        let job = Job(message: message, ticket: ticket, completion: completion)
        if let link = idle[server].popLast() {
            link.idleTimer.stop()
            link.isReused = true
            start(job, on: link)
        } else {
            connect(to: server, job)
        }
    }

    /// Gives a message up that is on its way. Whether it arrives is not known.
    func cancel(_ ticket: ForwardTicket) {
        loop.assertOnLoop()
        for link in Array(links.values) where link.job?.ticket === ticket { end(link, because: Self.cancelled) }
    }

    /// Gives everything up, and takes nothing more.
    func close() {
        loop.assertOnLoop()
        isClosed = true
        for link in Array(links.values) { end(link, because: Self.stopping) }
    }

    // MARK: - One connection

    private func connect(to server: Int, _ job: Job) {
        let link = Link(server: server, on: loop)
        let client = ForwardClient(settings.client(of: server, tls: tls), tls: tls, on: loop) {
            [weak self, weak link] in
            guard let self, let link else { return }
            apply($0, link)
        }
        link.client = client
        links[ObjectIdentifier(link)] = link
        client.connect()
        start(job, on: link)
    }

    private func start(_ job: Job, on link: Link) {
        link.job = job
        link.client?.send(job.message)
        if !settings.keepsConnections { link.client?.finish() }
    }

    private func apply(_ report: ForwardClient.Report, _ link: Link) {
        switch report {
        case .ready: break
        case .taken where settings.keepsConnections && !settings.asksForReceipts && keepsAlive(link): done(link)
        case .taken: if settings.keepsConnections, !settings.asksForReceipts { link.client?.finish() }
        case .acknowledged: done(link)
        case .ended(let error): ended(link, error)
        }
    }

    private func keepsAlive(_ link: Link) -> Bool { link.client?.keepsAlive ?? false }

    /// The message is where it should be; the connection goes on, or comes to its end by itself.
    private func done(_ link: Link) {
        guard let job = link.job else { return }
        link.job = nil
        job.completion(nil)
        guard settings.keepsConnections, keepsAlive(link), !isClosed, links[ObjectIdentifier(link)] != nil else {
            link.client?.finish()
            return
        }
        idle[link.server].append(link)
        guard let seconds = settings.idleSeconds else { return }
        link.idleTimer.start(afterMilliseconds: UInt64(seconds * 1000)) { [weak self, weak link] in
            guard let self, let link else { return }
            idle[link.server].removeAll { $0 === link }
            link.client?.finish()
        }
    }

    private func ended(_ link: Link, _ error: ForwardClientError?) {
        forget(link)
        guard let job = link.job else { return }
        link.job = nil
        // The server may have closed a kept connection while nothing was going on: that says nothing about the server.
        if let error, link.isReused, error.kind != .timeout, error.kind != .stopping, !job.ticket.isCancelled, !isClosed
        {
            return connect(to: link.server, job)
        }
        job.completion(error)
    }

    private func end(_ link: Link, because error: ForwardClientError) {
        forget(link)
        let job = link.job
        link.job = nil
        link.client?.cancel(because: error)
        job?.completion(error)
    }

    private func forget(_ link: Link) {
        links[ObjectIdentifier(link)] = nil
        idle[link.server].removeAll { $0 === link }
        link.idleTimer.close()
    }
}

extension ForwardOutputSettings {
    /// How one server is spoken with.
    func client(of server: Int, tls: TLSContext?) -> ForwardClient.Settings {
        let server = servers[server]
        var settings = ForwardClient.Settings(endpoint: server.endpoint)
        settings.credentials = server.credentials
        settings.timeoutMilliseconds = Self.milliseconds(handshakeSeconds)
        settings.connectMilliseconds = Self.milliseconds(connectSeconds)
        settings.sendMilliseconds = Self.milliseconds(sendSeconds)
        settings.receiptMilliseconds = Self.milliseconds(receiptSeconds)
        settings.shufflesAddresses = shufflesAddresses
        // A certificate is for a name; where an address is dialled, the server's own name stands for it.
        if case .tcp(let host, _) = server.endpoint, SocketAddress(host: host, port: 0) != nil, let name = server.name {
            settings.serverName = name
        }
        // Without TLS a server's words are heard until the connection has ended, and it has to end in order.
        if tls == nil { settings.greetingMilliseconds = 0 }
        settings.connection.maximumQueuedWriteBytesOfLoop = .max
        return settings
    }

    static func milliseconds(_ seconds: Double) -> UInt64 { UInt64(min(max(seconds * 1000, 1), 1e12)) }
}
