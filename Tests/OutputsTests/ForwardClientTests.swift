import EventLoop
import Events
import ForwardProtocol
import Glibc
import Inputs
import Logging
import Outputs
import TLS
import TestSupport
import Testing

/// A forward source and a client on one loop, run on the test's thread.
final class Exchange {
    let loop: Loop
    let collector = Collector()
    let recorder = LogRecorder()
    var input: ForwardInput?
    var reports: [ForwardClient.Report] = []
    var outcome: ForwardClientError??
    private var listener: Listener?
    /// Closes what a test's own server left open.
    var afterwards: () -> Void = {}
    private var watchdog: LoopTimer?

    init() throws { loop = try Loop() }

    /// The real source. Answers where it listens.
    func serve(
        _ endpoint: Endpoint = .tcp(host: "127.0.0.1", port: 0), tls: TLSContext? = nil,
        _ change: (inout ForwardInput.Settings) -> Void = { _ in }
    ) throws -> Endpoint {
        var settings = ForwardInput.Settings(endpoint: endpoint)
        settings.answersHeartbeats = false
        change(&settings)
        let input = ForwardInput(settings, tls: tls, on: loop, emitter: collector, log: Log(handler: recorder))
        try input.start()
        self.input = input
        if case .tcp(let host, _) = endpoint { return .tcp(host: host, port: input.port) }
        return endpoint
    }

    /// A listener with some other behaviour.
    func serve(_ handler: some ConnectionHandler, greeting: [UInt8] = []) throws -> Endpoint {
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop) { connection in
            connection.start(handler)
            connection.write(greeting)
        }
        self.listener = listener
        return .tcp(host: "127.0.0.1", port: listener.port)
    }

    /// Sends the messages and runs until the client has ended.
    func run(
        _ endpoint: Endpoint, _ messages: [ForwardOutgoing], credentials: ForwardCredentials? = nil,
        tls: TLSContext? = nil, timeoutMilliseconds: UInt64 = 5000
    ) throws {
        var settings = ForwardClient.Settings(endpoint: endpoint)
        settings.credentials = credentials
        settings.timeoutMilliseconds = timeoutMilliseconds
        let client = ForwardClient(settings, tls: tls, on: loop) { [self] report in
            if outcome != nil { Issue.record("a report after the end: \(report)") }
            reports.append(report)
            guard case .ended(let error) = report else { return }
            outcome = .some(error)
            // A turn for the server to read the last bytes.
            watchdog?.start(afterMilliseconds: 50) { [self] in
                watchdog?.close()
                input?.close()
                listener?.close()
                afterwards()
            }
        }
        let limit = LoopTimer(on: loop)
        watchdog = limit
        limit.start(afterMilliseconds: 20_000) { [self] in
            Issue.record("still running after 20 s: \(loop.closeEverything())")
            loop.closeEverything()
        }
        client.connect()
        for message in messages { client.send(message) }
        client.finish()
        loop.stop()
        let leftBehind = loop.run()
        #expect(leftBehind == [])
    }

    var error: String? { outcome.flatMap { $0 }?.description }
    var isSuccess: Bool { outcome == .some(.none) }
    var acknowledged: Int {
        reports.reduce(0) { if case .acknowledged(_, let count) = $1 { $0 + count } else { $0 } }
    }
    var taken: Int { reports.reduce(0) { if case .taken(let bytes) = $1 { $0 + bytes } else { $0 } } }

    static func messages(_ count: Int, events: Int = 2, receipts: Bool = true) throws -> [ForwardOutgoing] {
        var encoder = ForwardEncoder(tag: Array("t".utf8), asksForReceipts: receipts)
        return try (0..<count).map { message in
            for event in 0..<events {
                try encoder.append(json: ByteBuffer("{\"n\":\(message * events + event)}"), time: EventTime(seconds: 9))
            }
            let sealed = encoder.seal()
            return try #require(sealed)
        }
    }

    static func lines(_ count: Int) -> [String] { (0..<count).map { "t 9.0 {\"n\":\($0)}" } }
}

