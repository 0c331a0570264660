import EventLoop
import Events
import Inputs
import TestSupport
import Testing

/// What every input promises (`Inputs/Input.swift`), tried over real sockets.
@Suite("Every input", .timeLimit(.minutes(10)))
struct InputContractTests {
    private static let kinds = InputKind.allCases

    @Test("takes each event once, in order, and answers it, however it is cut", arguments: kinds, Feeding.allCases)
    func takes(_ kind: InputKind, _ feeding: Feeding) throws {
        let input = try InputUnderTest(kind)
        let client = try input.client()
        for piece in feeding.pieces(of: (1...9).flatMap { input.message($0) }) { try client.send(piece) }
        #expect(try client.read(9 * input.answer.count) == (1...9).flatMap { _ in input.answer })
        #expect(input.collector.events == (1...9).map { input.event($0) })
        #expect(input.end() == [])
    }

    @Test(
        "reads nothing while the buffer is full, and everything once there is room", arguments: kinds, Feeding.allCases)
    func pauses(_ kind: InputKind, _ feeding: Feeding) throws {
        let input = try InputUnderTest(kind)
        let client = try input.client()
        input.collector.state.withLock { $0.answer = .acceptedFull }
        try client.send(input.message(1))
        #expect(try client.read(input.answer.count) == input.answer, "what was taken is answered")
        for piece in feeding.pieces(of: input.message(2) + input.message(3)) { try client.send(piece) }
        input.settle()
        #expect(input.collector.events == [input.event(1)])
        input.collector.state.withLock { $0.answer = .accepted }
        input.perform { $0.resumeReading() }
        #expect(try client.read(2 * input.answer.count) == input.answer + input.answer)
        #expect(input.collector.events == (1...3).map { input.event($0) })
        #expect(input.end() == [])
    }

    @Test("after a pause in the middle of a message it goes on in the middle", arguments: kinds, [3, 12])
    func pausesInside(_ kind: InputKind, _ cut: Int) throws {
        let input = try InputUnderTest(kind)
        let client = try input.client()
        let second = input.message(2)
        input.collector.state.withLock { $0.answer = .acceptedFull }
        try client.send(input.message(1) + second[..<cut])
        #expect(try client.read(input.answer.count) == input.answer)
        try client.send(Array(second[cut...]))
        input.settle()
        #expect(input.collector.events == [input.event(1)])
        input.collector.state.withLock { $0.answer = .accepted }
        input.perform { $0.resumeReading() }
        #expect(try client.read(input.answer.count) == input.answer)
        #expect(input.collector.events == [input.event(1), input.event(2)])
        #expect(input.end() == [])
    }

    @Test(
        "what lies in the kernel when reading stops is neither taken nor answered", arguments: kinds, Feeding.allCases)
    func stops(_ kind: InputKind, _ feeding: Feeding) throws {
        let input = try InputUnderTest(kind)
        let client = try input.client()
        try client.send(input.message(1))
        #expect(try client.read(input.answer.count) == input.answer)
        try input.hold(
            while: { for piece in feeding.pieces(of: input.message(2)) { try client.send(piece) } },
            then: { $0.stopReading() })
        input.settle()
        try client.send(input.message(3))
        input.settle()
        #expect(input.collector.events == [input.event(1)])
        #expect(input.end() == [])
        #expect((try? client.read(1)) ?? [] == [], "neither of the two is answered")
        #expect(input.collector.events == [input.event(1)])
    }

    @Test("half a message that was read before the stop is not taken", arguments: kinds)
    func stopsInside(_ kind: InputKind) throws {
        let input = try InputUnderTest(kind)
        let client = try input.client()
        try client.send(input.message(1) + input.message(2).dropLast())
        #expect(try client.read(input.answer.count) == input.answer)
        input.perform { $0.stopReading() }
        input.settle()
        try client.send(input.message(2).suffix(1))
        input.settle()
        #expect(input.end() == [])
        #expect(input.collector.events == [input.event(1)])
    }

    @Test("room in the buffers does not undo a stop", arguments: kinds)
    func staysStopped(_ kind: InputKind) throws {
        let input = try InputUnderTest(kind)
        let paused = try input.client()
        let open = try input.client()
        input.collector.state.withLock { $0.answer = .acceptedFull }
        try paused.send(input.message(1))
        #expect(try paused.read(input.answer.count) == input.answer)
        input.perform { $0.stopReading() }
        input.perform { $0.resumeReading() }
        input.settle()
        try paused.send(input.message(2))
        try open.send(input.message(3))
        input.perform { $0.resumeReading() }
        input.settle()
        #expect(input.collector.events == [input.event(1)])
        #expect(input.end() == [])
    }

