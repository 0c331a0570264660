import CUV
import Glibc

/// An IPv4 or IPv6 address with a port: who sent this datagram, who is at the other end of this connection.
///
/// Twenty-eight bytes, no reference, so that one can be made per datagram. An IPv4 address that arrived on an
/// IPv6 socket (`::ffff:10.0.0.1`) is kept as IPv6, to be answered as it came, and written as IPv4.
package struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64
    private let scope: UInt32
    /// The port, in host order.
    package let port: UInt16
    /// Whether the socket it came from speaks IPv6.
    package let isIPv6: Bool

    /// Copies what the kernel filled in; nil for families other than IPv4 and IPv6.
    ///
    /// The pointer must hold a whole address of its family, which is what the kernel and libuv promise.
    @unsafe init?(_ address: UnsafePointer<sockaddr>) {
        switch Int32(unsafe address.pointee.sa_family) {
        case AF_INET:
            let v4 = unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
            high = 0
            low = UInt64(UInt32(bigEndian: v4.sin_addr.s_addr))
            scope = 0
            port = UInt16(bigEndian: v4.sin_port)
            isIPv6 = false
        case AF_INET6:
            let v6 = unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
            // in6_addr is sixteen bytes in network order behind a C union; both halves lie inside it.
            let halves = unsafe withUnsafeBytes(of: v6.sin6_addr) { bytes in
                unsafe (
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            (high, low) = halves
            scope = v6.sin6_scope_id
            port = UInt16(bigEndian: v6.sin6_port)
            isIPv6 = true
        default: return nil
        }
    }

    /// Of one end of a socket; nil for a socket that has none, or one of another family.
    ///
    /// - Parameter ask: `getsockname` or `getpeername`.
    @unsafe init?(
        of descriptor: Int32,
        _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // sockaddr_storage holds any address; the kernel says how much it wrote.
        let address = unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe ask(descriptor, $0, &length) == 0 ? SocketAddress($0) : nil
            }
        }
        guard let address else { return nil }
        self = address
    }

    /// As above, from another library's `struct sockaddr`.
    @unsafe package init?(sockaddr pointer: UnsafeRawPointer) {
        unsafe self.init(pointer.assumingMemoryBound(to: sockaddr.self))
    }

    /// From a numeric address, `10.0.0.1` or `2001:db8::1`; nil for anything else.
    package init?(host: String, port: UInt16) {
        var v4 = sockaddr_in()
        var v6 = sockaddr_in6()
        // libuv fills exactly the structure of the family.
        if unsafe uv_ip4_addr(host, Int32(port), &v4) == 0 {
            let made = unsafe withUnsafePointer(to: &v4) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe SocketAddress($0) }
            }
            guard let made else { return nil }
            self = made
        } else if unsafe uv_ip6_addr(host, Int32(port), &v6) == 0 {
            let made = unsafe withUnsafePointer(to: &v6) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe SocketAddress($0) }
            }
            guard let made else { return nil }
            self = made
        } else {
            return nil
        }
    }

    /// The address's bytes in network order: four for IPv4 (also when it came on an IPv6 socket), else sixteen.
    package var octets: [UInt8] {
        if isEmbeddedIPv4 { return (0..<4).map { UInt8(truncatingIfNeeded: low >> (24 - 8 * $0)) } }
        return (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> (56 - 8 * ($0 & 7))) }
    }

    /// The address without the port, as people write it: `10.0.0.1`, `2001:db8::1`.
    package var host: String {
        if isEmbeddedIPv4 { return octets.map(String.init).joined(separator: ".") }
        return unsafe withSockaddr { address, _ in
            // 64 bytes hold any IPv6 text (INET6_ADDRSTRLEN is 46).
            unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
                unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    _ = unsafe uv_ip6_name($0, text.baseAddress, 64)
                }
                return unsafe String(cString: text.baseAddress.unsafelyUnwrapped)
            }
        }
    }

    /// `10.0.0.1:24224` or `[2001:db8::1]:24224`.
    package var description: String { isEmbeddedIPv4 ? "\(host):\(port)" : "[\(host)]:\(port)" }

    private var isEmbeddedIPv4: Bool { !isIPv6 || (high == 0 && low >> 32 == 0xffff) }

    /// Lends the address in the kernel's form for one call.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if isIPv6 {
            var v6 = sockaddr_in6()
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            v6.sin6_scope_id = scope
            let halves = (high.bigEndian, low.bigEndian)
            // Sixteen bytes into the sixteen of in6_addr.
            unsafe withUnsafeMutableBytes(of: &v6.sin6_addr) { target in
                unsafe withUnsafeBytes(of: halves) { unsafe target.copyMemory(from: $0) }
            }
            return unsafe withUnsafePointer(to: &v6) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        var v4 = sockaddr_in()
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_port = port.bigEndian
        v4.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
        return unsafe withUnsafePointer(to: &v4) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
