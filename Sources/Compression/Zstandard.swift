internal import CZstd
package import Events

/// Zstandard data (RFC 8878): any number of concatenated frames, skippable ones included.
package enum Zstandard {
    /// The largest window a frame may ask for, as a power of two: 32 MiB. What a hostile header can make the decoder
    /// allocate. Up to level 19 zstd needs 8 MiB; Fluentd and Fluent Bit send level 3, with 2 MiB.
    static let windowLog: Int32 = 25

    /// Appends what all frames in `slice` unpack to. On an error `output` is as it was.
    package static func decompress(
        _ slice: Slice, of input: borrowing ByteBuffer, into output: inout ByteBuffer,
        limit: DecompressionLimit = DecompressionLimit()
    ) throws(CompressionError) {
        let start = output.count
        do {
            var rest = slice
            _ = try ZstandardUnpacker(limit: limit).unpack(&rest, of: input, into: &output, atMost: .max)
        } catch {
            output.truncate(to: start)
            throw error
        }
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

/// Frames one after the other, unpacked piece by piece.
///
/// Safety: the context is made in `init`, freed in `deinit` and used by this object alone.
@safe
package final class ZstandardUnpacker: Unpacker {
    private let context: OpaquePointer
    private let limit: DecompressionLimit
    private var consumed = 0
    private var produced = 0
    /// What the library answered last; above 0: a frame has begun (or is to come) and has not ended.
    private var code = 1
    /// The last piece filled its room, so there may be more without more input.
    private var isFull = false

    package init(limit: DecompressionLimit) throws(CompressionError) {
        guard let context = unsafe ZSTD_createDCtx() else { throw .noMemory(format: "zstd") }
        unsafe self.context = context
        self.limit = limit
        _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Zstandard.windowLog)
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    package func unpack(
        _ rest: inout Slice, of input: borrowing ByteBuffer, into output: inout ByteBuffer, atMost bytes: Int
    ) throws(CompressionError) -> Bool {
        var used = 0
        let result: Result<Bool, CompressionError> = unsafe input.withUnsafeBytes(rest) { start, count in
            var source = unsafe ZSTD_inBuffer(src: start, size: count, pos: 0)
            defer { used = unsafe source.pos }
            do throws(CompressionError) {
                return .success(unsafe try run(&source, into: &output, atMost: bytes))
            } catch {
                return .failure(error)
            }
        }
        consumed += used
        rest = Slice(offset: Int(rest.offset) + used, length: Int(rest.length) - used)
        return try result.get()
    }

    private func run(
        _ source: inout ZSTD_inBuffer, into output: inout ByteBuffer, atMost bytes: Int
    ) throws(CompressionError) -> Bool {
        let end = bytes < .max - produced ? produced + bytes : .max
        while unsafe source.pos < source.size || isFull {
            // One byte beyond the limit, so that "exactly the limit" and "more" can be told apart.
            let room = unsafe min(max(source.size * 4, 4096), limit.bytes - produced + 1, end - produced)
            if room == 0 { return false }
            var written = 0
            unsafe output.appendUnsafe(room: room) { target in
                var sink = unsafe ZSTD_outBuffer(dst: target, size: room, pos: 0)
                unsafe code = ZSTD_decompressStream(context, &sink, &source)
                unsafe written = sink.pos
                return written
            }
            if ZSTD_isError(code) != 0 {
                let name = unsafe String(cString: ZSTD_getErrorName(code))
                throw unsafe .corrupt(format: "zstd", offset: consumed + source.pos, detail: name)
            }
            produced += written
            if produced > limit.bytes { throw .tooLarge(limitBytes: limit.bytes, parameter: limit.parameter) }
            isFull = written == room && code != 0
        }
        if code != 0 { throw .truncated(format: "zstd", bytes: unsafe consumed + source.pos) }
        return true
    }
}
