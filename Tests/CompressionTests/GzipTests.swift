import Compression
import Events
import Testing

@Suite("gzip and zlib")
struct GzipTests {
    @Test("what was packed comes out again, at every level", arguments: [0, 1, 6, 9, 99])
    func roundTrip(level: Int) throws {
        let text = sample(70_000)
        let packed = try gzip(text, level: level)
        #expect(packed.prefix(2) == [0x1F, 0x8B])
        #expect(packed.count < text.count * 2 / 3)
        #expect(try gunzip(packed) == text)
    }

    @Test("concatenated members are one text, gzip and zlib mixed", arguments: [Int.max, 1, 7])
    func severalMembers(step: Int) throws {
        let packed = try gzip(Array("one ".utf8)) + zlibMember + gzip([]) + gzip(sample(9_000))
        let expected = Array("one hello".utf8) + sample(9_000)
        #expect(try gunzip(packed, step: step) == expected)
    }

    @Test("cut off anywhere it is an error that says so", arguments: [Int.max, 1])
    func truncated(step: Int) throws {
        let packed = try gzip(sample(500))
        for length in 0..<packed.count {
            #expect(throws: CompressionError.truncated(format: "gzip", bytes: length)) {
                try gunzip(Array(packed[..<length]), step: step)
            }
        }
    }

    @Test("a limit holds exactly, and its error names the parameter")
    func limit() throws {
        let packed = try gzip([UInt8](repeating: 0x61, count: 1_000_000))
        let limit = DecompressionLimit(bytes: 1_000_000, parameter: "decompression_limit")
        #expect(try gunzip(packed, limit: limit).count == 1_000_000)
        let lower = DecompressionLimit(bytes: 999_999, parameter: "decompression_limit")
        let error = #expect(throws: CompressionError.self) { try gunzip(packed, limit: lower) }
        #expect(error == .tooLarge(limitBytes: 999_999, parameter: "decompression_limit"))
        #expect(error?.description.contains("raise decompression_limit") == true)
        // The limit counts all members together.
        #expect(throws: CompressionError.self) { try gunzip(packed + packed, limit: limit) }
    }

    @Test("damage is found: no gzip, a wrong checksum, rubbish behind the end", arguments: [Int.max, 1])
    func corrupt(step: Int) throws {
        var damaged = try gzip(sample(500))
        damaged[damaged.count - 6] ^= 1
        for bytes in [Array("plain text".utf8), damaged, try gzip([1]) + Array("rubbish".utf8)] {
            let error = #expect(throws: CompressionError.self) { try gunzip(bytes, step: step) }
            guard case .corrupt? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("after an error the output is as it was")
    func outputUntouched() throws {
        var input = ByteBuffer()
        input.append(try gzip(sample(9_000)))
        var output = ByteBuffer()
        output.append("kept")
        let cut = Slice(offset: 0, length: input.count - 1)
        #expect(throws: CompressionError.self) { try Gzip.decompress(cut, of: input, into: &output) }
        #expect(output.array() == Array("kept".utf8))
    }

    /// "hello" in a zlib stream, as `python3 -c 'zlib.compress(b"hello")'` prints it.
    let zlibMember: [UInt8] = [0x78, 0x9C, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x06, 0x2C, 0x02, 0x15]
}

func sample(_ count: Int) -> [UInt8] {
    var seed: UInt32 = 7
    return (0..<count).map { _ in
        seed = seed &* 1_664_525 &+ 1_013_904_223
        return UInt8(0x61 + (seed >> 28))
    }
}

func gzip(_ bytes: [UInt8], level: Int = 6) throws -> [UInt8] {
    var input = ByteBuffer()
    input.append(bytes)
    var output = ByteBuffer()
    try Gzip.compress(Slice(offset: 0, length: input.count), of: input, into: &output, level: level)
    return output.array()
}

func gunzip(_ bytes: [UInt8], step: Int = .max, limit: DecompressionLimit = DecompressionLimit()) throws -> [UInt8] {
    var input = ByteBuffer()
    input.append(bytes)
    var output = ByteBuffer()
    if step == .max {
        try Gzip.decompress(Slice(offset: 0, length: input.count), of: input, into: &output, limit: limit)
        return output.array()
    }
    var inflater = try Inflater(limit: limit)
    var offset = 0
    while offset < input.count {
        let length = min(step, input.count - offset)
        try inflater.inflate(Slice(offset: offset, length: length), of: input, into: &output)
        offset += length
    }
    try inflater.finish()
    return output.array()
}
