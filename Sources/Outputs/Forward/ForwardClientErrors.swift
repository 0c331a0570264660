internal import EventLoop
internal import Events
internal import ForwardProtocol

/// What a socket adds to the reasons for giving up.
extension ForwardClientError {
    /// The connection was not made.
    static func cannotConnect(to endpoint: Endpoint, _ error: LoopError) -> ForwardClientError {
        let what = "cannot \(error.call) \(endpoint.place): \(error.explanation)"
        switch error.name {
        case "ECONNREFUSED", "ENOENT": return ForwardClientError("\(what); is sluice running there?")
        case "ETIMEDOUT": return ForwardClientError(.timeout, "\(what); \(error.advice)")
        default: return ForwardClientError(error.advice.isEmpty ? what : "\(what); \(error.advice)")
        }
    }

    /// A time limit has passed.
    static func stalled(
        _ what: String, _ settings: ForwardClient.Settings, _ how: String, _ milliseconds: UInt64, _ hint: String = ""
    ) -> ForwardClientError {
        ForwardClientError(
            .timeout, "cannot \(what) \(settings.endpoint.place): \(how) within \(milliseconds) ms\(hint)")
    }
}

extension Endpoint {
    /// As people write it: `127.0.0.1:24224`, `/run/sluice.sock`.
    package var place: String {
        switch self {
        case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }

    /// What a certificate must name; a unix socket stands for this machine.
    var host: String { if case .tcp(let host, _) = self { host } else { "localhost" } }
}
