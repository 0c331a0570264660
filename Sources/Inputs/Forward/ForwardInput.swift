package import EventLoop
package import Events
package import ForwardProtocol
internal import Glibc
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
        /// What acks wait for; nil: for nothing but that the events are in their buffers.
        package var acksAfter: Receipt.Moment?
        /// Permissions of a unix socket.
        package var socketMode: UInt32 = 0o666
        /// Other loops listen on the same port; the kernel spreads the connections (SO_REUSEPORT).
        package var sharesPort = false
        /// The sockets of an input that listened there before.
        package var inherited: InheritedSockets?
        /// Answers heartbeats by UDP; not for unix sockets.
        package var answersHeartbeats = true
        /// `max_connections`: how many clients at one time, counted over the loops that open this source; nil for what
        /// the process can hold.
        package var budget: ConnectionBudget?
        /// `unfinished_limit_size`: memory for messages that are not complete, of all clients.
        package var intake = IntakeBudget()
        /// `handshake_timeout`: the time for TLS and the shared key, in milliseconds.
        package var handshakeTimeoutMilliseconds: UInt64 = 10_000
        /// Clients that have gone while they were held back, and whose last bytes still wait for room.
        package var maximumDepartedClients = 32
        /// How often handshakes and held clients are looked at, in milliseconds.
        package var sweepMilliseconds: UInt64 = 1_000
        /// The time that a client has to take its last answers when the input closes, in milliseconds.
        package var closeTimeoutMilliseconds: UInt64 = 3_000

        package init(endpoint: Endpoint) {
            self.endpoint = endpoint
            // Answers are small: a client for which more waits does not read them.
            connection.maximumQueuedWriteBytesOfLoop = 64 << 20
        }
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
    private var heartbeatAnswers = HeartbeatAnswers(ownPort: 0)
    private var sweep: LoopTimer?
    private var isSweeping = false
    private(set) var connections: [ObjectIdentifier: ForwardConnection] = [:]
    /// Clients whose decoders have more to do than one turn of the loop may take.
    private var unfinished: [ObjectIdentifier: ForwardConnection] = [:]
    private var nextTurn: LoopTimer?
    private var clientsSoFar: UInt64 = 0
    var intakeQueue = IntakeQueue<ObjectIdentifier>()
    var isMemoryShort = false
    private(set) var backPressure = BackPressure()
    /// Which outputs this loop's batches found full; nil: nobody says, and room anywhere is room for all.
    private let pressure: Pressure?
    package var meter: IntakeMeter?
    private(set) var phase = InputPhase.idle
    /// What acks wait for; of the settings, or of a buffer that events go to.
    private(set) var acksAfter: Receipt.Moment?
    private(set) var isResting = false
    private var isRetired = false

    /// - Parameters:
    ///   - emitter: the router of this loop.
    ///   - pressure: what the emitters behind it note when they are full.
    package init(
        _ settings: Settings, tls: TLSContext?, on loop: Loop, emitter: any Emitter, log: Log, pressure: Pressure? = nil
    ) {
        self.settings = settings
        self.pressure = pressure
        self.tls = tls
        self.loop = loop
        self.emitter = emitter
        self.log = log
        acksAfter = settings.acksAfter
        let options = settings.options
        batches = PendingBatches(keepsOrder: emitter.showsOrder) { received in
            if let tag = options.tag { return Tag(tag) }
            if let prefix = options.tagPrefix { return Tag(Array(prefix.utf8) + [UInt8(ascii: ".")] + received) }
            return Tag(received)
        }
    }

    package var answersLater: Bool { acksAfter != nil }

    // MARK: - Life

    package func start() throws {
        precondition(phase == .idle, "an input was started twice")
        let listener = try Listener(
            settings.endpoint, on: loop, backlog: settings.backlog, reusePort: settings.sharesPort,
            mode: settings.socketMode, inherited: settings.inherited?.stream, options: settings.connection,
            budget: settings.budget ?? .process
        ) { [unowned self] connection in
            accept(connection)
        }
        listener.onAcceptError = { [log] error in
            log.limited(.error, kind: error.name, "cannot accept a connection: \(error)")
        }
        listener.onFull = { [log] budget in
            log.limited(
                .warn, kind: "full",
                "\(budget.limit) connections are open, which is the limit; clients wait until some close: \(budget.advice)"
            )
        }
        self.listener = listener
        do throws(LoopError) {
            try openHeartbeat(port: listener.port)
        } catch {
            // The file of a socket that was inherited is its first owner's still.
            listener.leavesFile = settings.inherited != nil
            listener.close()
            throw error
        }
        sweep = LoopTimer(on: loop)
        nextTurn = LoopTimer(on: loop)
        phase = .reading
        log.info("listening port", ["at": settings.endpoint.description, "tls": tls != nil])
    }

    private func openHeartbeat(port: UInt16) throws(LoopError) {
        guard case .tcp(let host, _) = settings.endpoint, settings.answersHeartbeats else { return }
        heartbeatAnswers = HeartbeatAnswers(ownPort: port)
        heartbeat = unsafe try Datagram(
            host: host, port: port, on: loop, inherited: settings.inherited?.datagram
        ) { [unowned self] bytes, sender, _ in
            if heartbeatAnswers.admit(sender, bytes: bytes.count, atMilliseconds: loop.now) {
                heartbeat?.send([0], to: sender)
            }
        }
    }

    /// The port in use, also if the configuration said 0.
    package var port: UInt16 { listener?.port ?? 0 }

    package func stopReading() {
        guard phase < .stopped else { return }
        phase = .stopped
        // Clients in the kernel's queue are told by its closing: nobody has taken anything from them.
        listener?.close()
        heartbeat?.close()
        sweep?.close()
        nextTurn?.close()
        unfinished.removeAll()
        for connection in connections.values {
            connection.hold(.stopped)
            connection.drain()
        }
    }

    package func resumeReading() {
        guard phase == .reading, !isResting else { return }
        let gates = pressure?.gates
        let isForAll = backPressure.room(gates)
        if isForAll { listener?.resume() }
        var resumed: [ForwardConnection] = []
        for connection in connections.values {
            switch connection.hold {
            case .none, .stopped, .memory, .resting: continue
            case .unheard: if !isForAll { continue }
            case .full(let wait, let bytes):
                if gates?.isClosed(anyOf: wait) ?? false { continue }
                backPressure.released(bytes: bytes)
            }
            resumed.append(connection)
        }
        for connection in resumed { connection.resume() }
    }

    package func rest() {
        guard phase == .reading, !isResting else { return }
        isResting = true
        listener?.pause()
        for connection in connections.values where !connection.isHeld { connection.hold(.resting) }
    }

    package func goOn() {
        guard isResting else { return }
        isResting = false
        guard phase == .reading else { return }
        if !backPressure.holdsOthers { listener?.resume() }
        let resting = connections.values.filter { if case .resting = $0.hold { true } else { false } }
        for connection in resting { connection.resume() }
        // What waited for room may have had it meanwhile; what waited for its turn has lost it.
        resumeReading()
    }

    package func routesChanged(hasDurableBuffer: Bool) {
        batches.keepsOrder = emitter.showsOrder
        acksAfter = settings.acksAfter ?? (hasDurableBuffer ? .safe : nil)
    }

    package func share() throws -> InheritedSockets? {
        guard phase == .reading, let listener else { return nil }
        let stream = try listener.share()
        do {
            return InheritedSockets(stream: stream, datagram: try heartbeat?.share())
        } catch {
            Glibc.close(stream)
            throw error
        }
    }

    package func leaveSockets() { listener?.leavesFile = true }

    package func retire() {
        isRetired = true
        leaveSockets()
        listener?.close()
        heartbeat?.close()
        listener = nil
        heartbeat = nil
    }

    package var isDeserted: Bool { isRetired && connections.isEmpty }

    package func close() {
        guard phase < .closed else { return }
        stopReading()
        phase = .closed
        for connection in connections.values {
            connection.finish(withinMilliseconds: settings.closeTimeoutMilliseconds)
        }
    }

    // MARK: - Clients

    private func accept(_ connection: Connection) {
        do throws(TLSError) {
            clientsSoFar += 1
            let handler = try ForwardConnection(connection, number: clientsSoFar, input: self, tls: tls)
            connections[ObjectIdentifier(handler)] = handler
            meter?.connected()
            connection.start(handler)
            handler.greet()
            if handler.needsWatching { watch() }
        } catch {
            log.limited(.error, "cannot begin TLS: \(error)", ["peer": connection.peerName])
            connection.close()
        }
    }

    func forget(_ handler: ForwardConnection) {
        if connections.removeValue(forKey: ObjectIdentifier(handler)) != nil { meter?.disconnected() }
        unfinished[ObjectIdentifier(handler)] = nil
        endIntake(of: handler)
    }

    /// Lets the loop deal with others before a client's decoder goes on.
    func continueLater(_ handler: ForwardConnection) {
        guard phase == .reading else { return }
        if unfinished.isEmpty {
            nextTurn?.start(afterMilliseconds: 0) { [unowned self] in
                let waiting = unfinished.values
                unfinished.removeAll()
                // One that rests meanwhile goes on after that.
                for connection in waiting { connection.goOn() }
            }
        }
        unfinished[ObjectIdentifier(handler)] = handler
    }

    /// A client's events were taken by buffers with room: it may go on while others have to wait.
    var episode: UInt64 { backPressure.episode }

    /// A client's events were taken and a buffer is full: it has to wait, and beyond a bound so have all others that
    /// may send to the same buffer.
    func tookBeyondLimit(bytes: Int, of handler: ForwardConnection) {
        guard phase == .reading else { return }
        let wait = pressure?.take() ?? GateWait()
        handler.hold(.full(wait, bytes: bytes))
        watch()
        if backPressure.tookBeyond(bytes: bytes, wait) {
            // Newcomers wait in the kernel's queue: there they take no descriptor, and one that leaves is seen to leave.
            listener?.pause()
            for connection in connections.values where connection.acceptedEpisode != backPressure.episode {
                connection.hold(.unheard)
            }
        }
    }

    // MARK: - Looking after them

    /// Looks every second at those who are in a handshake or held back, as long as there are any.
    func watch() {
        guard !isSweeping, phase == .reading else { return }
        isSweeping = true
        sweep?.start(
            afterMilliseconds: settings.sweepMilliseconds, everyMilliseconds: settings.sweepMilliseconds
        ) { [unowned self] in
            lookAfterClients()
        }
    }

    private func lookAfterClients() {
        lookAfterIntake()
        let watched = connections.values.filter(\.needsWatching)
        guard !watched.isEmpty || isMemoryShort else {
            isSweeping = false
            sweep?.stop()
            return
        }
        for connection in watched { connection.endIfHandshakeIsOverdue(atMilliseconds: loop.now) }
        dismissDeparted(among: watched.filter { if case .memory = $0.hold { false } else { $0.isHeld } })
    }

    /// A client that was held back and has gone is kept for its last bytes, which are read when there is room; only so
    /// many, those that were accepted last. One that was reset has nothing to be read.
    private func dismissDeparted(among held: [ForwardConnection]) {
        var departed: [ForwardConnection] = []
        for (connection, presence) in zip(held, Connection.presence(ofPeers: held.map(\.connection))) {
            switch presence {
            case .connected: break
            case .ended: departed.append(connection)
            case .reset: connection.dismiss(because: .reset)
            }
        }
        let excess = departed.count - settings.maximumDepartedClients
        guard excess > 0 else { return }
        departed.sort { $0.number < $1.number }
        for connection in departed.prefix(excess) {
            log.limited(
                .warn, kind: "departed",
                "a client went away while the buffer was full; what it sent last was not taken, nor acknowledged",
                ["peer": connection.connection.peerName])
            connection.dismiss(because: .endOfStream)
        }
    }

}
