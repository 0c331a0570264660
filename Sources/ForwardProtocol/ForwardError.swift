package import Events

/// Why something that a client sent was not taken: a code that counters and decisions go by, the sentence that people
/// read, where it was seen and what it costs the client.
package struct ForwardError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Codes are few and fixed: a metric has one counter for each.
    package enum Code: String, Sendable, CaseIterable {
        /// The bytes are neither MessagePack nor JSON.
        case malformed
        /// The bytes are those of another protocol.
        case foreign
        /// MessagePack or JSON, but no message of the forward protocol.
        case notForward = "not_forward"
        /// Nested deeper than could be written again.
        case tooDeep = "too_deep"
        /// A message is over `chunk_size_limit`, or a handshake over its limit.
        case tooLarge = "too_large"
        /// A compressed message is over `decompression_size_limit`.
        case unpackedTooLarge = "unpacked_too_large"
        /// Compressed bytes that cannot be unpacked.
        case corrupt
        /// The client did not show the shared key, or the user's password.
        case unauthorized
        /// A compression that nobody here knows, or one that the message does not name.
        case compression
        /// The last of the packed entries ends too early.
        case cutShort = "cut_short"
        /// An event whose time is none.
        case time
        /// An event that is no `[time, record]`, or whose record is no map.
        case event
        /// Elements or options that the protocol does not have.
        case extra
        /// A value of a MessagePack extension type stands in a record.
        case extensionType = "extension_type"
    }

    /// How much of what the client sent is given up.
    package enum Cost: String, Sendable {
        /// Nothing: it is worth a word only.
        case nothing
        /// Single events; the rest of the message counts and is acknowledged.
        case event
        /// The message: it is not acknowledged.
        case message
        /// The connection, with everything that stands behind.
        case connection
    }

    package var code: Code
    package var message: String
    /// Bytes from the beginning of the read in which it was seen; nil where no place can be named.
    package var offset: Int?
    package var costs: Cost

    package init(_ code: Code, _ message: String, offset: Int? = nil, costs: Cost = .connection) {
        self.code = code
        self.message = message
        self.offset = offset
        self.costs = costs
    }

    package var description: String { message }

    /// What makes no message at all.
    package static func messagePack(_ error: MessagePackError) -> ForwardError {
        switch error {
        case .malformed(let offset, let byte):
            ForwardError(
                .malformed, "not MessagePack: byte \(hex(byte)) at offset \(offset) of what was received",
                offset: offset)
        case .tooDeep(let limit): ForwardError(.tooDeep, "a record is nested deeper than \(limit) levels")
        case .unexpected(let offset, let byte):
            ForwardError(
                .notForward, "byte \(hex(byte)) at offset \(offset) is not what the forward protocol has there",
                offset: offset)
        case .truncated(let missing): ForwardError(.cutShort, "the data ends \(missing) bytes too early")
        }
    }

    /// A byte as people write it: `0x0F`.
    package static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "0x0" + digits : "0x" + digits
    }
}
