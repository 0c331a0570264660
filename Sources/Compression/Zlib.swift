internal import CZlib
package import Events

/// Unpacks gzip (RFC 1952) and zlib (RFC 1950) data that comes in pieces: any number of concatenated members, in either
/// format, as Fluentd's clients send them.
///
/// Safety: zlib's state points back at its stream struct, which therefore lives at a fixed place that this value alone
/// owns: allocated in `init`, freed in `deinit`.
@safe
package struct Inflater: ~Copyable, @unchecked Sendable {  // sole owner of the stream, so it may change threads
    private let stream: UnsafeMutablePointer<z_stream>
    private let limit: DecompressionLimit
    /// Bytes read and bytes written so far, over all members.
    private var consumed = 0
    private var produced = 0
    /// A member has begun and has not ended.
    private var isInsideMember = false

    package init(limit: DecompressionLimit = DecompressionLimit()) throws(CompressionError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        self.limit = limit
        // 15: the largest window; + 32: gzip or zlib, by the header.
        guard unsafe inflateInit2_(stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .noMemory(format: "gzip")
        }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Appends what the bytes of `slice` unpack to. After an error the value must not be used again.
    package mutating func inflate(
        _ slice: Slice, of input: borrowing ByteBuffer, into output: inout ByteBuffer
    ) throws(CompressionError) {
        var rest = slice
        _ = try inflate(next: &rest, of: input, into: &output, atMost: .max)
    }

    /// Appends what the bytes of `rest` unpack to, but at most so many bytes, and moves `rest` behind what was used.
    /// Answers whether all of it is unpacked. After an error the value must not be used again.
    package mutating func inflate(
        next rest: inout Slice, of input: borrowing ByteBuffer, into output: inout ByteBuffer, atMost bytes: Int
    ) throws(CompressionError) -> Bool {
        var left = 0
        let result: Result<Bool, CompressionError> = unsafe input.withUnsafeBytes(rest) { start, count in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
            unsafe stream.pointee.avail_in = UInt32(count)
            defer { left = unsafe Int(stream.pointee.avail_in) }
            // Typed errors do not cross a closure that is not generic over them.
            do throws(CompressionError) {
                return .success(try run(into: &output, atMost: bytes))
            } catch {
                return .failure(error)
            }
        }
        rest = Slice(offset: rest.end - left, length: left)
        return try result.get()
    }

    /// Says that there is no more input: an error when a member is unfinished.
    package func finish() throws(CompressionError) {
        if isInsideMember || consumed == 0 { throw .truncated(format: "gzip", bytes: consumed) }
    }

    /// Answers whether the input is used up and nothing of it is still to be written.
    private mutating func run(into output: inout ByteBuffer, atMost bytes: Int) throws(CompressionError) -> Bool {
        let end = bytes < .max - produced ? produced + bytes : .max
        while true {
            let available = unsafe Int(stream.pointee.avail_in)
            if !isInsideMember {
                if available == 0 { return true }
                if consumed > 0, unsafe inflateReset(stream) != Z_OK { throw .noMemory(format: "gzip") }
                isInsideMember = true
            }
            // One byte beyond the limit, so that "exactly the limit" and "more" can be told apart.
            let room = min(max(available * 3, 4096), limit.bytes - produced + 1, end - produced)
            if room == 0 { return false }
            var code = Z_OK
            var written = 0
            unsafe output.appendUnsafe(room: room) { target in
                unsafe stream.pointee.next_out = target
                unsafe stream.pointee.avail_out = UInt32(room)
                unsafe code = CZlib.inflate(stream, Z_NO_FLUSH)
                unsafe written = room - Int(stream.pointee.avail_out)
                return written
            }
            consumed += unsafe available - Int(stream.pointee.avail_in)
            produced += written
            if produced > limit.bytes { throw .tooLarge(limitBytes: limit.bytes, parameter: limit.parameter) }
            switch code {
            case Z_STREAM_END: isInsideMember = false
            case Z_OK, Z_BUF_ERROR:
                // Nothing more to do when the input is used up and there was room left.
                if unsafe stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0 { return true }
            case Z_MEM_ERROR: throw .noMemory(format: "gzip")
            default: throw .corrupt(format: "gzip", offset: consumed, detail: message(code))
            }
        }
    }

    private func message(_ code: Int32) -> String {
        if code == Z_NEED_DICT { return "it needs a preset dictionary, which nobody can name here" }
        guard let text = unsafe stream.pointee.msg else { return "zlib error \(code)" }
        return unsafe String(cString: text)
    }
}

/// A whole payload, unpacked piece by piece as there is room for it.
package protocol Unpacker: AnyObject {
    /// Appends at most so many bytes of what `rest` unpacks to, and moves `rest` behind what was used. Answers whether
    /// that was all. After an error, or the end, it must not be used again.
    func unpack(
        _ rest: inout Slice, of input: borrowing ByteBuffer, into output: inout ByteBuffer, atMost bytes: Int
    ) throws(CompressionError) -> Bool
}

/// gzip and zlib data.
package final class GzipUnpacker: Unpacker {
    private var inflater: Inflater

    package init(limit: DecompressionLimit) throws(CompressionError) { inflater = try Inflater(limit: limit) }

    package func unpack(
        _ rest: inout Slice, of input: borrowing ByteBuffer, into output: inout ByteBuffer, atMost bytes: Int
    ) throws(CompressionError) -> Bool {
        guard try inflater.inflate(next: &rest, of: input, into: &output, atMost: bytes) else { return false }
        try inflater.finish()
        return true
    }
}

/// Packs data as one gzip member (RFC 1952), piece by piece.
///
/// Safety: as `Inflater`.
@safe
package struct GzipWriter: ~Copyable, @unchecked Sendable {  // sole owner of the stream, so it may change threads
    private let stream: UnsafeMutablePointer<z_stream>

    /// `level`: 1 (fast) to 9 (small); others are brought into that range.
    package init(level: Int) throws(CompressionError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe deflateInit2_(
            stream, Int32(min(max(level, 1), 9)), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw .noMemory(format: "gzip") }
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    package mutating func write(_ slice: Slice, of input: borrowing ByteBuffer, to output: inout ByteBuffer) {
        unsafe input.withUnsafeBytes(slice) { bytes, count in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes)
            unsafe stream.pointee.avail_in = UInt32(count)
            run(Z_NO_FLUSH, to: &output)
        }
    }

    /// Writes the end of the member. The value must not be written to again.
    package mutating func finish(to output: inout ByteBuffer) {
        unsafe stream.pointee.avail_in = 0
        run(Z_FINISH, to: &output)
    }

    /// deflate fails only on a broken stream struct, which nobody but this value touches, so it goes on until it is done.
    private func run(_ flush: Int32, to output: inout ByteBuffer) {
        var isDone = false
        while !isDone {
            let room = max(unsafe Int(stream.pointee.avail_in) / 2, 4096)
            unsafe output.appendUnsafe(room: room) { target in
                unsafe stream.pointee.next_out = target
                unsafe stream.pointee.avail_out = UInt32(room)
                let code = unsafe deflate(stream, flush)
                isDone = unsafe code == Z_STREAM_END || code < 0 || flush == Z_NO_FLUSH && stream.pointee.avail_out > 0
                return unsafe room - Int(stream.pointee.avail_out)
            }
        }
    }
}

/// Whole gzip data in one call.
package enum Gzip {
    /// Appends what all members of the gzip or zlib data in `slice` unpack to. On an error `output` is as it was.
    package static func decompress(
        _ slice: Slice, of input: borrowing ByteBuffer, into output: inout ByteBuffer,
        limit: DecompressionLimit = DecompressionLimit()
    ) throws(CompressionError) {
        let start = output.count
        do {
            var inflater = try Inflater(limit: limit)
            try inflater.inflate(slice, of: input, into: &output)
            try inflater.finish()
        } catch {
            output.truncate(to: start)
            throw error
        }
    }

    /// Appends `slice` as one gzip member.
    package static func compress(
        _ slice: Slice, of input: borrowing ByteBuffer, into output: inout ByteBuffer, level: Int = 6
    ) throws(CompressionError) {
        var writer = try GzipWriter(level: level)
        writer.write(slice, of: input, to: &output)
        writer.finish(to: &output)
    }
}
