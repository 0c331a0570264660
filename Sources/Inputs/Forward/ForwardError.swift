internal import Events

/// Why a connection is closed: one clear sentence for the log.
package struct ForwardError: Error, Equatable, Sendable {
    package var message: String

    package init(_ message: String) { self.message = message }

    static func messagePack(_ error: MessagePackError) -> ForwardError {
        switch error {
        case .malformed(let offset, let byte):
            ForwardError("not MessagePack: byte \(hex(byte)) at offset \(offset) of what was received")
        case .tooDeep(let limit): ForwardError("a record is nested deeper than \(limit) levels")
        case .unexpected(let offset, let byte):
            ForwardError("byte \(hex(byte)) at offset \(offset) is not what the forward protocol has there")
        case .truncated(let missing): ForwardError("the data ends \(missing) bytes too early")
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "0x0" + digits : "0x" + digits
    }
}
