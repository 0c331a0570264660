import Events
import ForwardProtocol
import TestSupport
import Testing

@Suite("Forward: what the encoder writes, the source reads")
struct ForwardRoundTripTests {
    @Test("the forward source reads what was written", arguments: [1, 2, 40, 3000], [false, true])
    func roundTrip(_ count: Int, _ asksForReceipts: Bool) throws {
        var encoder = ForwardEncoder(tag: Array("app.log".utf8), asksForReceipts: asksForReceipts)
        let json = #"{"text":"a\"ü\n","n":[1,-2.5,null,true],"big":18446744073709551615}"#
        for _ in 0..<count {
            try encoder.append(json: ByteBuffer(json), time: EventTime(seconds: 1_700_000_000, nanoseconds: 5))
        }
        let sealed = encoder.seal()
        let message = try #require(sealed)
        let receiver = Receiver()
        try receiver.decode(message.bytes)
        #expect(receiver.collector.lines == Array(repeating: "app.log 1700000000.5 \(json)", count: count))
        let ack = message.chunk.map { chunk in
            packed {
                $0.appendMessagePack(mapCount: 1)
                $0.appendMessagePackString("ack")
                $0.appendMessagePackString(chunk)
            }
        }
        #expect(receiver.replies == (ack.map { [$0] } ?? []))
    }
}
