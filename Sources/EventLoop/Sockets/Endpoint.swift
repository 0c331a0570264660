/// Where to listen or connect: a host and port, or the path of a unix socket.
package enum Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or a numeric address, and a port; port 0 lets the kernel choose one to listen on.
    case tcp(host: String, port: UInt16)
    /// A path in the file system, at most 107 bytes (`sockaddr_un`).
    case unix(path: String)

    package var description: String {
        switch self {
        case .tcp(let host, let port):
            host.utf8.contains(UInt8(ascii: ":")) ? "tcp [\(host)]:\(port)" : "tcp \(host):\(port)"
        case .unix(let path): "unix \(path)"
        }
    }
}
