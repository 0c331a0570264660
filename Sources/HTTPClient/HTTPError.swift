/// Why there is no answer.
package enum HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No connection: refused, no such host, no route.
    case unreachable(String)
    /// `request_timeout` or the connect timeout is over.
    case timeout(String)
    /// The certificate or the handshake.
    case tls(String)
    /// The connection ended while a request was under way, after so many bytes of its body.
    case reset(String, sentBytes: Int)
    case responseTooLarge(limitBytes: Int)
    /// The request cannot be sent at all: a malformed URL, a certificate file that is not there.
    case unusable(String)
    case cancelled

    package var description: String {
        switch self {
        case .unreachable(let text), .timeout(let text), .tls(let text), .unusable(let text): text
        case .reset(let text, _): text
        case .responseTooLarge(let limitBytes):
            "the answer is larger than responseLimitBytes (\(limitBytes) bytes)"
        case .cancelled: "cancelled"
        }
    }
}
