import Compression
import Events
import TestSupport
import Testing

@Suite("Unpacking piece by piece")
struct UnpackerTests {
    static func sample(_ size: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(size))
        return (0..<size).map { _ in UInt8.random(in: 0x61...0x64, using: &generator) }
    }

    static func packed(_ bytes: [UInt8], _ format: String, parts: Int) throws -> ByteBuffer {
        var out = ByteBuffer()
        let size = max((bytes.count + parts - 1) / parts, 1)
        for start in stride(from: 0, to: max(bytes.count, 1), by: size) {
            let source = ByteBuffer(Array(bytes[start..<min(start + size, bytes.count)]))
            if format == "gzip" {
                try Gzip.compress(source.all, of: source, into: &out)
            } else {
                try Zstandard.compress(source.all, of: source, into: &out)
            }
        }
        return out
    }

    static func unpacker(_ format: String, _ limit: Int = 1 << 30) throws -> any Unpacker {
        let limit = DecompressionLimit(bytes: limit, parameter: "limit")
        return format == "gzip" ? try GzipUnpacker(limit: limit) : try ZstandardUnpacker(limit: limit)
    }

    @Test(
        "no piece is larger than asked for, and all of them are the whole", arguments: ["gzip", "zstd"],
        [1, 7, 4096, 100_000, Int.max])
    func pieces(format: String, size: Int) throws {
        for length in [0, 1, 4096, 8192, size < 7 ? 3_000 : 300_000] {
            for parts in [1, 3] {
                let bytes = Self.sample(length)
                let input = try Self.packed(bytes, format, parts: parts)
                let unpacker = try Self.unpacker(format)
                var rest = input.all
                var whole: [UInt8] = []
                var isAll = false
                while !isAll {
                    var piece = ByteBuffer()
                    isAll = try unpacker.unpack(&rest, of: input, into: &piece, atMost: size)
                    #expect(piece.count <= size)
                    if !isAll { try #require(piece.count > 0) }
                    whole += piece.array()
                }
                #expect(whole == bytes && rest.length == 0)
            }
        }
    }

    @Test("the limit holds over all pieces", arguments: ["gzip", "zstd"]) func limit(format: String) throws {
        let input = try Self.packed(Self.sample(10_000), format, parts: 2)
        for limit in [9_999, 10_000] {
            let unpacker = try Self.unpacker(format, limit)
            var rest = input.all
            var failure: CompressionError?
            do throws(CompressionError) {
                var piece = ByteBuffer()
                while !(try unpacker.unpack(&rest, of: input, into: &piece, atMost: 1000)) {}
            } catch {
                failure = error
            }
            #expect(failure == (limit == 10_000 ? nil : .tooLarge(limitBytes: limit, parameter: "limit")))
        }
    }

    @Test("cut off anywhere it is an error at the end", arguments: ["gzip", "zstd"]) func cut(format: String) throws {
        let whole = try Self.packed(Self.sample(2_000), format, parts: 1)
        for length in stride(from: 1, to: whole.count, by: 13) {
            let unpacker = try Self.unpacker(format)
            var rest = Slice(offset: 0, length: length)
            #expect(throws: CompressionError.truncated(format: format, bytes: length)) {
                var piece = ByteBuffer()
                while !(try unpacker.unpack(&rest, of: whole, into: &piece, atMost: 100)) {}
            }
        }
    }
}
