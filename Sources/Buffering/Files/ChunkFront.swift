internal import Events

/// The good front of a chunk file without an end: its whole frames, up to the first thing that is none. Read piece by
/// piece, so that a file that a crash has left open costs no more memory than a frame of it.
struct ChunkFront {
    /// How much is read at a time, where a frame is not longer.
    static let pieceBytes = 1 << 20

    /// Behind the last whole frame.
    private(set) var endOffset: Int
    /// The places of the frames, as an end frame has them.
    private(set) var end = ChunkEnd()

    /// - Parameters:
    ///   - start: behind the file's head.
    ///   - size: the file's.
    init(_ file: DiskFile, from start: Int, size: Int) throws(ChunkStoreError) {
        endOffset = start
        var offset = start
        // What is read, and where in the file it begins.
        var window = ByteBuffer(capacity: min(Self.pieceBytes, max(size - start, 0)))
        var base = start
        while offset < size {
            if window.count - (offset - base) < ChunkFrame.headerBytes {
                try Self.read(ChunkFrame.headerBytes, of: file, at: offset, into: &window, &base)
            }
            guard let header = ChunkFrame.header(at: offset - base, window), offset + header.frameBytes <= size
            else { return }
            if window.count - (offset - base) < header.frameBytes {
                try Self.read(header.frameBytes, of: file, at: offset, into: &window, &base)
            }
            guard ChunkFrame.isWhole(header, at: offset - base, window) else { return }
            // An end that others stand behind says nothing.
            if !header.isEnd {
                end.note(frameAt: offset, items: header.itemCount, byteCount: header.payloadBytes)
                endOffset = offset + header.frameBytes
            }
            offset += header.frameBytes
        }
    }

    private static func read(
        _ least: Int, of file: DiskFile, at offset: Int, into window: inout ByteBuffer, _ base: inout Int
    ) throws(ChunkStoreError) {
        window.clear()
        base = offset
        try file.read(at: offset, count: max(least, pieceBytes), into: &window)
    }
}
