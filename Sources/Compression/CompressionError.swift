/// Why compressed data could not be unpacked, or data could not be packed.
package enum CompressionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes are not what the format wants, at this offset of the compressed data.
    case corrupt(format: String, offset: Int, detail: String)
    /// The data ends in the middle of a stream.
    case truncated(format: String, bytes: Int)
    /// Unpacked, it is larger than its limit allows (a "zip bomb", or a limit that is too low).
    case tooLarge(limitBytes: Int, parameter: String)
    /// The library has no memory left.
    case noMemory(format: String)

    package var description: String {
        switch self {
        case .corrupt(let format, let offset, let detail):
            "invalid \(format) data at byte \(offset): \(detail)"
        case .truncated(let format, let bytes):
            "\(format) data ends in the middle of a stream, after \(bytes) bytes: the sender was cut off"
        case .tooLarge(let limitBytes, let parameter):
            "compressed data unpacks to more than \(limitBytes) bytes; raise \(parameter) if this is wanted"
        case .noMemory(let format): "no memory for \(format)"
        }
    }
}

/// How far data may grow when it is unpacked, and the name of the parameter that says so.
package struct DecompressionLimit: Sendable, Equatable {
    /// Size in bytes of all that one call, or one stream, may produce.
    package var bytes: Int
    /// What the operator has to change; it is in the error.
    package var parameter: String

    /// 256 MiB: thirty-two times the chunk limit of the peers that send such data.
    package init(bytes: Int = 256 << 20, parameter: String = "decompressionLimitBytes") {
        self.bytes = bytes
        self.parameter = parameter
    }
}
