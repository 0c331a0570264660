internal import Events

/// The beginning of a chunk file: what it is, and whose (`FORMAT.md`, layout).
struct ChunkFileHead: Sendable, Equatable {
    /// Which formatter's items these are.
    var format: String
    /// Seconds since 1970.
    var createdAt: Int64
    var key: ChunkKey

    private static let mark: StaticString = "SLUICEC1"
    private static let fixedBytes = 16
    /// Longer ones are not written: tags and keys of a megabyte are a mistake.
    static let maximumBytes = 16 << 20

    func append(to out: inout ByteBuffer) {
        var meta = ByteBuffer()
        meta.append(text: Array(format.utf8))
        meta.append(littleEndian: createdAt)
        meta.append((key.tag == nil ? 0 : 1) | (key.timeSlice == nil ? 0 : 2))
        if let tag = key.tag { meta.append(text: tag) }
        if let slice = key.timeSlice { meta.append(littleEndian: slice) }
        meta.append(littleEndian: UInt32(key.fields.count))
        for field in key.fields { meta.append(text: field) }
        out.append(Self.mark)
        out.append(littleEndian: UInt32(meta.count))
        out.append(littleEndian: CRC32C.of(Slice(offset: 0, length: meta.count), meta))
        out.append(meta)
    }

    enum Read: Equatable {
        /// It ends at so many bytes.
        case head(ChunkFileHead, bytes: Int)
        case otherVersion
        /// Cut off, or not what was written.
        case broken
    }

    /// From the first bytes of a file.
    static func read(_ buffer: borrowing ByteBuffer) -> Read {
        let name = buffer.array(Slice(offset: 0, length: min(buffer.count, 8)))
        let mark = Array("\(Self.mark)".utf8)
        guard name.count == 8, name[..<7] == mark[..<7] else { return .broken }
        guard name == mark else {
            // A version is a digit or a letter: a crash leaves zeros.
            return name[7] > UInt8(ascii: " ") ? .otherVersion : .broken
        }
        var cursor = BinaryCursor(8..<buffer.count)
        guard let length: UInt32 = cursor.number(buffer), let checksum: UInt32 = cursor.number(buffer),
            cursor.left >= Int(length),
            CRC32C.of(Slice(offset: fixedBytes, length: Int(length)), buffer) == checksum
        else { return .broken }
        let end = fixedBytes + Int(length)
        cursor = BinaryCursor(fixedBytes..<end)
        guard let format = cursor.text(buffer), let created: Int64 = cursor.number(buffer),
            let flags: UInt8 = cursor.number(buffer)
        else { return .broken }
        var key = ChunkKey()
        if flags & 1 != 0 {
            guard let tag = cursor.text(buffer) else { return .broken }
            key.tag = tag
        }
        if flags & 2 != 0 {
            guard let slice: Int64 = cursor.number(buffer) else { return .broken }
            key.timeSlice = slice
        }
        guard let count: UInt32 = cursor.number(buffer) else { return .broken }
        for _ in 0..<count {
            guard let field = cursor.text(buffer) else { return .broken }
            key.fields.append(field)
        }
        return .head(
            ChunkFileHead(format: String(decoding: format, as: UTF8.self), createdAt: created, key: key), bytes: end)
    }
}