    @Test("takes nothing while it rests, and everything after that", arguments: kinds, Feeding.allCases)
    func rests(_ kind: InputKind, _ feeding: Feeding) throws {
        let input = try InputUnderTest(kind)
        let client = try input.client()
        try client.send(input.message(1))
        #expect(try client.read(input.answer.count) == input.answer)
        try input.hold(
            while: { for piece in feeding.pieces(of: input.message(2)) { try client.send(piece) } },
            then: { $0.rest() })
        input.settle()
        for piece in feeding.pieces(of: input.message(3)) { try client.send(piece) }
        input.perform { $0.resumeReading() }
        input.settle()
        #expect(input.collector.events == [input.event(1)])
        input.perform { $0.goOn() }
        #expect(try client.read(2 * input.answer.count) == input.answer + input.answer)
        let newcomer = try input.client()
        try newcomer.send(input.message(4))
        #expect(try newcomer.read(input.answer.count) == input.answer)
        #expect(input.collector.events == (1...4).map { input.event($0) })
        #expect(input.end() == [])
    }

    @Test("who waits for room before or after a rest waits for room alone", arguments: kinds)
    func restsFull(_ kind: InputKind) throws {
        let input = try InputUnderTest(kind)
        let client = try input.client()
        input.collector.state.withLock { $0.answer = .acceptedFull }
        try client.send(input.message(1))
        #expect(try client.read(input.answer.count) == input.answer)
        try client.send(input.message(2))
        input.perform { $0.rest() }
        input.collector.state.withLock { $0.answer = .accepted }
        // Nobody may take what comes before the rest is over, whether there is room or not.
        input.perform { $0.resumeReading() }
        input.settle()
        #expect(input.collector.events == [input.event(1)])
        input.perform { $0.goOn() }
        #expect(try client.read(input.answer.count) == input.answer)
        #expect(input.collector.events == [input.event(1), input.event(2)])
        #expect(input.end() == [])
    }

    @Test("a stop while it rests is a stop", arguments: kinds) func stopsResting(_ kind: InputKind) throws {
        let input = try InputUnderTest(kind)
        let client = try input.client()
        input.perform { $0.rest() }
        // What is sent before it rests may be taken.
        input.settle()
        try client.send(input.message(1))
        input.perform { $0.stopReading() }
        input.perform { $0.goOn() }
        input.settle()
        #expect(input.collector.events == [])
        #expect(input.end() == [])
    }

    @Test(
        "a successor takes newcomers from the same sockets; who was there stays, and nobody is turned away",
        arguments: kinds)
    func succeeds(_ kind: InputKind) throws {
        let input = try InputUnderTest(kind)
        let old = try input.client()
        try old.send(input.message(1))
        #expect(try old.read(input.answer.count) == input.answer)
        let successor = input.replace()
        for number in UInt8(2)..<6 {
            let newcomer = try input.client()
            try newcomer.send(input.message(number))
            #expect(try newcomer.read(input.answer.count) == input.answer)
        }
        try old.send(input.message(6))
        #expect(try old.read(input.answer.count) == input.answer)
        #expect(input.collector.events == [input.event(1), input.event(6)])
        #expect(successor.events == (2..<6).map { input.event($0) })
        #expect(input.end() == [])
    }

    @Test("nobody is let in after reading stopped", arguments: kinds)
    func acceptsNobody(_ kind: InputKind) throws {
        let input = try InputUnderTest(kind)
        input.perform { $0.stopReading() }
        input.settle()
        #expect(throws: Client.NoConnection.self) { _ = try input.client() }
        #expect(input.end() == [])
    }

    @Test("who has sent nothing more hears an end in order, with every answer before it", arguments: kinds)
    func closes(_ kind: InputKind) throws {
        let input = try InputUnderTest(kind)
        let clients = try (0..<20).map { _ in try input.client() }
        for (number, client) in clients.enumerated() { try client.send(input.message(UInt8(number))) }
        #expect(input.collector.wait(for: 20).count == 20)
        input.perform { $0.stopReading() }
        #expect(input.end() == [])
        for client in clients {
            #expect(try client.read(input.answer.count) == input.answer)
            #expect(client.hasEndedInOrder())
        }
    }

    @Test("closing at once is a stop as well, and may be said twice", arguments: kinds)
    func closesAtOnce(_ kind: InputKind) throws {
        let input = try InputUnderTest(kind)
        let client = try input.client()
        try client.send(input.message(1))
        #expect(try client.read(input.answer.count) == input.answer)
        try input.hold(
            while: { try client.send(input.message(2)) },
            then: { input in
                input.close()
                input.close()
                input.stopReading()
                input.resumeReading()
            })
        #expect(input.end() == [])
        #expect(input.collector.events == [input.event(1)])
    }

    @Test("a start that fails says why and leaves nothing open", arguments: kinds)
    func cannotStart(_ kind: InputKind) throws {
        let first = try InputUnderTest(kind)
        let error = #expect(throws: LoopError.self) { _ = try InputUnderTest(kind, at: first) }
        #expect(error?.name == "EADDRINUSE")
        let client = try first.client()
        try client.send(first.message(1))
        #expect(try client.read(first.answer.count) == first.answer, "the first is not disturbed")
        #expect(first.end() == [])
    }
}
