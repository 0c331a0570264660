import Events
import ForwardProtocol
import Inputs
import TestSupport

/// A client that wants acks: what it has none for it sends again over its next connection.
final class SimulatedClient {
    struct Message {
        let chunk: String
        let events: Range<Int>
        let bytes: [UInt8]
    }

    private(set) var unacknowledged: [Message] = []
    /// Not on its way yet.
    private var outgoing: ArraySlice<UInt8> = []
    private var incoming: [UInt8] = []

    /// A message of the protocol, in one of its forms.
    func write(_ events: Range<Int>, _ random: inout SeededGenerator) {
        let tag = SimulatedEvent.tag(events.lowerBound)
        let chunk = "c\(events.lowerBound)"
        let time = EventTime(seconds: 1_576_000_000 + Int64.random(in: -20...20, using: &random))
        let form = events.count == 1 ? 0 : Int.random(in: 1...2, using: &random)
        let bytes = packed { out in
            out.appendMessagePack(arrayCount: form == 0 ? 4 : 3)
            out.appendMessagePackString(tag)
            func entry(_ number: Int, _ out: inout ByteBuffer) {
                out.appendMessagePack(arrayCount: 2)
                out.appendMessagePack(time)
                SimulatedEvent.append(number, to: &out)
            }
            switch form {
            case 0:
                out.appendMessagePack(time)
                SimulatedEvent.append(events.lowerBound, to: &out)
            case 1:
                out.appendMessagePack(arrayCount: events.count)
                for number in events { entry(number, &out) }
            default:
                out.appendMessagePackBinary(packed { inner in for number in events { entry(number, &inner) } })
            }
            out.appendMessagePack(mapCount: 1)
            out.appendMessagePackString("chunk")
            out.appendMessagePackString(chunk)
        }
        let message = Message(chunk: chunk, events: events, bytes: bytes)
        unacknowledged.append(message)
        send(message)
    }

    private func send(_ message: Message) {
        outgoing += message.bytes
    }

    /// On a new connection.
    func begin() {
        (outgoing, incoming) = ([], [])
        for message in unacknowledged { send(message) }
    }

    /// The next bytes of its stream, cut anywhere.
    func take(_ random: inout SeededGenerator) -> [UInt8] {
        let count = Int.random(in: 0...min(outgoing.count, 700), using: &random)
        let bytes = Array(outgoing.prefix(count))
        outgoing.removeFirst(count)
        return bytes
    }

    var hasSentAll: Bool { outgoing.isEmpty }

    /// Takes what the server says.
    ///
    /// - Returns: the events of the messages that are acknowledged by it.
    func receive(_ bytes: [UInt8]) -> [Int] {
        incoming += bytes
        var acknowledged: [Int] = []
        // `{"ack": chunk}`: 81 A3 61 63 6B, a short str.
        while incoming.count > 5, incoming.count >= 6 + Int(incoming[5] & 0x1F) {
            let length = Int(incoming[5] & 0x1F)
            let chunk = String(decoding: incoming[6..<(6 + length)], as: UTF8.self)
            incoming.removeFirst(6 + length)
            guard let place = unacknowledged.firstIndex(where: { $0.chunk == chunk }) else { continue }
            acknowledged += unacknowledged.remove(at: place).events
        }
        return acknowledged
    }
}
