import Compression
import Events
import Testing

@Suite("zstd")
struct ZstandardTests {
    @Test("several frames, and an empty one, are one text")
    func frames() throws {
        let packed = try pack(sample(300_000)) + pack([]) + pack(Array("end".utf8))
        #expect(try unpack(packed) == sample(300_000) + Array("end".utf8))
    }

    @Test("cut off anywhere it is an error that says so")
    func truncated() throws {
        let packed = try pack(sample(500))
        for length in 0..<packed.count {
            #expect(throws: CompressionError.truncated(format: "zstd", bytes: length)) {
                try unpack(Array(packed[..<length]))
            }
        }
    }

    @Test("a limit holds exactly, over all frames")
    func limit() throws {
        let packed = try pack([UInt8](repeating: 0x61, count: 1_000_000))
        let limit = DecompressionLimit(bytes: 1_000_000)
        #expect(try unpack(packed, limit: limit).count == 1_000_000)
        let error = CompressionError.tooLarge(limitBytes: 1_000_000, parameter: "decompressionLimitBytes")
        #expect(throws: error) { try unpack(packed + packed, limit: limit) }
        #expect(throws: CompressionError.self) { try unpack(packed, limit: DecompressionLimit(bytes: 999_999)) }
    }

    @Test("damage is found")
    func corrupt() throws {
        let error = #expect(throws: CompressionError.self) { try unpack(Array("plain text".utf8)) }
        guard case .corrupt(format: "zstd", _, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

private func pack(_ bytes: [UInt8]) throws -> [UInt8] {
    var input = ByteBuffer()
    input.append(bytes)
    var output = ByteBuffer()
    try Zstandard.compress(Slice(offset: 0, length: input.count), of: input, into: &output)
    return output.array()
}

private func unpack(_ bytes: [UInt8], limit: DecompressionLimit = DecompressionLimit()) throws -> [UInt8] {
    var input = ByteBuffer()
    input.append(bytes)
    var output = ByteBuffer()
    try Zstandard.decompress(Slice(offset: 0, length: input.count), of: input, into: &output, limit: limit)
    return output.array()
}