/// Reads and says nothing; closes at once if asked to.
final class Mute: ConnectionHandler {
    var closesAtOnce = false
    /// Reads once, then leaves everything to the kernel.
    var isStuck = false
    private(set) var last: Connection?
    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        if closesAtOnce { connection.close() }
        if isStuck { connection.pauseReading() }
        last = connection
    }
    func closed(_ connection: Connection, because reason: CloseReason) { last = nil }
}

@Suite("Forward: the client against a real source")
struct ForwardClientTests {
    static let credentials = ForwardCredentials(
        selfHostname: "client", sharedKey: Array("key".utf8), username: Array("me".utf8), password: Array("pw".utf8))

    static var security: ForwardSecurity {
        var security = ForwardSecurity(selfHostname: "server", sharedKey: Array("key".utf8))
        security.authenticatesUsers = true
        security.users = [ForwardSecurity.User(name: Array("me".utf8), password: Array("pw".utf8))]
        return security
    }

    static func identity() throws -> (server: TLSContext, client: TLSContext) {
        var options = GeneratedCertificate.Options(commonName: "localhost")
        options.alternativeNames = ["127.0.0.1"]
        let certificate = try GeneratedCertificate(options)
        var trust = TLSClientOptions()
        trust.authorities = .only([.bytes(certificate.certificatePEM, name: "test")])
        return (
            try TLSContext(server: TLSServerOptions(identity: certificate.identity)), try TLSContext(client: trust)
        )
    }

    @Test(
        "all events arrive, with and without receipts, over TCP and a unix socket", arguments: [true, false],
        [true, false])
    func plain(_ receipts: Bool, _ isUnix: Bool) throws {
        let exchange = try Exchange()
        let path = "/tmp/sluice-forward-test-\(UInt32.random(in: 0 ... .max)).sock"
        defer { unlink(path) }
        let endpoint = try isUnix ? exchange.serve(.unix(path: path)) : exchange.serve()
        let messages = try Exchange.messages(50, receipts: receipts)
        try exchange.run(endpoint, messages)
        #expect(exchange.isSuccess, "\(exchange.error ?? "")")
        #expect(exchange.collector.lines == Exchange.lines(100))
        #expect(exchange.acknowledged == (receipts ? 100 : 0))
        #expect(exchange.taken == messages.reduce(0) { $0 + $1.bytes.count })
        #expect(exchange.reports.first == .ready)
    }

    @Test("the handshake, with and without TLS", arguments: [true, false])
    func security(_ isSecure: Bool) throws {
        let exchange = try Exchange()
        let contexts = isSecure ? try Self.identity() : nil
        let endpoint = try exchange.serve(tls: contexts?.server) { $0.security = Self.security }
        try exchange.run(
            endpoint, try Exchange.messages(3), credentials: Self.credentials, tls: contexts?.client)
        #expect(exchange.isSuccess, "\(exchange.error ?? "")")
        #expect(exchange.collector.lines == Exchange.lines(6))
        #expect(exchange.acknowledged == 6)
        #expect(exchange.recorder.lines.filter { $0.hasPrefix("[warn]") } == [])
    }

    @Test("many megabytes through TLS without a receipt arrive to the last byte")
    func large() throws {
        let exchange = try Exchange()
        let contexts = try Self.identity()
        let endpoint = try exchange.serve(tls: contexts.server)
        try exchange.run(
            endpoint, try Exchange.messages(40, events: 5000, receipts: false), tls: contexts.client)
        #expect(exchange.isSuccess, "\(exchange.error ?? "")")
        #expect(exchange.collector.lines.count == 200_000)
        #expect(exchange.collector.lines.last == "t 9.0 {\"n\":199999}")
    }

    @Test("a wrong key, a wrong password and no key are refused in words")
    func refused() throws {
        var wrongKey = Self.credentials
        wrongKey.sharedKey = [1]
        var wrongPassword = Self.credentials
        wrongPassword.password = [1]
        for (credentials, expected) in [
            (wrongKey, "shared_key mismatch"), (wrongPassword, "username/password mismatch"),
            (nil, "asks for a shared key"),
        ] {
            let exchange = try Exchange()
            let endpoint = try exchange.serve { $0.security = Self.security }
            try exchange.run(endpoint, try Exchange.messages(1, receipts: false), credentials: credentials)
            #expect(exchange.error?.contains(expected) == true, "\(exchange.error ?? "none")")
            #expect(exchange.collector.lines == [])
        }
    }

