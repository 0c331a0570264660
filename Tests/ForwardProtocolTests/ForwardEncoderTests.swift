import Events
import ForwardProtocol
import TestSupport
import Testing

@Suite("Forward: events to messages")
struct ForwardEncoderTests {
    static let time = EventTime(seconds: 1_700_000_000, nanoseconds: 5)

    @Test("one event is a message of its own, byte for byte")
    func single() throws {
        var encoder = ForwardEncoder(tag: Array("t".utf8), usesIntegerTime: false, makeChunk: nil)
        try encoder.append(json: ByteBuffer(#" {"a":-1} "#), time: Self.time)
        let sealed = encoder.seal()
        let message = try #require(sealed)
        #expect(
            message.bytes == [0x93, 0xA1, 0x74, 0xD7, 0x00, 0x65, 0x53, 0xF1, 0x00, 0, 0, 0, 5, 0x81, 0xA1, 0x61, 0xFF])
        #expect(message.chunk == nil && message.eventCount == 1)
        let again = encoder.seal()
        #expect(again == nil, "sealed twice")
    }

    @Test("several events are packed, with size and chunk")
    func several() throws {
        var encoder = ForwardEncoder(tag: Array("t".utf8), usesIntegerTime: true) { Array("id".utf8) }
        let storage = ByteBuffer("héx")
        encoder.append(text: Slice(offset: 0, length: 4), of: storage, key: [0x6B], time: EventTime(seconds: 1))
        encoder.append(text: Slice(offset: 3, length: 1), of: storage, key: [0x6B], time: EventTime(seconds: 2))
        let sealed = encoder.seal()
        let message = try #require(sealed)
        let entries: [UInt8] =
            [0x92, 1, 0x81, 0xA1, 0x6B, 0xA4, 0x68, 0xC3, 0xA9, 0x78] + [0x92, 2, 0x81, 0xA1, 0x6B, 0xA1, 0x78]
        let expected = packed {
            $0.appendMessagePack(arrayCount: 3)
            $0.appendMessagePackString("t")
            $0.appendMessagePackString(entries)
            $0.appendMessagePack(mapCount: 2)
            $0.appendMessagePackString("size")
            $0.appendMessagePack(Int64(2))
            $0.appendMessagePackString("chunk")
            $0.appendMessagePackString("id")
        }
        #expect(message.bytes == expected)
        #expect(message.chunk == Array("id".utf8) && message.eventCount == 2)
    }

    @Test(
        "what is no JSON object leaves nothing behind",
        arguments: [
            (#"{"a": }"#, JSONError.syntax(offset: 6)), (#"{"a":1} x"#, .syntax(offset: 8)),
            ("[1]", .notAnObject), ("7", .notAnObject), ("hello", .syntax(offset: 0)), ("", .syntax(offset: 0)),
            (#"{"a":1"#, .syntax(offset: 6)),
        ])
    func broken(_ json: String, _ expected: JSONError) throws {
        var encoder = ForwardEncoder(tag: Array("t".utf8))
        var caught: JSONError?
        do { try encoder.append(json: ByteBuffer(json), time: Self.time) } catch { caught = error }
        #expect(caught == expected)
        let left = (encoder.byteCount, encoder.eventCount)
        #expect(left == (0, 0))
    }

    @Test(
        "base64 as in RFC 4648, 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ])
    func base64(_ plain: String, _ encoded: String) {
        #expect(String(decoding: ForwardEncoder.base64(Array(plain.utf8)), as: UTF8.self) == encoded)
    }

    @Test("chunks are 24 characters and never the same")
    func chunks() {
        let chunks = (0..<100).map { _ in ForwardEncoder.randomChunk() }
        #expect(Set(chunks).count == 100)
        #expect(chunks.allSatisfy { $0.count == 24 && $0.suffix(2) == [0x3D, 0x3D] })
    }
}
