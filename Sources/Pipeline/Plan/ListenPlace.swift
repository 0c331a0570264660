/// Where a source listens, as far as two of them can be in one another's way.
enum ListenPlace: CustomStringConvertible {
    case tcp(host: String, port: Int)
    case udp(host: String, port: Int)
    case unix(path: String)

    /// Port 0 is another one each time; an address that stands for all of them takes its port from every other.
    func overlaps(_ other: ListenPlace) -> Bool {
        switch (self, other) {
        case (.tcp(let host, let port), .tcp(let otherHost, let otherPort)),
            (.udp(let host, let port), .udp(let otherHost, let otherPort)):
            port != 0 && port == otherPort
                && (host == otherHost || Self.all.contains(host) || Self.all.contains(otherHost))
        case (.unix(let path), .unix(let otherPath)): path == otherPath
        default: false
        }
    }

    private static let all = ["0.0.0.0", "::"]

    var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .udp(let host, let port): "udp \(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): path
        }
    }
}
