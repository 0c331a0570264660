import CUV
import Glibc

/// What processes of one account say to each other: short texts, with descriptors.
///
/// The sockets have abstract names (unix(7)): no file, nothing is left behind. Each message is one `sendmsg` of a socket
/// that keeps messages apart (SOCK_SEQPACKET). The calls block unless they say otherwise.
package enum ControlChannel {
    /// The longest text of a message, in bytes; more is cut.
    package static let textBytes = 60_000
    /// Descriptors of one message.
    package static let descriptorsPerMessage = sluice_most_descriptors

    /// Listens under a name; non-blocking.
    package static func listen(_ name: String) throws(LoopError) -> Int32 {
        let descriptor = try make(SOCK_NONBLOCK.rawValue, name)
        if unsafe withAddress(name, { unsafe bind(descriptor, $0, $1) }) != 0 || Glibc.listen(descriptor, 8) != 0 {
            let code = errno
            close(descriptor)
            throw LoopError("listen on", "@\(name)", errno: code)
        }
        return descriptor
    }

    /// Whoever wants to speak, if it is of this account or root; nil: nobody.
    package static func accept(_ listening: Int32) -> Int32? {
        let descriptor = Glibc.accept(listening, nil, nil)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let user = sluice_peer_user(descriptor)
        guard user == 0 || user == Int(geteuid()) else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    package static func connect(_ name: String) throws(LoopError) -> Int32 {
        let descriptor = try make(0, name)
        if unsafe withAddress(name, { unsafe Glibc.connect(descriptor, $0, $1) }) != 0 {
            let code = errno
            close(descriptor)
            throw LoopError("reach", "@\(name)", errno: code)
        }
        return descriptor
    }

    /// - Returns: false when nobody takes it.
    @discardableResult
    package static func send(_ text: String, _ descriptors: [Int32] = [], to socket: Int32) -> Bool {
        let bytes = Array(text.utf8.prefix(textBytes))
        // Both are read during the call alone.
        return unsafe sluice_send_descriptors(socket, bytes, bytes.count, descriptors, Int32(descriptors.count)) >= 0
    }

    /// The next message; nil at the end. Its descriptors are the caller's.
    package static func receive(from socket: Int32) -> (text: String, descriptors: [Int32])? {
        var bytes = [UInt8](repeating: 0, count: textBytes)
        var descriptors = [Int32](repeating: -1, count: descriptorsPerMessage)
        var count: Int32 = 0
        while true {
            // All three are written within their bounds, during the call alone.
            let got = unsafe sluice_receive_descriptors(socket, &bytes, bytes.count, &descriptors, &count)
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return nil }
            return (String(decoding: bytes[..<got], as: UTF8.self), Array(descriptors[..<Int(count)]))
        }
    }

    private static func make(_ flags: UInt32, _ name: String) throws(LoopError) -> Int32 {
        let kind = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | flags)
        let descriptor = socket(AF_UNIX, kind, 0)
        if descriptor < 0 { throw LoopError("make a socket for", "@\(name)", errno: errno) }
        return descriptor
    }

    /// Lends the name's address for one call. An abstract name begins with a zero byte and has no end but its length.
    private static func withAddress<Result>(
        _ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(name.utf8.prefix(MemoryLayout.size(ofValue: address.sun_path) - 1))
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { path in
            for (index, byte) in bytes.enumerated() { unsafe path[index + 1] = byte }
        }
        let length = MemoryLayout<sa_family_t>.size + 1 + bytes.count
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(length)) }
        }
    }
}
