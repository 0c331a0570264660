internal import CZstd
package import Events

/// Zstandard data (RFC 8878): any number of concatenated frames, skippable ones included.
package enum Zstandard {
    /// The largest window a frame may ask for, as a power of two: 128 MiB, zstd's own limit. What a hostile header can
    /// make the decoder allocate.
    static let windowLog: Int32 = 27

    /// Appends what all frames in `slice` unpack to. On an error `output` is as it was.
    package static func decompress(
        _ slice: Slice, of input: borrowing ByteBuffer, into output: inout ByteBuffer,
        limit: DecompressionLimit = DecompressionLimit()
    ) throws(CompressionError) {
        guard let context = unsafe ZSTD_createDCtx() else { throw .noMemory(format: "zstd") }
        defer { unsafe ZSTD_freeDCtx(context) }
        _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog)
        let start = output.count
        let result: Result<Void, CompressionError> = unsafe input.withUnsafeBytes(slice) { bytes, count in
            do throws(CompressionError) {
                unsafe try run(context, bytes, count, into: &output, limit)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        if case .failure = result { output.truncate(to: start) }
        try result.get()
    }

    private static func run(
        _ context: OpaquePointer, _ bytes: UnsafePointer<UInt8>, _ count: Int, into output: inout ByteBuffer,
        _ limit: DecompressionLimit
    ) throws(CompressionError) {
        var source = unsafe ZSTD_inBuffer(src: bytes, size: count, pos: 0)
        var produced = 0
        var code = 1  // above 0: a frame has begun (or is to come) and has not ended
        var isFull = false
        while unsafe source.pos < source.size || isFull {
            let room = min(max(count * 4, 4096), limit.bytes - produced + 1)
            var written = 0
            unsafe output.appendUnsafe(room: room) { target in
                var sink = unsafe ZSTD_outBuffer(dst: target, size: room, pos: 0)
                unsafe code = ZSTD_decompressStream(context, &sink, &source)
                unsafe written = sink.pos
                return written
            }
            if ZSTD_isError(code) != 0 {
                let name = unsafe String(cString: ZSTD_getErrorName(code))
                throw unsafe .corrupt(format: "zstd", offset: source.pos, detail: name)
            }
            produced += written
            if produced > limit.bytes { throw .tooLarge(limitBytes: limit.bytes, parameter: limit.parameter) }
            isFull = written == room && code != 0
        }
        if code != 0 { throw .truncated(format: "zstd", bytes: count) }
    }

    /// Appends `slice` as one frame; for tests and for peers that ask for it. `level`: 1 to 19.
    package static func compress(
        _ slice: Slice, of input: borrowing ByteBuffer, into output: inout ByteBuffer, level: Int = 3
    ) throws(CompressionError) {
        let room = ZSTD_compressBound(Int(slice.length))
        var code = 0
        unsafe output.appendUnsafe(room: room) { target in
            unsafe input.withUnsafeBytes(slice) { bytes, count in
                unsafe code = ZSTD_compress(target, room, bytes, count, Int32(min(max(level, 1), 19)))
            }
            return ZSTD_isError(code) == 0 ? code : 0
        }
        if ZSTD_isError(code) != 0 { throw .noMemory(format: "zstd") }
    }
}
