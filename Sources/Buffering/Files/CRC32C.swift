internal import CChecksum
internal import Events

/// CRC32C (Castagnoli): the checksum of iSCSI, RFC 3720 appendix B.4. With the processor's instruction where it has one,
/// about 8 bytes in three cycles; else by table, one byte at a time.
struct CRC32C {
    private var state: UInt32 = 0xFFFF_FFFF

    var value: UInt32 { ~state }

    private static let usesInstruction = sluice_crc32c_available() != 0

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82F6_3B78 }
    }

    mutating func add(_ slice: Slice, of buffer: borrowing ByteBuffer) {
        guard Self.usesInstruction else { return addByTable(slice, of: buffer) }
        state = unsafe buffer.withUnsafeBytes(slice) { bytes, count in unsafe sluice_crc32c(state, bytes, count) }
    }

    /// What every processor can do.
    mutating func addByTable(_ slice: Slice, of buffer: borrowing ByteBuffer) {
        for offset in Int(slice.offset)..<slice.end {
            state = state >> 8 ^ Self.table[Int(UInt8(truncatingIfNeeded: state) ^ buffer[offset])]
        }
    }

    static func of(_ slice: Slice, _ buffer: borrowing ByteBuffer) -> UInt32 {
        var crc = CRC32C()
        crc.add(slice, of: buffer)
        return crc.value
    }
}
