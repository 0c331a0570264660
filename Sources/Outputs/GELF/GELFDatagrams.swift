internal import Compression
package import Events

/// A GELF message as datagrams: compressed, and in pieces when it does not fit one.
///
/// Source: Graylog's "GELF via UDP". A piece has 12 bytes in front: `1e 0f`, the message's 8 bytes, its number, how many there
/// are; there may be 128, and all of them must arrive within five seconds.
package enum GELFDatagrams {
    /// `WAN`: with headers, what passes everywhere in one packet.
    package static let wideAreaBytes = 1420
    /// `LAN`: what Graylog reads in one.
    package static let localAreaBytes = 8154
    static let maximumPieces = 128

    /// The datagrams in order; nil: the message is too large for any.
    ///
    /// A message that needs more pieces than there may be has larger ones.
    ///
    /// - Parameter id: what its pieces are known by.
    package static func make(
        _ message: Slice, of bytes: borrowing ByteBuffer, pieceBytes: Int, id: UInt64
    ) throws -> [[UInt8]]? {
        var packed = ByteBuffer(capacity: Int(message.length) / 2 + 64)
        try Gzip.compress(message, of: bytes, into: &packed)
        if packed.count <= pieceBytes { return [packed.array()] }
        let fits = packed.count <= pieceBytes * maximumPieces
        let size = fits ? pieceBytes : max(pieceBytes, localAreaBytes)
        let count = (packed.count + size - 1) / size
        guard count <= maximumPieces else { return nil }
        return (0..<count).map { number in
            let offset = number * size
            var piece: [UInt8] = [0x1E, 0x0F]
            piece.reserveCapacity(size + 12)
            for shift in stride(from: 56, through: 0, by: -8) {
                piece.append(UInt8(truncatingIfNeeded: id >> UInt64(shift)))
            }
            piece += [UInt8(number), UInt8(count)]
            return piece + packed.array(Slice(offset: offset, length: min(size, packed.count - offset)))
        }
    }
}
