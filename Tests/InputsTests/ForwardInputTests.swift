import EventLoop
import Events
import Inputs
import TLS
import TestSupport
import Testing

/// The input over real sockets.
@Suite struct ForwardInputTests {
    private static let event = hex("94 a1 74 01 81 a1 61 01 81 a5 6368756e6b a1 63")
    private static let line = #"t 1 {"a":1}"#
    private static let ack = hex("81 a3 61636b a1 63")

    private static func message(_ tag: String, _ number: Int, chunk: Bool = true) -> [UInt8] {
        var out = ByteBuffer()
        out.appendMessagePack(arrayCount: chunk ? 4 : 3)
        out.appendMessagePackString(tag)
        out.appendMessagePack(Int64(number))
        out.append(hex("81 a1 61 01"))
        if chunk { out.append(hex("81 a5 6368756e6b a1 63")) }
        return out.array()
    }

    @Test("an event over TCP is answered") func tcp() throws {
        let input = try RunningInput()
        let client = try Client(port: input.port)
        try client.send(Self.event)
        #expect(try client.read(7) == Self.ack)
        #expect(input.collector.events == [Self.line])
        #expect(input.stop() == [])
        #expect(client.isClosed())
    }

    @Test("an event over a unix socket") func unixSocket() throws {
        let path = "/tmp/sluice-test-\(UInt32.random(in: 0 ... .max)).sock"
        let input = try RunningInput(.unix(path: path)) { $0.options.sourceAddressKey = "from" }
        let client = try Client(path: path)
        try client.send(Self.event)
        #expect(try client.read(7) == Self.ack)
        #expect(input.collector.events.count == 1)
        #expect(input.stop() == [])
    }

    @Test("an event over TLS, in one piece and in many", arguments: [Feeding.whole, .chopped]) func tls(
        feeding: Feeding
    ) throws {
        let certificate = try GeneratedCertificate(.init(commonName: "localhost"))
        let server = try TLSContext(server: TLSServerOptions(identity: certificate.identity))
        var options = TLSClientOptions()
        options.verification = .none
        let input = try RunningInput(tls: server)
        let client = try Client(port: input.port, tls: try TLSContext(client: options))
        let bytes = Array(repeating: Self.event, count: 3000).flatMap { $0 }
        for piece in feeding == .whole ? [bytes] : feeding.pieces(of: Self.event + Self.event) {
            try client.send(piece)
        }
        let count = feeding == .whole ? 3000 : 2
        #expect(input.collector.wait(for: count).count == count)
        #expect(try client.read(7 * count) == Array(repeating: Self.ack, count: count).flatMap { $0 })
        #expect(input.stop() == [])
    }

    @Test("who speaks no TLS is sent away, and the others stay") func tlsBroken() throws {
        let certificate = try GeneratedCertificate(.init(commonName: "localhost"))
        let input = try RunningInput(tls: try TLSContext(server: TLSServerOptions(identity: certificate.identity)))
        let plain = try Client(port: input.port)
        try plain.send(Self.event)
        #expect(plain.isClosed())
        var options = TLSClientOptions()
        options.verification = .none
        let client = try Client(port: input.port, tls: try TLSContext(client: options))
        try client.send(Self.event)
        #expect(try client.read(7) == Self.ack)
        #expect(input.stop() == [])
        #expect(input.log.lines.contains { $0.contains("closed a connection") })
    }

    @Test(
        "a heartbeat by UDP is answered on the same port",
        arguments: [[0], [1, 2, 3], Array(repeating: 7, count: 128)])
    func heartbeat(_ bytes: [UInt8]) throws {
        let input = try RunningInput()
        #expect(Client.datagram(bytes, port: input.port) == [0])
        #expect(input.stop() == [])
    }

    @Test("the handshake over a socket") func handshake() throws {
        let input = try RunningInput { $0.security = HandshakeTests.security() }
        let client = try Client(port: input.port)
        let helo = try client.read(58)
        #expect(Array(helo.prefix(6)) == hex("92 a4 48454c4f"))
        try client.send(Self.event)
        #expect(client.isClosed())
        #expect(input.collector.events.isEmpty)
        #expect(input.stop() == [])
        #expect(input.log.lines.contains { $0.contains("invalid ping message") })
    }

