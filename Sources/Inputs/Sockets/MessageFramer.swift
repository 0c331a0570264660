internal import Events

/// Cuts a stream of bytes into messages: at a delimiter, or by the number of octets in front of each (RFC 6587, 3.4.1).
/// Pure; one for each connection.
struct MessageFramer: ~Copyable {
    enum Frame: Equatable {
        /// Bytes of the framer's buffer, until the next `receive`.
        case message(Slice)
        /// A message that is larger than the limit was left out.
        case tooLong
        /// What comes is not of the form; nothing more can be made of it.
        case broken
    }

    private let framing: SocketFraming
    private let limitBytes: Int
    private(set) var bytes = ByteBuffer(capacity: 4096)
    private var place = 0
    /// Up to where no delimiter is.
    private var searched = 0
    /// In the middle of a message that is too long: octets of it that are still to come, or until the delimiter.
    private var skips: Int?
    private var isBroken = false

    init(_ framing: SocketFraming, limitBytes: Int) { (self.framing, self.limitBytes) = (framing, limitBytes) }

    /// What it holds.
    var keptBytes: Int { bytes.count - place }

    /// More bytes of the stream. What was given out before is gone.
    @unsafe mutating func receive(_ more: UnsafeRawBufferPointer) {
        if place > 0 {
            bytes.removePrefix(place)
            searched = max(searched - place, 0)
            place = 0
        }
        unsafe bytes.append(copying: more)
    }

    /// The next message that is complete; nil: more bytes are needed.
    mutating func next() -> Frame? {
        if isBroken { return nil }
        switch framing {
        case .delimiter(let delimiter): return nextLine(delimiter)
        case .octetCount: return nextCounted()
        }
    }

    private mutating func nextLine(_ delimiter: [UInt8]) -> Frame? {
        var end = max(searched, place)
        while end + delimiter.count <= bytes.count {
            if bytes[end] == delimiter[0], bytes.equals(Slice(offset: end, length: delimiter.count), delimiter) {
                let message = Slice(offset: place, length: end - place)
                place = end + delimiter.count
                searched = place
                if skips != nil {
                    skips = nil
                    return .tooLong
                }
                return message.length > limitBytes ? .tooLong : .message(message)
            }
            end += 1
        }
        searched = end
        if keptBytes > limitBytes + delimiter.count {
            // The rest of it is heard and forgotten; its end may have begun.
            skips = 0
            place = max(end, place)
        }
        return nil
    }

    /// Digits of a length, as many as a limit can have.
    private static let mostDigits = 9

    private mutating func nextCounted() -> Frame? {
        if let left = skips {
            let dropped = min(left, keptBytes)
            place += dropped
            skips = left - dropped
            guard skips == 0 else { return nil }
            skips = nil
            return .tooLong
        }
        var end = place
        var length = 0
        while end < bytes.count, (0x30...0x39).contains(bytes[end]), end - place < Self.mostDigits {
            length = length * 10 + Int(bytes[end] - 0x30)
            end += 1
        }
        guard end < bytes.count else { return nil }
        guard end > place, bytes[end] == 0x20 else {
            isBroken = true
            return .broken
        }
        end += 1
        if length > limitBytes {
            place = end
            skips = length
            return nextCounted()
        }
        guard bytes.count - end >= length else { return nil }
        place = end + length
        return .message(Slice(offset: end, length: length))
    }
}

/// How messages of a stream are told apart.
package enum SocketFraming: Sendable, Equatable {
    case delimiter([UInt8])
    case octetCount
}
