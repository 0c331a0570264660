package import Events
internal import Glibc

/// An address of the Internet, as 128 bits; one of version 4 has the form `::ffff:192.0.2.1` (RFC 4291, 2.5.5.2), so that
/// both ways to write it are the same address.
package struct GeoIPAddress: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    /// The number of an address of version 4; nil: it is of version 6.
    package var version4: UInt32? { high == 0 && low >> 32 == 0xFFFF ? UInt32(truncatingIfNeeded: low) : nil }

    /// `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`
    private static let maximumBytes = 45

    /// Reads an address as inet_pton(3) does: no name, no port, no brackets, no zone, no blanks around it. nil: it is none.
    package init?(_ slice: Slice, _ storage: borrowing ByteBuffer) {
        let length = Int(slice.length)
        guard length >= 2, length <= Self.maximumBytes else { return nil }
        var isVersion6 = false
        for offset in Int(slice.offset)..<slice.end {
            switch storage[offset] {
            case UInt8(ascii: ":"): isVersion6 = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."):
                break
            // inet_pton would end at a zero byte, whatever stood behind it.
            default: return nil
            }
        }
        var bytes = in6_addr()
        // The text gets a zero byte behind it in memory of this call; the address has room for either version.
        let isRead = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.maximumBytes + 1) { text in
            for index in 0..<length { unsafe text[index] = CChar(bitPattern: storage[Int(slice.offset) + index]) }
            unsafe text[length] = 0
            guard let start = text.baseAddress else { return false }
            return unsafe inet_pton(isVersion6 ? AF_INET6 : AF_INET, start, &bytes) == 1
        }
        guard isRead else { return nil }
        (high, low) = unsafe withUnsafeBytes(of: &bytes) { bytes in
            if !isVersion6 {
                return (0, 0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: unsafe bytes.load(as: UInt32.self))))
            }
            return unsafe (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }
}
