package import Events

/// Why a client gave up: of which kind, for whoever decides what to do, and one sentence for the operator.
package struct ForwardClientError: Error, Sendable, Equatable, CustomStringConvertible {
    package let kind: Refusal.Kind
    package let description: String

    package init(_ kind: Refusal.Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    package init(_ description: String) { self.init(.unreachable, description) }
}

extension ForwardClientError {
    /// The peer is something else.
    static func strange(_ byte: UInt8) -> ForwardClientError {
        ForwardClientError(
            .unclear,
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
        return ForwardClientError(.forbidden, "the server refused this client: \(text)\(advice)")
    }
}
