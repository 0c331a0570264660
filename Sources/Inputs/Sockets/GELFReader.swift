internal import Compression
internal import Events
internal import Logging
internal import Time

/// From datagrams to the texts of GELF messages: put together, and unpacked (gzip, zlib, or as they are; Graylog's "GELF via
/// UDP", "Compression"). Belongs to one loop.
final class GELFReader {
    private var pieces: GELFPieces
    private var packed = ByteBuffer()
    /// The text that `read` has found.
    private(set) var text = ByteBuffer()
    private let limit: DecompressionLimit
    private let log: Log
    private let clock: () -> Int64

    init(
        limitBytes: Int, log: Log, clock: @escaping () -> Int64 = Clock.monotonicMilliseconds
    ) {
        pieces = GELFPieces(limitBytes: limitBytes)
        limit = DecompressionLimit(bytes: limitBytes, parameter: "message_length_limit")
        self.log = log
        self.clock = clock
    }

    /// Whether a datagram completes a message, which is in `text` then.
    func read(_ datagram: [UInt8], from sender: String) -> Bool {
        let result = pieces.take(datagram, from: sender, at: clock())
        let lost = pieces.takeLost()
        if lost > 0 {
            log.limited(
                .warn, kind: "pieces", count: lost,
                "messages are left out: not all of their pieces have come within 5 seconds, or they are too large",
                ["messages": lost])
        }
        switch result {
        case .waits: return false
        case .broken(let reason): return drop(reason, sender)
        case .whole(let bytes): return unpack(bytes, sender)
        }
    }

    private func unpack(_ bytes: [UInt8], _ sender: String) -> Bool {
        packed.clear()
        text.clear()
        let slice = packed.append(copyOf: bytes)
        let isGzip = bytes.starts(with: [0x1F, 0x8B])
        // A zlib header: deflate, and a check of 31 over its two bytes (RFC 1950, 2.2). No JSON begins so.
        let isZlib = bytes.count > 2 && bytes[0] & 0x0F == 8 && (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0
        guard isGzip || isZlib else {
            text.append(slice, of: packed)
            return true
        }
        do throws(CompressionError) {
            try Gzip.decompress(slice, of: packed, into: &text, limit: limit)
            return true
        } catch {
            return drop("\(error)", sender)
        }
    }

    private func drop(_ reason: String, _ sender: String) -> Bool {
        log.limited(.warn, kind: "gelf", subject: ["client": sender], "a datagram is left out: \(reason)")
        return false
    }
}