    @Test("nobody listening is said so")
    func nobody() throws {
        let earlier = try Exchange()
        let endpoint = try earlier.serve()
        try earlier.run(endpoint, [])
        #expect(earlier.isSuccess)
        let exchange = try Exchange()
        try exchange.run(endpoint, try Exchange.messages(1))
        guard case .tcp(_, let port) = endpoint else { return }
        #expect(
            exchange.error == "cannot connect to 127.0.0.1:\(port): connection refused; is sluice running there?")
        let other = try Exchange()
        try other.run(.unix(path: "/tmp/no-such-sluice.sock"), [])
        #expect(other.error?.hasPrefix("cannot connect to /tmp/no-such-sluice.sock: no such file") == true)
    }

    @Test("a server without receipts, without HELO, and one that hangs up are not waited for too long")
    func silence() throws {
        let noReceipt = try Exchange()
        try noReceipt.run(try noReceipt.serve(Mute()), try Exchange.messages(2), timeoutMilliseconds: 100)
        #expect(noReceipt.error == "no receipt within 100 ms for 4 events in 2 messages; they may be lost")
        let noHELO = try Exchange()
        try noHELO.run(
            try noHELO.serve(Mute()), try Exchange.messages(1), credentials: Self.credentials, timeoutMilliseconds: 100)
        #expect(noHELO.error?.contains("no answer within 100 ms; if its source has no <security>") == true)
        let mute = Mute()
        mute.closesAtOnce = true
        let hangUp = try Exchange()
        try hangUp.run(try hangUp.serve(mute), try Exchange.messages(1))
        #expect(
            hangUp.error?.contains("with 2 events unacknowledged; they may be lost") == true, "\(hangUp.error ?? "")")
    }

    @Test("a server that takes no more bytes is given up")
    func stuck() throws {
        let mute = Mute()
        mute.isStuck = true
        let exchange = try Exchange()
        exchange.afterwards = { mute.last?.close() }
        let message = ForwardOutgoing(bytes: [UInt8](repeating: 0xC0, count: 32 << 20), chunk: nil, eventCount: 1)
        try exchange.run(try exchange.serve(mute), [message], timeoutMilliseconds: 100)
        #expect(exchange.error?.hasSuffix("it took nothing within 100 ms") == true, "\(exchange.error ?? "")")
    }

    @Test("a refused batch gets no receipt, and that is an error")
    func refusedBatch() throws {
        let exchange = try Exchange()
        exchange.collector.answer = .refused(Refusal(.full, "full"))
        try exchange.run(try exchange.serve(), try Exchange.messages(1), timeoutMilliseconds: 100)
        #expect(exchange.error?.hasPrefix("no receipt within 100 ms for 2 events") == true, "\(exchange.error ?? "")")
    }

    @Test("TLS towards a plain source, a plain client towards TLS, and an untrusted certificate fail in words")
    func mixedUp() throws {
        let contexts = try Self.identity()
        let plainServer = try Exchange()
        try plainServer.run(try plainServer.serve(), try Exchange.messages(1), tls: contexts.client)
        #expect(plainServer.error?.contains("does it speak TLS on this port?") == true, "\(plainServer.error ?? "")")
        let plainClient = try Exchange()
        try plainClient.run(try plainClient.serve(tls: contexts.server), try Exchange.messages(1))
        #expect(plainClient.error != nil)
        #expect(plainClient.collector.lines == [])
        let stranger = try Self.identity()
        let untrusted = try Exchange()
        try untrusted.run(
            try untrusted.serve(tls: contexts.server), try Exchange.messages(1), tls: stranger.client)
        #expect(untrusted.error?.contains("certificate") == true, "\(untrusted.error ?? "")")
        #expect(untrusted.collector.lines == [])
    }
}
