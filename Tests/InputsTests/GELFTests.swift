import Compression
import Events
import Logging
import TestSupport
import Testing

@testable import Inputs

@Suite("GELF as it comes in datagrams")
struct GELFTests {
    private func piece(_ number: UInt8, of count: UInt8, _ text: String, id: String = "12345678") -> [UInt8] {
        [0x1E, 0x0F] + Array(id.utf8) + [number, count] + Array(text.utf8)
    }

    private func shown(_ result: GELFPieces.Result) -> String {
        switch result {
        case .whole(let bytes): String(decoding: bytes, as: UTF8.self)
        case .waits: "waits"
        case .broken(let reason): "broken: \(reason)"
        }
    }

    @Test("pieces make one message in any order, also when one comes twice, and those of others stay apart")
    func order() {
        var pieces = GELFPieces(limitBytes: 1000)
        let take = { (one: [UInt8], sender: String) in self.shown(pieces.take(one, from: sender, at: 0)) }
        #expect(take(Array("plain".utf8), "a") == "plain")
        #expect(take(piece(2, of: 3, "c"), "a") == "waits")
        #expect(take(piece(0, of: 3, "a"), "a") == "waits")
        #expect(take(piece(0, of: 3, "x"), "a") == "waits")
        #expect(take(piece(1, of: 3, "y"), "b") == "waits")
        #expect(take(piece(1, of: 3, "z", id: "other678"), "a") == "waits")
        #expect(take(piece(1, of: 3, "b"), "a") == "abc")
        #expect(take(piece(0, of: 1, "one"), "a") == "one")
        #expect(pieces.waitingCount == 2 && pieces.takeLost() == 0)
    }

    @Test("what is no piece is said")
    func broken() {
        var pieces = GELFPieces(limitBytes: 10)
        #expect(shown(pieces.take([0x1E, 0x0F, 1], from: "a", at: 0)).contains("without its header"))
        #expect(shown(pieces.take(piece(0, of: 0, "x"), from: "a", at: 0)).contains("piece 0 of 0"))
        #expect(shown(pieces.take(piece(3, of: 3, "x"), from: "a", at: 0)).contains("piece 3 of 3"))
        #expect(shown(pieces.take(piece(0, of: 129, "x"), from: "a", at: 0)).contains("piece 0 of 129"))
        #expect(shown(pieces.take(piece(0, of: 2, "x"), from: "a", at: 0)) == "waits")
        #expect(shown(pieces.take(piece(1, of: 3, "x"), from: "a", at: 0)).contains("that there are 2, and 3"))
        #expect(shown(pieces.take(piece(0, of: 2, "123456"), from: "a", at: 0)) == "waits")
        #expect(shown(pieces.take(piece(1, of: 2, "123456"), from: "a", at: 0)).contains("more than 10 bytes"))
        #expect(pieces.waitingCount == 0 && pieces.takeLost() == 2)
    }

    @Test("a message whose pieces do not all come within five seconds is left out, and counted")
    func late() {
        var pieces = GELFPieces(limitBytes: 1000)
        #expect(shown(pieces.take(piece(0, of: 2, "a"), from: "a", at: 1000)) == "waits")
        #expect(shown(pieces.take(piece(0, of: 2, "b", id: "later678"), from: "a", at: 5000)) == "waits")
        #expect(pieces.takeLost() == 0)
        #expect(shown(pieces.take(piece(1, of: 2, "b"), from: "a", at: 6000)) == "waits")
        #expect(pieces.takeLost() == 1)
        #expect(shown(pieces.take(piece(1, of: 2, "c", id: "later678"), from: "a", at: 6001)) == "bc")
        #expect(shown(pieces.take(piece(0, of: 2, "x", id: "third678"), from: "a", at: 11_000)) == "waits")
        #expect(pieces.takeLost() == 1 && pieces.waitingCount == 1)
    }

    @Test("what waits has a bound: the older half goes")
    func bound() {
        var pieces = GELFPieces(limitBytes: 1000)
        for number in 0...GELFPieces.waitingMessages {
            let id = String(format8(number))
            #expect(shown(pieces.take(piece(0, of: 2, "a", id: id), from: "a", at: Int64(number))) == "waits")
        }
        let half = GELFPieces.waitingMessages / 2
        #expect(pieces.waitingCount == half && pieces.takeLost() == half + 1)
        #expect(shown(pieces.take(piece(1, of: 2, "b", id: format8(half + 1)), from: "a", at: 2000)) == "ab")
        #expect(shown(pieces.take(piece(1, of: 2, "b", id: format8(0)), from: "a", at: 2000)) == "waits")
        var large = GELFPieces(limitBytes: 8 << 20)
        let text = String(repeating: "x", count: 60_000)
        for number in 0..<700 {
            _ = large.take(piece(0, of: 2, text, id: format8(number)), from: "a", at: Int64(number))
        }
        let room = (32 << 20) / 60_000
        #expect((room / 2...room).contains(large.waitingCount))
    }

    private func format8(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    @Test("gzip, zlib and plain texts are read; what does not unpack, or to too much, is left out with a word")
    func packed() throws {
        let log = LogRecorder()
        let reader = GELFReader(limitBytes: 100, log: Log(handler: log)) { 0 }
        var plain = ByteBuffer()
        let slice = plain.append(copyOf: Array(#"{"a":1}"#.utf8))
        var gzip = ByteBuffer()
        try Gzip.compress(slice, of: plain, into: &gzip)
        // zlib.compress(b'{"a":1}')
        let zlib: [UInt8] = [0x78, 0x9C, 0xAB, 0x56, 0x4A, 0x54, 0xB2, 0x32, 0xAC, 0x05, 0x00, 0x08, 0x2A, 0x02, 0x09]
        for datagram in [plain.array(), gzip.array(), zlib] {
            #expect(reader.read(datagram, from: "a"))
            #expect(String(decoding: reader.text.array(), as: UTF8.self) == #"{"a":1}"#)
        }
        #expect(!reader.read([0x1F, 0x8B, 0, 0], from: "a"))
        var bomb = ByteBuffer()
        let long = plain.append(copyOf: Array(repeating: 0x20, count: 5000))
        try Gzip.compress(long, of: plain, into: &bomb)
        #expect(!reader.read(bomb.array(), from: "a"))
        #expect(log.lines.contains { $0.contains("message_length_limit") }, "\(log.lines)")
        #expect(!reader.read(piece(0, of: 2, "a"), from: "a"))
    }
}
