import EventLoop
import Events
import ForwardProtocol
import Inputs
import Logging
import Outputs
import Synchronization
import TLS
import TestSupport
import Testing

@Suite("Forward: chunks to servers")
final class ForwardDestinationTests {
    private let thread: LoopThread
    private let recorder = LogRecorder()
    private let clock = HandClock()
    private var destinations: [ForwardDestination] = []

    init() throws { thread = try LoopThread.start(try Loop(), name: "outputs") }

    deinit {
        for destination in destinations { destination.close() }
        thread.loop.stop()
        let left = thread.join()
        #expect(left == [])
    }

    /// Without heartbeats unless asked for; its clock moves only by hand.
    private func destination(
        _ endpoints: [Endpoint], tls: TLSContext? = nil, _ change: (inout ForwardOutputSettings) -> Void = { _ in }
    ) -> ForwardDestination {
        var settings = ForwardOutputSettings()
        settings.servers = endpoints.map { ForwardOutputSettings.Server($0) }
        settings.heartbeat = .none
        settings.asksForReceipts = true
        change(&settings)
        let destination = ForwardDestination(
            settings, tls: tls, on: thread.loop, log: Log(handler: recorder), seed: 1,
            now: { [clock] in clock.seconds })
        destinations.append(destination)
        return destination
    }

