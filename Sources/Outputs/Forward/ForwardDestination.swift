package import EventLoop
package import Events
internal import ForwardProtocol
package import Logging
internal import Synchronization
package import TLS
internal import Time

/// Sends chunks to forward sources (Sluice's or Fluentd's), each message to the server whose turn it is, and to another
/// one when that fails.
///
/// What `.delivered` means: with receipts (`require_ack_response`), that a server has acknowledged every message, which
/// Sluice and Fluentd do once the events are in their buffers. Without receipts, that the kernel has taken every byte,
/// and, unless connections are kept, that the server has read the connection to its end and closed it in order. What a
/// server throws away after reading, or loses in a crash, nobody knows then; on a kept connection nor what it has not
/// read.
package final class ForwardDestination: Destination {
    private let settings: ForwardOutputSettings
    private let loop: Loop
    private let connections: ForwardConnections
    private let heartbeats: ForwardHeartbeats
    private let ring: Mutex<ServerRing>
    private let log: Log
    private let now: @Sendable () -> Double

    /// - Parameters:
    ///   - loop: where its connections live. It may run already.
    ///   - seed: of the order of servers.
    ///   - now: seconds of a clock that never jumps.
    package init(
        _ settings: ForwardOutputSettings, tls: TLSContext?, on loop: Loop, log: Log = .discarding,
        seed: UInt64 = .random(in: 0 ... .max),
        now: @escaping @Sendable () -> Double = { Double(Time.Clock.monotonicMilliseconds()) / 1000 }
    ) {
        self.settings = settings
        self.loop = loop
        self.log = log
        self.now = now
        let start = now()
        let servers = settings.servers.map { server in
            ServerRing.Server(
                weight: server.weight, isStandby: server.isStandby,
                detector: settings.heartbeat == .none ? nil : FailureDetector(settings.detector, at: start))
        }
        ring = Mutex(ServerRing(servers, recoverSeconds: settings.recoverSeconds, seed: seed))
        connections = ForwardConnections(settings, tls: tls, on: loop)
        let reports = HeartbeatReports()
        heartbeats = ForwardHeartbeats(settings, tls: tls, on: loop) { reports.tell($0) }
        reports.destination.withLock { $0.destination = self }
    }

    package let requests: RequestMeter? = RequestMeter()

    /// What log lines call it: the servers.
    package var name: String { settings.servers.map(\.endpoint.place).joined(separator: ",") }

    /// Begins to watch the servers.
    package func start() { loop.submit { [heartbeats] in heartbeats.start() } }

    /// Gives up what is under way, and closes all connections. Deliveries fail from now on.
    package func close() {
        loop.submit { [connections, heartbeats] in
            heartbeats.close()
            connections.close()
        }
    }

    /// As Fluentd's out_forward tells them.
    package var figures: [(name: String, value: Int)] {
        [
            ("healthy_nodes_count", ring.withLock { $0.upCount }), ("registered_nodes_count", settings.servers.count),
        ]
    }

    package func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        let messages = ForwardChunkMessages(chunk, items: items, settings)
        var left = items
        for part in messages.parts {
            let refusal: Refusal?
            do {
                refusal = await send(try messages.message(part))
            } catch {
                refusal = Refusal(.full, "cannot compress a message: \(error)")
            }
            if let refusal {
                return left.count == items.count
                    ? .retry(reason: refusal, after: nil) : .partial(retry: left, reason: refusal, rejected: [])
            }
            left = left.subtracting(part.items)
        }
        return .delivered
    }

    // MARK: - One message

    /// To whichever server takes it; nil when one has.
    private func send(_ message: ForwardOutgoing) async -> Refusal? {
        var tried: Set<Int> = []
        var last: Refusal?
        while let index = ring.withLock({ $0.pick(at: now(), excluding: tried) }) {
            tried.insert(index)
            requests?.sent(message.bytes.count)
            guard let error = await transmit(message, to: index) else {
                if ring.withLock({ $0.worked(index) }), settings.servers.count > 1 {
                    log.info("a server that failed takes messages again", ["server": settings.servers[index].shown])
                }
                return nil
            }
            let refusal = Refusal(error.kind, describe(error, settings.servers[index]))
            if error.kind == .stopping { return refusal }
            let isNews = ring.withLock { $0.failed(index, at: now()) }
            if isNews, settings.servers.count > 1 {
                log.warn(
                    "a server failed and is passed over while there is another",
                    [
                        "server": settings.servers[index].shown, "reason": refusal.sentence,
                        "seconds": settings.recoverSeconds,
                    ])
            }
            last = refusal
        }
        return last
            ?? Refusal(
                .unreachable, "no server answers heartbeats: \(settings.servers.map(\.shown).joined(separator: ", "))")
    }

    private func transmit(_ message: ForwardOutgoing, to index: Int) async -> ForwardClientError? {
        let ticket = ForwardTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<ForwardClientError?, Never>) in
                let isTaken = loop.submit { [connections] in
                    connections.send(message, to: index, ticket) { continuation.resume(returning: $0) }
                }
                if !isTaken { continuation.resume(returning: ForwardConnections.stopping) }
            }
        } onCancel: {
            // Before the message has come to the loop, or after.
            ticket.cancel()
            loop.submit { [connections] in connections.cancel(ticket) }
        }
    }

    private func describe(_ error: ForwardClientError, _ server: ForwardOutputSettings.Server) -> String {
        let text = error.description
        return text.contains(server.endpoint.place) ? text : "\(server.endpoint.place): \(text)"
    }

    // MARK: - Heartbeats

    fileprivate func note(_ report: ForwardHeartbeats.Report) {
        let time = now()
        let index = report.server
        let (change, standbys): (FailureDetector.Change?, [Int]) = ring.withLock { ring in
            switch report {
            case .answered: (ring.heartbeat(index, at: time), [])
            case .tick: (ring.tick(index, at: time), ring.standbys(at: time))
            }
        }
        let server = settings.servers[index]
        switch change {
        case .lost(let seconds):
            heartbeats.forgetAddress(of: index)
            log.warn(
                "a server does not answer heartbeats and gets nothing until it does",
                [
                    "server": server.shown, "silent_seconds": (seconds * 10).rounded() / 10,
                    "standby": standbys.map { settings.servers[$0].shown }.joined(separator: " "),
                ])
        case .recovered: log.warn("a server answers heartbeats again", ["server": server.shown])
        case nil: break
        }
    }
}

/// Between heartbeats and the destination that owns them. On the loop.
private final class HeartbeatReports: Sendable {
    struct Weak { weak var destination: ForwardDestination? }

    let destination = Mutex(Weak())

    func tell(_ report: ForwardHeartbeats.Report) { destination.withLock { $0.destination }?.note(report) }
}
