internal import EventLoop

/// Why a client gave up; one sentence for the operator.
package struct ForwardClientError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension ForwardClientError {
    /// The peer is something else.
    static func strange(_ byte: UInt8) -> ForwardClientError {
        ForwardClientError(
            "the server's answer is not the forward protocol (byte 0x\(String(byte, radix: 16))): correct the port")
    }

    /// The server's PONG said no.
    static func refused(_ reason: [UInt8]) -> ForwardClientError {
        let text = String(decoding: reason, as: UTF8.self)
        let advice =
            switch text {
            case "shared_key mismatch": "; give the shared_key of the server's <security>"
            case "username/password mismatch": "; correct the user name and password"
            default: ""
            }
        return ForwardClientError("the server refused this client: \(text)\(advice)")
    }

    /// The connection was not made.
    static func cannotConnect(to endpoint: Endpoint, _ error: LoopError) -> ForwardClientError {
        let what = "cannot \(error.call) \(endpoint.place): \(error.explanation)"
        switch error.name {
        case "ECONNREFUSED", "ENOENT": return ForwardClientError("\(what); is sluice running there?")
        default: return ForwardClientError(error.advice.isEmpty ? what : "\(what); \(error.advice)")
        }
    }

    /// A time limit has passed.
    static func stalled(
        _ what: String, _ settings: ForwardClient.Settings, _ how: String, _ hint: String = ""
    ) -> ForwardClientError {
        ForwardClientError(
            "cannot \(what) \(settings.endpoint.place): \(how) within \(settings.timeoutMilliseconds) ms\(hint)")
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
