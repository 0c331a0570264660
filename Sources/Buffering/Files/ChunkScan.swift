internal import Events

/// What stands in a chunk file, piece by piece: for those that are damaged.
struct ChunkScan {
    enum Piece {
        case frame(offset: Int, ChunkFrame.Header)
        /// A frame that is not what was written, of so many items.
        case damaged(items: Int)
        /// Something of which nothing is known.
        case gap
    }

    private(set) var pieces: [Piece] = []

    var frames: [(offset: Int, header: ChunkFrame.Header)] {
        pieces.compactMap { if case .frame(let offset, let header) = $0 { (offset, header) } else { nil } }
    }

    /// Items that are known of.
    var itemCount: Int {
        pieces.reduce(0) { sum, piece in
            switch piece {
            case .frame(_, let header): sum + header.itemCount
            case .damaged(let items): sum + items
            case .gap: sum
            }
        }
    }

    /// - Parameters:
    ///   - buffer: all of the file, or a part that begins with a frame.
    ///   - start: behind the file's head.
    init(_ buffer: borrowing ByteBuffer, from start: Int) {
        var offset = start
        while offset < buffer.count {
            if let header = ChunkFrame.header(at: offset, buffer), offset + header.frameBytes <= buffer.count {
                // Its length is what was written: the next frame stands behind it, whole or not.
                defer { offset += header.frameBytes }
                if header.isEnd { continue }
                guard ChunkFrame.isWhole(header, at: offset, buffer) else {
                    pieces.append(.damaged(items: header.itemCount))
                    continue
                }
                pieces.append(.frame(offset: offset, header))
            } else {
                if case .gap = pieces.last {} else { pieces.append(.gap) }
                offset += 1
            }
        }
    }
}
