import Events
import Inputs
import TestSupport
import Testing

/// `ack_after delivery`, and acks that wait for the disk.
@Suite struct DelayedAckTests {
    private static func message(_ tag: String, _ chunk: String) -> [UInt8] {
        packed {
            $0.appendMessagePack(arrayCount: 4)
            $0.appendMessagePackString(tag)
            $0.appendMessagePack(Int64(1))
        } + hex("81 a1 61 01 81 a5 6368756e6b") + packed { $0.appendMessagePackString(chunk) }
    }
    private static func ack(_ chunk: String) -> [UInt8] {
        hex("81 a3 61636b") + packed { $0.appendMessagePackString(chunk) }
    }

    private func input(_ moment: Receipt.Moment = .delivered) throws -> RunningInput {
        let input = try RunningInput { $0.acksAfter = moment }
        input.collector.state.withLock { $0.keepsReceipts = true }
        return input
    }

    private func settle(_ input: RunningInput, count: Int, _ fate: Receipt.Fate) {
        _ = input.collector.wait(for: count)
        input.collector.settle(fate)
    }

    @Test(
        "an ack comes when the events have met their end, and not before", arguments: [Receipt.Moment.safe, .delivered])
    func waits(_ moment: Receipt.Moment) throws {
        let input = try input(moment)
        let client = try Client(port: input.port)
        try client.send(Self.message("t", "one"))
        _ = input.collector.wait(for: 1)
        #expect(input.collector.state.withLock { $0.receipts.first?.moment } == moment)
        sleepMilliseconds(50)
        // An ack that came too early would stand in front of this one.
        try client.send(Self.message("t", "two"))
        _ = input.collector.wait(for: 2)
        input.collector.state.withLock { $0.receipts.reverse() }
        input.collector.settle(.delivered)
        #expect(try client.read(9) == Self.ack("two"))
        input.collector.settle(.delivered)
        #expect(try client.read(9) == Self.ack("one"))
        #expect(input.stop() == [])
    }

    @Test("what was refused is answered, as it went where refused events go; what is lost is not")
    func fates() throws {
        let input = try input()
        let client = try Client(port: input.port)
        for (number, (chunk, fate)) in [
            ("one", Receipt.Fate.lost), ("two", .refused), ("six", .delivered), ("ten", .safe),
        ].enumerated() {
            try client.send(Self.message("t", chunk))
            settle(input, count: number + 1, fate)
        }
        #expect(try client.read(18) == Self.ack("two") + Self.ack("six"))
        #expect(input.stop() == [])
        #expect(input.log.lines.contains { $0.contains("gets no ack") })
    }

    @Test("messages of several tags in one read are answered when all of them are where they have to be")
    func severalTags() throws {
        let input = try input()
        let client = try Client(port: input.port)
        try client.send(Self.message("t", "one") + Self.message("u", "two"))
        _ = input.collector.wait(for: 2)
        let parts = input.collector.state.withLock { $0.receipts.count }
        for part in 0..<parts {
            #expect(part < parts)
            input.collector.settle(.delivered)
        }
        #expect(try client.read(18) == Self.ack("one") + Self.ack("two"))
        #expect(input.stop() == [])
    }

    @Test("a client that has gone before its ack, and one without events, do no harm") func gone() throws {
        let input = try input()
        do {
            let client = try Client(port: input.port)
            try client.send(Self.message("t", "one"))
            _ = input.collector.wait(for: 1)
        }
        sleepMilliseconds(50)
        input.collector.settle(.delivered)
        let other = try Client(port: input.port)
        try other.send(Self.message("t", "two"))
        settle(input, count: 2, .delivered)
        #expect(try other.read(9) == Self.ack("two"))
        #expect(input.stop() == [])
    }

    @Test("with deny_keepalive the connection ends after its ack, and not before") func denyKeepAlive() throws {
        let input = try RunningInput {
            $0.acksAfter = .delivered
            $0.deniesKeepAlive = true
        }
        input.collector.state.withLock { $0.keepsReceipts = true }
        let client = try Client(port: input.port)
        try client.send(Self.message("t", "one"))
        _ = input.collector.wait(for: 1)
        sleepMilliseconds(50)
        input.collector.settle(.delivered)
        #expect(try client.read(9) == Self.ack("one"))
        #expect(client.isClosed())
        #expect(input.stop() == [])
    }

    @Test("when reading has stopped an ack can still come") func afterStop() throws {
        let input = try input()
        let client = try Client(port: input.port)
        try client.send(Self.message("t", "one"))
        _ = input.collector.wait(for: 1)
        input.stopReading()
        sleepMilliseconds(20)
        input.collector.settle(.delivered)
        #expect(try client.read(9) == Self.ack("one"))
        #expect(input.stop() == [])
    }
}
