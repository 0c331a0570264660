import CUV
import Glibc

/// A bound descriptor, made by ourselves rather than by libuv: its errors come from the call that failed (libuv reports
/// a taken port only at `listen`), and `SO_REUSEPORT` needs it (libuv offers it from 1.49 on).
package struct ListeningSocket {
    package let descriptor: Int32

    /// A TCP socket that listens, for a library that accepts by itself.
    ///
    /// - Parameter inherited: one that listens there already, which is used instead.
    package static func listen(
        host: String, port: UInt16, backlog: Int32, reusePort: Bool, inherited: Int32?
    ) throws(LoopError) -> ListeningSocket {
        if let inherited { return ListeningSocket(descriptor: inherited) }
        let socket = try bind(host: host, port: port, type: SOCK_STREAM, reusePort: reusePort)
        guard Glibc.listen(socket.descriptor, backlog) == 0 else {
            let code = errno
            socket.close()
            throw LoopError("listen on", "tcp \(host):\(port)", errno: code)
        }
        return socket
    }

    /// A TCP or UDP socket bound to the first address that the host resolves to.
    ///
    /// Resolves with a blocking call: listeners open at start-up, before anything flows.
    static func bind(
        host: String, port: UInt16, type: __socket_type, reusePort: Bool
    ) throws(LoopError) -> ListeningSocket {
        let subject =
            "\(type == SOCK_DGRAM ? "udp" : "tcp") \(host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host):\(port)"
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(type.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let resolved = unsafe getaddrinfo(host, String(port), &hints, &list)
        // The list is ours until freeaddrinfo, and is not kept.
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        guard resolved == 0, let first = unsafe list, let address = unsafe first.pointee.ai_addr else {
            throw LoopError(
                "resolve", subject, name: "EAI \(resolved)",
                explanation: unsafe String(cString: gai_strerror(resolved)),
                advice: "give an address of this machine, 0.0.0.0 or ::")
        }
        let made = unsafe ListeningSocket(
            descriptor: socket(first.pointee.ai_family, Int32(type.rawValue) | closeOnExec, 0))
        if made.descriptor < 0 { throw LoopError("make a socket for", subject, errno: errno) }
        if type == SOCK_STREAM { made.set(SOL_SOCKET, SO_REUSEADDR, 1) }
        if reusePort { made.set(SOL_SOCKET, SO_REUSEPORT, 1) }
        if unsafe Glibc.bind(made.descriptor, address, first.pointee.ai_addrlen) < 0 {
            let code = errno
            made.close()
            throw LoopError("bind", subject, errno: code)
        }
        return made
    }

    /// A unix stream socket at a path. A socket file nobody listens on is taken for left over and removed; one that
    /// answers, or a file of another kind, is an error.
    static func bind(path: String, mode: mode_t) throws(LoopError) -> ListeningSocket {
        let subject = "unix \(path)"
        guard var address = sockaddr_un(path: path) else {
            throw LoopError(
                "bind", subject, name: "ENAMETOOLONG", explanation: "path longer than 107 bytes",
                advice: "the kernel takes no more: choose a shorter path")
        }
        try removeStale(path: path, address: address)
        let made = ListeningSocket(descriptor: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | closeOnExec, 0))
        if made.descriptor < 0 { throw LoopError("make a socket for", subject, errno: errno) }
        // Nobody can connect before listen(), so the mode set after bind() is in force in time.
        let bound = unsafe address.withSockaddr { unsafe Glibc.bind(made.descriptor, $0, $1) }
        let isReady = unsafe bound == 0 && chmod(path, mode) == 0
        if !isReady {
            let code = errno
            if bound == 0 { unsafe unlink(path) }
            made.close()
            throw LoopError(
                "bind", subject, errno: code,
                advice: code == ENOENT ? "make its directory first" : nil)
        }
        return made
    }

    private static func removeStale(path: String, address: sockaddr_un) throws(LoopError) {
        var facts = stat()
        guard unsafe lstat(path, &facts) == 0 else { return }
        guard facts.st_mode & S_IFMT == S_IFSOCK else {
            throw LoopError(
                "bind", "unix \(path)", name: "EEXIST", explanation: "a file that is no socket is there",
                advice: "move it away or choose another path")
        }
        let probe = ListeningSocket(
            descriptor: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | closeOnExec | Int32(SOCK_NONBLOCK.rawValue), 0))
        if probe.descriptor < 0 { throw LoopError("make a socket for", "unix \(path)", errno: errno) }
        defer { probe.close() }
        var address = address
        // EAGAIN: its backlog is full, so somebody does listen.
        let connected = unsafe address.withSockaddr { unsafe connect(probe.descriptor, $0, $1) }
        if connected == 0 || errno == EAGAIN {
            throw LoopError(
                "bind", "unix \(path)", errno: EADDRINUSE,
                advice: "another process listens there: stop it or choose another path")
        }
        if errno == ECONNREFUSED { unsafe unlink(path) }
    }

    /// Sets an integer option; options that matter for success have been tried by the kernel's own defaults, so a
    /// refusal is not worth an end.
    func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Where it is bound, for port 0.
    package var address: SocketAddress? { unsafe SocketAddress(of: descriptor, getsockname) }

    package func close() { _ = Glibc.close(descriptor) }

    /// The same socket once more, for a successor.
    package func duplicate() throws(LoopError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        if copy < 0 { throw LoopError("share", "a socket", errno: errno) }
        return copy
    }

    private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)
}

extension sockaddr_un {
    /// Nil for a path longer than the kernel's 107 bytes, or an empty one.
    init?(path: String) {
        self.init()
        sun_family = sa_family_t(AF_UNIX)
        let length = path.utf8.count
        guard length > 0, length < MemoryLayout.size(ofValue: sun_path) else { return nil }
        // The bound was checked above; the rest stays zero and ends the string.
        unsafe withUnsafeMutableBytes(of: &sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    }

    /// Lends the address in the kernel's form for one call.
    mutating func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        unsafe withUnsafePointer(to: &self) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
