import Events
import TestSupport
import Testing

@Suite struct MessagePackFramerTests {
    /// Feeds the bytes piece by piece, as a connection would, and answers where the message ended.
    private func end(of bytes: [UInt8], cutAt cuts: [Int]) throws -> (end: Int?, looks: Int) {
        var buffer = ByteBuffer()
        var framer = MessagePackFramer(at: 0)
        var wanted = 0
        var looks = 0
        var last = 0
        for cut in cuts + [bytes.count] {
            buffer.append(Array(bytes[last..<cut]))
            last = cut
            guard buffer.count >= wanted else { continue }
            looks += 1
            if let end = try framer.advance(buffer, wanted: &wanted) {
                #expect(end <= buffer.count)
                return (end, looks)
            }
            #expect(wanted > buffer.count)
        }
        return (nil, looks)
    }

    @Test("cut anywhere, it ends where skipping ends", arguments: 0..<60) func everySplit(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let bytes = RandomValue.make(&generator, depth: 4).messagePack
        let whole = ByteBuffer(bytes)
        let expected = try whole.skipMessagePack(at: 0, end: bytes.count)
        #expect(expected == bytes.count)
        for cut in 0...bytes.count where bytes.count < 2000 || cut % 97 == 0 {
            #expect(try end(of: bytes + [0x01], cutAt: [cut]).end == expected)
        }
        #expect(try end(of: bytes, cutAt: Array(1..<max(bytes.count, 1))).end == expected)
        for cut in 0..<bytes.count where cut % 31 == 0 {
            #expect(try end(of: Array(bytes[..<cut]), cutAt: []).end == nil)
        }
    }

    @Test("a long string is looked at twice, not once a byte") func longString() throws {
        let bytes = hex("91 db 00 00 27 10") + Array(repeating: 0x61, count: 10_000)
        let found = try end(of: bytes, cutAt: Array(1..<bytes.count))
        #expect(found.end == bytes.count)
        #expect(found.looks < 10)
    }

    @Test("it goes on where it was after the front of the buffer is gone") func rebase() throws {
        var buffer = ByteBuffer(hex("01 02 92 a1 61"))
        var framer = MessagePackFramer(at: 2)
        var wanted = 0
        #expect(try framer.advance(buffer, wanted: &wanted) == nil)
        buffer.removePrefix(2)
        framer.rebase(by: 2)
        buffer.append(0x05)
        #expect(try framer.advance(buffer, wanted: &wanted) == 4)
    }

    @Test("what is no MessagePack is found, and hostile nesting costs nothing") func broken() throws {
        #expect(throws: MessagePackError.malformed(offset: 1, byte: 0xC1)) { try end(of: hex("91 c1"), cutAt: []) }
        #expect(try end(of: Array(repeating: 0x91, count: 1_000_000), cutAt: []).end == nil)
        #expect(try end(of: hex("dd ff ff ff ff dd ff ff ff ff df ff ff ff ff"), cutAt: []).end == nil)
    }
}