    private func chunk(_ tags: String..., events: Int = 2) throws -> LoadedChunk {
        ForwardChunkMessagesTests.chunk(
            try tags.map { tag in
                let batch = EventBatch(tag: tag)
                for number in 0..<events { try batch.add(#"{"n":\#(number)}"#) }
                return batch
            })
    }

    private static func lines(_ tag: String, _ count: Int = 2) -> [String] {
        (0..<count).map { #"\#(tag) 1576605304.123456789 {"n":\#($0)}"# }
    }

    private func reason(_ outcome: DeliveryOutcome) -> Refusal {
        switch outcome {
        case .retry(let reason, nil), .partial(_, let reason, _): return reason
        default:
            Issue.record("\(outcome)")
            return Refusal(.invalid, "")
        }
    }

    // MARK: - What arrives

    @Test("what is acknowledged is delivered, over one connection a message")
    func delivers() async throws {
        let server = try ForwardTestServer(.takes)
        defer { server.stop() }
        let destination = destination([server.endpoint])
        let chunk = try chunk("a", "b")
        #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
        #expect(server.lines == Self.lines("a") + Self.lines("b"))
        #expect(server.carriers == 2)
    }

    @Test("with keepalive one connection carries one message after the other")
    func keepalive() async throws {
        for asksForReceipts in [true, false] {
            let server = try ForwardTestServer(.takes)
            let destination = destination([server.endpoint]) {
                ($0.keepsConnections, $0.asksForReceipts) = (true, asksForReceipts)
            }
            let chunk = try chunk("a", "b", "c")
            #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
            try await until { server.lines.count == 6 }
            #expect(server.carriers == 1)
            server.stop()
        }
    }

    @Test("a connection that was idle for keepalive_timeout is not used again")
    func idle() async throws {
        let server = try ForwardTestServer(.takes)
        defer { server.stop() }
        let destination = destination([server.endpoint]) { ($0.keepsConnections, $0.idleSeconds) = (true, 0.05) }
        let chunk = try chunk("a")
        #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
        try await Task.sleep(for: .milliseconds(300))
        #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
        #expect(server.carriers == 2)
    }

    @Test("a kept connection that ends under a message is replaced at once, which is no failure of the server")
    func staleConnection() async throws {
        let server = try ForwardTestServer(.takesOnce)
        defer { server.stop() }
        let destination = destination([server.endpoint]) { $0.keepsConnections = true }
        let chunk = try chunk("a", "b", "c")
        #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
        #expect(server.lines == Self.lines("a") + Self.lines("b") + Self.lines("c"))
        #expect(server.carriers == 3)
    }

    @Test("without receipts a chunk is delivered when the server has read its connection to the end")
    func withoutReceipts() async throws {
        let server = try ForwardTestServer(.takes)
        defer { server.stop() }
        let destination = destination([server.endpoint]) { $0.asksForReceipts = false }
        let chunk = try chunk("a")
        #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
        #expect(server.lines == Self.lines("a"))
        #expect(server.acks == [])
    }

    @Test("a chunk has the same name at each attempt")
    func sameName() async throws {
        let server = try ForwardTestServer(.silent, .takes)
        defer { server.stop() }
        let destination = destination([server.endpoint]) { $0.receiptSeconds = 0.1 }
        let chunk = try chunk("a")
        #expect(reason(await destination.deliver(chunk, items: chunk.allItems)).kind == .timeout)
        #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
        #expect(server.acks.count == 2 && Set(server.acks).count == 1)
    }

    @Test("TLS and a shared key, with a source of ours")
    func secured() async throws {
        let tls = try ForwardClientTests.identity()
        let source = try SourceThread(tls: tls.server, ForwardClientTests.security)
        defer { source.stop() }
        for (keepsConnections, asksForReceipts) in [(false, true), (false, false), (true, true)] {
            let destination = destination([source.endpoint], tls: tls.client) {
                $0.servers[0].credentials = ForwardClientTests.credentials
                ($0.keepsConnections, $0.asksForReceipts) = (keepsConnections, asksForReceipts)
            }
            let chunk = try chunk("a", "b")
            #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
        }
        try await until { source.lines.count == 12 }
        let unknown = destination([source.endpoint], tls: try TLSContext(client: TLSClientOptions()))
        let chunk = try chunk("a")
        let refusal = reason(await unknown.deliver(chunk, items: chunk.allItems))
        #expect(refusal.sentence.contains("certificate"), "\(refusal)")
        #expect(source.lines.count == 12)
    }

    @Test("a server that takes one message a connection gets one, although connections are kept")
    func deniedKeepalive() async throws {
        let source = try SourceThread(ForwardClientTests.security, deniesKeepAlive: true)
        defer { source.stop() }
        for asksForReceipts in [true, false] {
            let destination = destination([source.endpoint]) {
                $0.servers[0].credentials = ForwardClientTests.credentials
                ($0.keepsConnections, $0.asksForReceipts) = (true, asksForReceipts)
            }
            let chunk = try chunk("a", "b", "c")
            #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
        }
        try await until { source.lines.count == 12 }
    }

    // MARK: - What does not

    @Test(
        "whatever a server does instead of acknowledging is a failure to try again, in words",
        arguments: [
            (.silent, .timeout, "no receipt within 300 ms for 2 events in 1 messages; they may be lost"),
            (.stuck, .timeout, "no receipt within 300 ms"), (.acknowledgesWrongly, .unclear, "not on its way"),
            (.hangsUp, .unreachable, "with 2 events unacknowledged"), (.resets, .unreachable, "unacknowledged"),
            (.answersHTTP, .unclear, "not the forward protocol"),
            (.greets, .forbidden, "asks for a shared key"),
        ] as [(ForwardTestServer.Behaviour, Refusal.Kind, String)])
    func failures(_ behaviour: ForwardTestServer.Behaviour, _ kind: Refusal.Kind, _ words: String) async throws {
        let server = try ForwardTestServer(behaviour)
        defer { server.stop() }
        let destination = destination([server.endpoint]) { $0.receiptSeconds = 0.3 }
        let chunk = try chunk("a")
        let refusal = reason(await destination.deliver(chunk, items: chunk.allItems))
        #expect(refusal.kind == kind, "\(refusal)")
        #expect(refusal.sentence.contains(words), "\(refusal)")
        #expect(refusal.sentence.contains("127.0.0.1:\(server.port)"), "\(refusal)")
        #expect(server.carriers == 1, "one attempt")
    }

    @Test(
        "without receipts, too, a server that does not end the connection in order has not taken the chunk",
        arguments: [
            (.silent, .timeout, "has not read it to its end"), (.resets, .unreachable, "broke"),
            (.answersHTTP, .unclear, "not the forward protocol"), (.greets, .forbidden, "asks for a shared key"),
        ] as [(ForwardTestServer.Behaviour, Refusal.Kind, String)])
    func failuresWithoutReceipts(
        _ behaviour: ForwardTestServer.Behaviour, _ kind: Refusal.Kind, _ words: String
    ) async throws {
        let server = try ForwardTestServer(behaviour)
        defer { server.stop() }
        let destination = destination([server.endpoint]) { ($0.asksForReceipts, $0.sendSeconds) = (false, 0.3) }
        let chunk = try chunk("a")
        let refusal = reason(await destination.deliver(chunk, items: chunk.allItems))
        #expect(refusal.kind == kind && refusal.sentence.contains(words), "\(refusal)")
    }

    @Test("a server that asks for no shared key, although one is configured, is named as such")
    func needlessKey() async throws {
        let server = try ForwardTestServer(.silent)
        defer { server.stop() }
        let destination = destination([server.endpoint]) {
            $0.servers[0].credentials = ForwardClientTests.credentials
            $0.handshakeSeconds = 0.2
        }
        let chunk = try chunk("a")
        let refusal = reason(await destination.deliver(chunk, items: chunk.allItems))
        #expect(refusal.kind == .timeout)
        #expect(refusal.sentence.contains("no answer within 200 ms; if its source has no <security>"), "\(refusal)")
    }

    @Test("a server that takes no bytes is given up after send_timeout")
    func stuck() async throws {
        let server = try ForwardTestServer(.stuck)
        defer { server.stop() }
        let destination = destination([server.endpoint]) { ($0.sendSeconds, $0.receiptSeconds) = (0.3, 60) }
        let batch = EventBatch(tag: "a")
        for _ in 0..<16 { try batch.add(#"{"m":"\#(String(repeating: "x", count: 1 << 20))"}"#) }
        let chunk = ForwardChunkMessagesTests.chunk([batch])
        let refusal = reason(await destination.deliver(chunk, items: chunk.allItems))
        #expect(refusal.kind == .timeout && refusal.sentence.contains("took nothing within 300 ms"), "\(refusal)")
    }

    @Test("what was acknowledged of a chunk is not sent again: the rest is, alone")
    func partly() async throws {
        let server = try ForwardTestServer(.takes, .silent, .takes)
        defer { server.stop() }
        let destination = destination([server.endpoint]) { $0.receiptSeconds = 0.2 }
        let chunk = try chunk("a", "b", "c")
        guard
            case .partial(let rest, let reason, let rejected) = await destination.deliver(chunk, items: chunk.allItems)
        else {
            Issue.record("a part was acknowledged")
            return
        }
        #expect(rest == [2, 3, 4, 5])
        #expect(reason.kind == .timeout && rejected == [])
        #expect(await destination.deliver(chunk, items: rest) == .delivered)
        #expect(server.lines == Self.lines("a") + Self.lines("b") + Self.lines("b") + Self.lines("c"))
    }

    // MARK: - Several servers

    @Test("a chunk goes to another server at once when one is away, which is passed over for a while")
    func failover() async throws {
        let (dead, working) = (try ForwardTestServer(.takes), try ForwardTestServer(.takes))
        dead.stop()
        defer { working.stop() }
        let destination = destination([dead.endpoint, working.endpoint])
        let chunk = try chunk("a")
        for _ in 0..<20 { #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered) }
        #expect(working.lines.count == 40)
        #expect(recorder.lines.count == 1, "\(recorder.lines)")
        let line = recorder.lines.first ?? ""
        #expect(line.contains("a server failed and is passed over while there is another"), "\(line)")
        let revived = try ForwardTestServer(.takes, port: dead.port)
        defer { revived.stop() }
        clock.advance(by: 11)
        for _ in 0..<20 { #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered) }
        #expect(revived.lines.count == 20, "half of them again")
        #expect(recorder.lines.count == 2 && recorder.lines[1].contains("takes messages again"), "\(recorder.lines)")
    }

    @Test("messages go to servers by their weights")
    func weights() async throws {
        let servers = try (0..<3).map { _ in try ForwardTestServer(.takes) }
        defer { for server in servers { server.stop() } }
        let destination = destination(servers.map(\.endpoint)) {
            ($0.servers[0].weight, $0.servers[1].weight, $0.servers[2].weight) = (20, 60, 0)
        }
        let chunk = try chunk("a", events: 1)
        for _ in 0..<24 { #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered) }
        #expect(servers.map(\.lines.count) == [6, 18, 0])
    }

    @Test("a server that does not answer heartbeats gets nothing, and the reason says so", .timeLimit(.minutes(10)))
    func heartbeats() async throws {
        let server = try ForwardTestServer(.takes)
        let destination = destination([server.endpoint]) {
            $0.heartbeat = .transport
            ($0.detector.intervalSeconds, $0.detector.hardTimeoutSeconds, $0.detector.recoverSeconds) = (0.02, 5, 0.05)
        }
        destination.start()
        try await until { server.connections > 5 }
        #expect(server.carriers == 0, "a heartbeat has no bytes")
        server.stop()
        clock.advance(by: 6)
        try await until { self.recorder.lines.contains { $0.contains("does not answer heartbeats") } }
        let chunk = try chunk("a")
        let refusal = reason(await destination.deliver(chunk, items: chunk.allItems))
        #expect(refusal == Refusal(.unreachable, "no server answers heartbeats: 127.0.0.1:\(server.port)"))
        let revived = try ForwardTestServer(.takes, port: server.port)
        defer { revived.stop() }
        try await until { self.recorder.lines.contains { $0.contains("answers heartbeats again") } }
        #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
    }

    @Test("UDP heartbeats are answered by a source of ours")
    func datagrams() async throws {
        let source = try SourceThread(answersHeartbeats: true)
        defer { source.stop() }
        let destination = destination([source.endpoint]) {
            $0.heartbeat = .udp
            ($0.detector.intervalSeconds, $0.detector.hardTimeoutSeconds, $0.detector.recoverSeconds) = (0.02, 5, 0.05)
        }
        // Lost at once, so that only answers bring it back.
        clock.advance(by: 6)
        destination.start()
        try await until { self.recorder.lines.contains { $0.contains("answers heartbeats again") } }
    }

    // MARK: - Rules

    @Test("every rule of outputs holds", arguments: [true, false])
    func rules(_ asksForReceipts: Bool) async throws {
        let (working, silent, gone) = (
            try ForwardTestServer(.takes), try ForwardTestServer(.silent), try ForwardTestServer(.takes)
        )
        gone.stop()
        defer { for server in [working, silent] { server.stop() } }
        func to(_ server: ForwardTestServer) -> ForwardDestination {
            destination([server.endpoint]) { $0.asksForReceipts = asksForReceipts }
        }
        await OutputCompatTest.destinationRules(
            unreachable: to(gone), silent: to(silent), working: to(working), try chunk("a", "b"))
    }

    @Test("a delivery ends when the output is closed, and none begins after it")
    func closes() async throws {
        let server = try ForwardTestServer(.silent)
        defer { server.stop() }
        let destination = destination([server.endpoint])
        let chunk = try chunk("a")
        let task = Task { await destination.deliver(chunk, items: chunk.allItems) }
        try await until { server.carriers == 1 }
        destination.close()
        #expect(reason(await task.value).kind == .stopping)
        #expect(reason(await destination.deliver(chunk, items: chunk.allItems)).kind == .stopping)
    }

    private func until(_ condition: () -> Bool) async throws {
        for _ in 0..<1000 {
            if condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("nothing happened within 10 s; log: \(recorder.lines)")
    }
}

/// Seconds that move only by hand.
private final class HandClock: Sendable {
    private let now = Mutex(100.0)

    var seconds: Double { now.withLock { $0 } }
    func advance(by seconds: Double) { now.withLock { $0 += seconds } }
}

/// The real source, on a thread of its own.
private final class SourceThread: @unchecked Sendable {
    let endpoint: Endpoint
    private let thread: LoopThread
    private let input: ForwardInput
    private let collector: Keeper

    init(
        tls: TLSContext? = nil, _ security: ForwardSecurity? = nil, answersHeartbeats: Bool = false,
        deniesKeepAlive: Bool = false
    ) throws {
        let loop = try Loop()
        var settings = ForwardInput.Settings(endpoint: .tcp(host: "127.0.0.1", port: 0))
        settings.answersHeartbeats = answersHeartbeats
        settings.security = security
        settings.deniesKeepAlive = deniesKeepAlive
        collector = Keeper()
        input = ForwardInput(settings, tls: tls, on: loop, emitter: collector, log: .discarding)
        try input.start()
        endpoint = .tcp(host: "127.0.0.1", port: input.port)
        thread = try LoopThread.start(loop, name: "source")
    }

    var lines: [String] { collector.lines.withLock { $0 } }

    func stop() {
        thread.loop.submit { [self] in input.close() }
        thread.loop.stop()
        _ = thread.join()
    }

    /// A collector that other threads may read.
    private final class Keeper: Emitter {
        let lines = Mutex<[String]>([])

        func emit(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
            let collector = Collector()
            defer { lines.withLock { $0 += collector.lines } }
            return collector.emit(batch, storage: &storage, rows: &rows)
        }
    }
}