    @Test("two hundred clients at once, some of them broken, and nobody loses anything") func manyClients() throws {
        let input = try RunningInput()
        let each = 20
        var clients: [Client] = []
        var broken: [Client] = []
        for number in 0..<200 {
            clients.append(try Client(port: input.port))
            if number % 10 == 0 { broken.append(try Client(port: input.port)) }
        }
        let noise: [[UInt8]] = [
            hex("c1"), hex("93 a1 74 01"), hex("93 a1 74 01 81 a1 61 d4 05 00"), hex("db ff ff ff ff"),
            Array("GET / HTTP/1.1\r\n\r\n".utf8),
            Array("[nope]".utf8), Array(repeating: 0x91, count: 5000), hex("16 03 01 02 00 01 00"), hex("80"), [],
        ]
        for round in 0..<each {
            for (number, client) in clients.enumerated() {
                let bytes = Self.message("tag\(number % 7)", number * each + round + 1)
                try client.send(Array(bytes[..<5]))
                if round == 3, number % 10 == 0 { try broken[number / 10].send(noise[number / 10 % noise.count]) }
                if round == 5, number % 10 == 0, number % 20 == 0 { broken[number / 10].shutdownWriting() }
                try client.send(Array(bytes[5...]))
            }
        }
        // Two of the broken ones sent an extension type in a record, which is data like any other.
        let events = input.collector.wait(for: 200 * each + 2)
        #expect(events.count == 200 * each + 2)
        for (number, client) in clients.enumerated() {
            #expect(try client.read(7 * each).count == 7 * each)
            let mine = (0..<each).map { "tag\(number % 7) \(number * each + $0 + 1) {\"a\":1}" }
            let wanted = Set(mine)
            #expect(events.filter { wanted.contains($0) } == mine, "each once, in order")
        }
        clients = []
        broken = []
        #expect(input.stop() == [])
    }

    @Test("when the buffer is full the client has to wait, and nothing is lost") func backPressure() throws {
        let input = try RunningInput()
        input.collector.state.withLock { $0.answer = .acceptedFull }
        let client = try Client(port: input.port)
        try client.send(Self.message("t", 1))
        #expect(try client.read(7) == Self.ack, "what was taken is acked")
        // Far more than the sockets hold: sending must come to a stand.
        let chunk = (0..<2000).flatMap { _ in Self.message("t", 2, chunk: false) }
        var sent = 0
        var offset = 0
        var idle = 0
        while idle < 20, sent < 64 << 20 {
            let count = client.sendWithoutWaiting(Array(chunk[offset...]))
            if count > 0 {
                sent += count
                offset = (offset + count) % chunk.count
                idle = 0
            } else {
                idle += 1
                sleepMilliseconds(10)
            }
        }
        #expect(sent < 64 << 20)
        #expect(input.collector.events.count == 1)
        input.collector.state.withLock { $0.answer = .accepted }
        input.resumeReading()
        let size = Self.message("t", 2, chunk: false).count
        #expect(input.collector.wait(for: 1 + sent / size).count == 1 + sent / size)
        #expect(input.stop() == [])
    }

    @Test("deny_keepalive: the connection goes after one message and its ack") func denyKeepAlive() throws {
        let input = try RunningInput { $0.deniesKeepAlive = true }
        let client = try Client(port: input.port)
        try client.send(Self.event)
        #expect(try client.read(7) == Self.ack)
        #expect(client.isClosed())
        #expect(input.collector.events == [Self.line])
        #expect(input.stop() == [])
    }

    @Test("the client's address is put into the record") func sourceAddress() throws {
        let input = try RunningInput {
            $0.options.sourceAddressKey = "addr"
            $0.options.sourceHostnameKey = "host"
        }
        let client = try Client(port: input.port)
        try client.send(Self.event)
        #expect(try client.read(7) == Self.ack)
        #expect(input.collector.events == [#"t 1 {"a":1,"addr":"127.0.0.1","host":"127.0.0.1"}"#])
        #expect(input.stop() == [])
    }

    @Test("who goes away in the middle of a message is mentioned") func unfinished() throws {
        let input = try RunningInput()
        var client: Client? = try Client(port: input.port)
        try client?.send(Self.event + Array(Self.event.prefix(9)))
        #expect(input.collector.wait(for: 1) == [Self.line])
        client = nil
        let end = ContinuousClock.now + .seconds(10)
        while !input.log.lines.contains(where: { $0.contains("middle of a message") }), ContinuousClock.now < end {
            sleepMilliseconds(2)
        }
        #expect(input.log.lines.contains { $0.contains("middle of a message") })
        #expect(input.stop() == [])
    }

    @Test("a socket that cannot be opened is an error") func cannotOpen() throws {
        let path = "/tmp/none-\(UInt32.random(in: 0 ... .max))/x.sock"
        #expect(throws: LoopError.self) { _ = try RunningInput(.unix(path: path)) }
    }
}
