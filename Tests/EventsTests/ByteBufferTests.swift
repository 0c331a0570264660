import Events
import TestSupport
import Testing

@Suite struct ByteBufferTests {
    @Test("growth keeps every byte, from any starting capacity", arguments: [0, 1, 16, 17, 1000])
    func growth(capacity: Int) {
        var buffer = ByteBuffer(capacity: capacity)
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for byte in bytes { buffer.append(byte) }
        #expect(buffer.array() == bytes)
        #expect(buffer.capacity >= 5000)
    }

    @Test("every way of appending appends the same") func appending() {
        var buffer = ByteBuffer(capacity: 1)
        buffer.append("stat\u{e9}ic ")
        buffer.append("text ".description)
        buffer.append(Array("array ".utf8))
        buffer.append(Array("span ".utf8).span)
        let place = buffer.append(copyOf: Array("copy ".utf8))
        buffer.append(slice: place)
        buffer.append(place, of: ByteBuffer(Array(repeating: 0x78, count: 100)))
        buffer.append(ByteBuffer("other"))
        #expect(buffer.text == "stat\u{e9}ic text array span copy copy xxxxxother")
    }

    @Test("a buffer that appends its own slice while it grows copies from the new memory") func selfAppend() {
        var buffer = ByteBuffer("0123456789abcdef")
        for _ in 0..<12 { buffer.append(slice: buffer.all) }
        #expect(buffer.count == 16 << 12)
        let bytes = buffer.array()
        #expect(bytes.enumerated().allSatisfy { $1 == Array("0123456789abcdef".utf8)[$0 % 16] })
    }

    @Test("removePrefix, truncate and shrink stay inside") func cutting() {
        var buffer = ByteBuffer("0123456789")
        buffer.removePrefix(0)
        buffer.removePrefix(-3)
        #expect(buffer.text == "0123456789")
        buffer.removePrefix(4)
        #expect(buffer.text == "456789")
        buffer.truncate(to: 100)
        buffer.truncate(to: 3)
        #expect(buffer.text == "456")
        buffer.removePrefix(100)
        #expect(buffer.count == 0)
        buffer.append("xyz")
        buffer.shrink(toAtMost: 2)
        #expect(buffer.text == "xyz", "content is never lost")
        buffer.shrink(toAtMost: 3)
        buffer.append("w")
        #expect(buffer.text == "xyzw")
        buffer.clear()
        buffer.shrink(toAtMost: 0)
        buffer.append("again")
        #expect(buffer.text == "again")
    }

    @Test("slices compare by bytes") func comparing() {
        let buffer = ByteBuffer("abcabcab")
        let first = Slice(offset: 0, length: 3)
        #expect(buffer.equal(first, Slice(offset: 3, length: 3)) == true)
        #expect(buffer.equal(first, Slice(offset: 1, length: 3)) == false)
        #expect(buffer.equal(first, Slice(offset: 3, length: 2)) == false)
        #expect(buffer.equal(.empty, Slice(offset: 8, length: 0)) == true)
        #expect(buffer.equals(first, Array("abc".utf8)) == true)
        #expect(buffer.equals(first, Array("abd".utf8)) == false)
        #expect(buffer.equals(first, Array("ab".utf8)) == false)
        #expect(buffer.equals(.empty, []) == true)
    }

    @Test("text is classified as Swift's own validation says", arguments: 0..<200)
    func kinds(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...24, using: &generator) {
            switch Int.random(in: 0...5, using: &generator) {
            case 0: bytes.append(UInt8.random(in: 0x80...0xFF, using: &generator))
            case 1: bytes += Array("\u{20AC}".utf8)
            case 2: bytes += Array("\u{1F600}".utf8)
            default: bytes.append(UInt8.random(in: 0...0x7F, using: &generator))
            }
        }
        let isValid = String(validating: bytes, as: UTF8.self) != nil
        let expected: TextKind = bytes.allSatisfy { $0 < 0x80 } ? .ascii : isValid ? .utf8 : .invalid
        let buffer = ByteBuffer(bytes)
        #expect(buffer.kind(of: buffer.all) == expected, "\(hex(bytes))")
    }

    @Test("every two and three bytes after a first byte are valid exactly when Swift says so")
    func sequences() {
        let seconds: [UInt8] = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
        for first in UInt8(0x80)...0xFF {
            for second in seconds {
                for third in seconds {
                    for fourth in seconds {
                        let bytes = [first, second, third, fourth]
                        let buffer = ByteBuffer(bytes)
                        let isValid = String(validating: bytes, as: UTF8.self) != nil
                        #expect((buffer.kind(of: buffer.all) == .utf8) == isValid, "\(hex(bytes))")
                    }
                }
            }
        }
    }

    @Test("repairing replaces each invalid byte once") func repairing() {
        var buffer = ByteBuffer(hex("61 ff e2 82 62 e2 82 ac f0 9f 98"))
        let repaired = buffer.appendRepaired(buffer.all, replacement: "?")
        #expect(buffer.text(repaired) == "a???b\u{20AC}???")
    }
}
