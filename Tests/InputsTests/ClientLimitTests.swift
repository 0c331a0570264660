import EventLoop
import Events
import Glibc
import Inputs
import TLS
import TestSupport
import Testing

/// What the forward input does with clients that are too many, too slow, or gone.
@Suite("Forward clients: limits", .timeLimit(.minutes(10)))
struct ClientLimitTests {
    private static func message(_ number: UInt8, _ tag: UInt8 = 0x74) -> [UInt8] {
        hex("94 a1") + [tag, number] + hex("81 a1 61 01 81 a5 6368756e6b a1 63")
    }
    private static let ack = hex("81 a3 61636b a1 63")

    /// Waits until it is so, at most ten seconds.
    private func eventually(_ isSo: () -> Bool) -> Bool {
        let end = ContinuousClock.now + .seconds(10)
        while !isSo() {
            if ContinuousClock.now > end { return false }
            sleepMilliseconds(5)
        }
        return true
    }

    @Test("beyond max_connections clients wait until one leaves, and one line says what to raise")
    func maxConnections() throws {
        let budget = ConnectionBudget(limit: 3, advice: "raise max_connections")
        let input = try RunningInput { $0.budget = budget }
        var inside: [Client] = try (0..<3).map { _ in try Client(port: input.port) }
        for client in inside {
            try client.send(Self.message(1))
            #expect(try client.read(7) == Self.ack)
        }
        let waiting = try Client(port: input.port)
        try waiting.send(Self.message(2))
        #expect(eventually { input.log.lines.contains { $0.contains("3 connections are open") } })
        #expect(input.log.lines.contains { $0.contains("raise max_connections") })
        sleepMilliseconds(250)
        #expect(input.collector.events.count == 3, "nobody has read the fourth")
        inside.removeFirst()
        #expect(try waiting.read(7) == Self.ack)
        #expect(budget.count == 3)
        #expect(
            (1...5).contains(input.log.lines.filter { $0.contains("connections are open") }.count),
            "counted beyond that")
        #expect(input.stop() == [])
        #expect(budget.count == 0, "every place was given back")
    }

    @Test("the loops of one source share max_connections")
    func sharedBudget() throws {
        let budget = ConnectionBudget(limit: 2, advice: "raise max_connections")
        let first = try RunningInput { $0.budget = budget }
        let second = try RunningInput { $0.budget = budget }
        let inside = try [first, second].map { try Client(port: $0.port) }
        for client in inside {
            try client.send(Self.message(1))
            #expect(try client.read(7) == Self.ack)
        }
        let waiting = try Client(port: first.port)
        try waiting.send(Self.message(2))
        #expect(eventually { first.log.lines.contains { $0.contains("2 connections are open") } })
        #expect(second.stop() == [])
        #expect(try waiting.read(7) == Self.ack, "a place of the other loop will do")
        #expect(first.stop() == [])
        #expect(budget.count == 0)
    }

    @Test("what a client had in memory counts no more once it has left in the middle of a message")
    func intakeOfTheDeparted() throws {
        let intake = IntakeBudget()
        let input = try RunningInput { $0.intake = intake }
        do {
            let client = try Client(port: input.port)
            try client.send(Array(Self.message(1).dropLast()))
            #expect(eventually { intake.bytes > 0 })
        }
        #expect(eventually { intake.bytes == 0 })
        #expect(input.stop() == [])
    }

    @Test("what was read when reading stops is handed on at once, whatever room there is") func readAtStop() throws {
        let input = try RunningInput { $0.options.limits.batchRecords = 1 }
        input.collector.state.withLock { $0.answer = .acceptedFull }
        let client = try Client(port: input.port)
        try client.send(Self.message(1) + Self.message(2) + Self.message(3))
        #expect(input.collector.wait(for: 1).count == 1)
        input.stopReading()
        #expect(eventually { input.collector.events.count == 3 }, "before anything is closed")
        #expect(input.stop() == [])
    }

    @Test("with too little memory for large messages the next goes on when one is done, and then the next")
    func nextInLine() throws {
        // Each that waits has more than a small read: two of them are still too much.
        let intake = IntakeBudget(limitBytes: 2 * IntakeBudget.smallBytes)
        let input = try RunningInput { $0.intake = intake }
        let size: [UInt8] = [0, 4, 0, 0]  // 256 KiB
        let head = hex("94 a1 74 01 81 a1 61 db") + size
        let half = [UInt8](repeating: 0x78, count: 128 * 1024)
        let end = hex("81 a5 6368756e6b a1 63")
        let clients = try (0..<3).map { _ in try Client(port: input.port) }
        try clients[0].send(head + half)
        #expect(eventually { intake.bytes > half.count })
        for client in clients[1...] {
            let before = intake.bytes
            try client.send(head + half)
            #expect(eventually { intake.bytes > before + IntakeBudget.smallBytes })
        }
        #expect(input.log.lines.contains { $0.contains("unfinished_limit_size") })
        for client in clients {
            try client.send(half + end)
            #expect(try client.read(7) == Self.ack)
        }
        #expect(input.stop() == [])
    }

    enum Silence: CaseIterable, Sendable { case sharedKey, tls, halfPing, halfHello }

    @Test(
        "a handshake that is not finished in time ends; one that is goes on for as long as it likes",
        arguments: Silence.allCases)
    func handshakeTimeout(_ silence: Silence) throws {
        let certificate = try GeneratedCertificate(.init(commonName: "localhost"))
        let isTLS = silence == .tls || silence == .halfHello
        let context = isTLS ? try TLSContext(server: TLSServerOptions(identity: certificate.identity)) : nil
        let input = try RunningInput(tls: context) {
            $0.handshakeTimeoutMilliseconds = 1500
            $0.sweepMilliseconds = 50
            if !isTLS { $0.security = HandshakeTests.security() }
        }
        let silent = try Client(port: input.port)
        switch silence {
        case .halfPing: try silent.send(hex("96 a4 50494e47"))
        case .halfHello: try silent.send(hex("16 03 01 02 00 01"))
        case .sharedKey, .tls: break
        }
        var done: Client?
        if isTLS {
            var options = TLSClientOptions()
            options.verification = .none
            done = try Client(port: input.port, tls: try TLSContext(client: options))
        }
        #expect(silent.isClosed())
        #expect(eventually { input.log.lines.contains { $0.contains("was not done within 1.5 s") } })
        if let done {
            sleepMilliseconds(1600)
            try done.send(Self.message(1))
            #expect(try done.read(7) == Self.ack)
        }
        #expect(input.stop() == [])
    }

    @Test("a client without a handshake may be silent for as long as it likes")
    func idle() throws {
        let input = try RunningInput {
            $0.handshakeTimeoutMilliseconds = 50
            $0.sweepMilliseconds = 20
        }
        let client = try Client(port: input.port)
        sleepMilliseconds(300)
        try client.send(Self.message(1))
        #expect(try client.read(7) == Self.ack)
        #expect(input.stop() == [])
    }

    @Test("a newcomer is not read once enough was taken beyond the limit; those with room elsewhere go on")
    func newcomersWait() throws {
        let input = try RunningInput()
        // 9 MiB in one message: beyond what is tolerated.
        let greedy = try Client(port: input.port)
        let old = try Client(port: input.port)
        let lively = try Client(port: input.port)
        input.collector.state.withLock { $0.answer = .acceptedFull }
        try old.send(Self.message(1))
        #expect(try old.read(7) == Self.ack)
        input.collector.state.withLock { $0.answer = .accepted }
        try lively.send(Self.message(2))
        #expect(try lively.read(7) == Self.ack)
        input.collector.state.withLock { $0.answer = .acceptedFull }
        try greedy.send(
            hex("94 a1 74 03 81 a1 61 c6") + [0, 0x90, 0, 0] + [UInt8](repeating: 0x61, count: 0x90_0000)
                + hex("81 a5 6368756e6b a1 63"))
        #expect(try greedy.read(7) == Self.ack)
        input.collector.state.withLock { $0.answer = .accepted }
        let newcomer = try Client(port: input.port)
        try newcomer.send(Self.message(4))
        try lively.send(Self.message(5))
        #expect(try lively.read(7) == Self.ack, "its buffer has room")
        sleepMilliseconds(100)
        #expect(!input.collector.events.contains { $0.hasPrefix("t 4 ") })
        input.resumeReading()
        #expect(try newcomer.read(7) == Self.ack)
        try old.send(Self.message(6))
        #expect(try old.read(7) == Self.ack)
        #expect(input.stop() == [])
    }

    @Test("a client waits for the outputs that were full and for no others")
    func waitsForItsOwnOutputs() throws {
        let gates = OutputGates()
        let dead = gates.makeGate()
        let slow = gates.makeGate()
        let input = try RunningInput(gates: gates)
        let clients = try ["d", "s", "b"].map { tag in (tag, try Client(port: input.port)) }
        input.collector.state.withLock { $0.full = ["d": dead, "s": slow] }
        dead.close()
        slow.close()
        for (tag, client) in clients {
            // The third sends to both outputs, one after the other, in one read.
            let tags = tag == "b" ? ["d", "s"] : [tag]
            try client.send(tags.flatMap { Self.message(1, Array($0.utf8)[0]) })
            #expect(try client.read(7 * tags.count) == tags.flatMap { _ in Self.ack })
            try client.send(Self.message(2, Array(tag.utf8)[0]))
        }
        // There is room in one of them, again and again.
        input.collector.state.withLock { $0.full["s"] = nil }
        slow.open()
        for _ in 0..<3 { input.resumeReading() }
        #expect(try clients[1].1.read(7) == Self.ack, "its output has room")
        sleepMilliseconds(100)
        #expect(input.collector.events.filter { $0.contains(" 2 ") } == [#"s 2 {"a":1}"#], "the others' has not")
        input.collector.state.withLock { $0.full["d"] = nil }
        dead.open()
        input.resumeReading()
        #expect(try clients[0].1.read(7) == Self.ack)
        #expect(try clients[2].1.read(7) == Self.ack)
        #expect(input.stop() == [])
    }

    @Test("newcomers wait until every output has room that took more than is tolerated")
    func newcomersWaitForAll() throws {
        let gates = OutputGates()
        let dead = gates.makeGate()
        let slow = gates.makeGate()
        let input = try RunningInput(gates: gates)
        input.collector.state.withLock { $0.full = ["d": dead, "s": slow] }
        dead.close()
        slow.close()
        let greedy = try Client(port: input.port)
        try greedy.send(
            hex("94 a1 64 03 81 a1 61 c6") + [0, 0x90, 0, 0] + [UInt8](repeating: 0x61, count: 0x90_0000)
                + hex("81 a5 6368756e6b a1 63"))
        #expect(try greedy.read(7) == Self.ack)
        let newcomer = try Client(port: input.port)
        try newcomer.send(Self.message(4))
        slow.open()
        for _ in 0..<3 { input.resumeReading() }
        sleepMilliseconds(100)
        #expect(!input.collector.events.contains { $0.hasPrefix("t 4 ") })
        dead.open()
        input.resumeReading()
        #expect(try newcomer.read(7) == Self.ack)
        #expect(input.stop() == [])
    }

    @Test("who leaves while it is held is let go of: beyond a number in order, at once by a reset")
    func departed() throws {
        let budget = ConnectionBudget(limit: 100, advice: "")
        let input = try RunningInput {
            $0.budget = budget
            $0.maximumDepartedClients = 3
            $0.sweepMilliseconds = 20
        }
        input.collector.state.withLock { $0.answer = .acceptedFull }
        var clients = try (0..<10).map { _ in try Client(port: input.port) }
        for (number, client) in clients.enumerated() {
            try client.send(Self.message(UInt8(number)))
            #expect(try client.read(7) == Self.ack)
            try client.send(Self.message(UInt8(number + 20)))
        }
        #expect(budget.count == 10)
        clients[9].resetOnClose()
        clients = []
        #expect(eventually { budget.count == 3 })
        sleepMilliseconds(100)
        #expect(budget.count == 3, "their last bytes wait for room")
        #expect(input.log.lines.contains { $0.contains("went away while the buffer was full") })
        input.collector.state.withLock { $0.answer = .accepted }
        input.resumeReading()
        let events = input.collector.wait(for: 13)
        #expect(events.suffix(3).sorted() == [26, 27, 28].map { #"t \#($0) {"a":1}"# }, "those that came last")
        #expect(eventually { budget.count == 0 })
        #expect(input.stop() == [])
    }

    @Test("a held client that only waits for its answer is not taken for one that left")
    func halfClosed() throws {
        let input = try RunningInput { $0.sweepMilliseconds = 20 }
        input.collector.state.withLock { $0.answer = .acceptedFull }
        let client = try Client(port: input.port)
        try client.send(Self.message(1))
        #expect(try client.read(7) == Self.ack)
        try client.send(Self.message(2))
        client.shutdownWriting()
        sleepMilliseconds(150)
        input.collector.state.withLock { $0.answer = .accepted }
        input.resumeReading()
        #expect(try client.read(7) == Self.ack)
        #expect(client.isClosed())
        #expect(input.stop() == [])
    }

    @Test("the daemon does not answer its own datagrams, nor one sender twice within half a second")
    func heartbeats() throws {
        let input = try RunningInput()
        let first = Client.datagrams(20, port: input.port)
        #expect(first == 1)
        #expect(Client.datagrams(1, port: input.port) == 1, "another sender is answered")
        #expect(input.stop() == [])
    }
}
