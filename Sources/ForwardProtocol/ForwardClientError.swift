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
}
