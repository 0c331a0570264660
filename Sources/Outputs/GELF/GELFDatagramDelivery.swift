internal import EventLoop
internal import Events

/// Datagrams to one server. Sent is all that can be known of them.
final class GELFDatagramDelivery: GELFDelivery, @unchecked Sendable {
    /// What is sent before the loop, and the receiver's kernel, have a turn.
    private static let turnBytes = 64 * 1024
    /// What a datagram takes in a kernel's queue beside its bytes, about.
    private static let overheadBytes = 512
    private static let turnMilliseconds: UInt64 = 1
    /// When the kernel took none: its queue is full.
    private static let retryMilliseconds: UInt64 = 10

    private let datagrams: [[UInt8]]
    private let settings: GELFSettings
    private let sockets: GELFDeliveries
    private let loop: Loop
    private var next = 0
    private var lookup: NameLookup?
    private var timer: LoopTimer?
    private var refusedSince: UInt64?
    private var ended: ((Refusal?) -> Void)?
    private var cancelled: Refusal?

    init(_ datagrams: [[UInt8]], _ settings: GELFSettings, _ sockets: GELFDeliveries, on loop: Loop) {
        self.datagrams = datagrams
        self.settings = settings
        self.sockets = sockets
        self.loop = loop
    }

    func start(_ ended: @escaping (Refusal?) -> Void) {
        loop.assertOnLoop()
        if let cancelled { return ended(cancelled) }
        self.ended = ended
        timer = LoopTimer(on: loop)
        lookup = NameLookup(of: settings.host, port: settings.port, on: loop) { [weak self] result in
            guard let self else { return }
            lookup = nil
            switch result {
            // There is at least one.
            case .success(let found): if let address = found.first { turn(address) }
            case .failure(let error): end(Refusal(.unreachable, "\(error)"))
            }
        }
    }

    func cancel(because reason: Refusal) {
        loop.assertOnLoop()
        cancelled = reason
        end(reason)
    }

    private func turn(_ address: SocketAddress) {
        guard ended != nil else { return }
        let socket: Datagram
        do throws(LoopError) {
            socket = try sockets.socket(isIPv6: address.isIPv6)
        } catch {
            return end(Refusal(.unreachable, "\(error)"))
        }
        var bytes = 0
        while next < datagrams.count, bytes < Self.turnBytes {
            guard socket.send(datagrams[next], to: address) else { return wait(address) }
            refusedSince = nil
            bytes += datagrams[next].count + Self.overheadBytes
            next += 1
        }
        if next == datagrams.count { return end(nil) }
        timer?.start(afterMilliseconds: Self.turnMilliseconds) { [weak self] in self?.turn(address) }
    }

    private func wait(_ address: SocketAddress) {
        let since = refusedSince ?? loop.now
        refusedSince = since
        if Double(loop.now - since) >= settings.sendSeconds * 1000 {
            return end(
                Refusal(
                    .unreachable,
                    "the kernel sends no datagram to \(settings.endpoint.place): is there a route to it?"))
        }
        timer?.start(afterMilliseconds: Self.retryMilliseconds) { [weak self] in self?.turn(address) }
    }

    private func end(_ refusal: Refusal?) {
        guard let tell = ended else { return }
        ended = nil
        lookup?.cancel()
        lookup = nil
        timer?.close()
        tell(refusal)
    }
}
