internal import Events

/// Little-endian numbers, and text with its length in front.
extension ByteBuffer {
    mutating func append(littleEndian value: some FixedWidthInteger) {
        var rest = value
        for _ in 0..<(value.bitWidth / 8) {
            append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    mutating func append(text bytes: borrowing [UInt8]) {
        append(littleEndian: UInt32(bytes.count))
        append(bytes)
    }

    /// The caller knows that the bytes are there.
    func littleEndian<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type = Number.self) -> Number {
        var value: Number = 0
        for index in (0..<(type.bitWidth / 8)).reversed() {
            value = value << 8 | Number(truncatingIfNeeded: self[offset + index])
        }
        return value
    }
}

/// Reads what may be cut off or nonsense: every step says whether it was there.
struct BinaryCursor {
    private(set) var offset: Int
    private let end: Int

    init(_ range: Range<Int>) { (offset, end) = (range.lowerBound, range.upperBound) }

    var left: Int { end - offset }

    mutating func number<Number: FixedWidthInteger>(_ buffer: borrowing ByteBuffer) -> Number? {
        let count = Number.bitWidth / 8
        guard left >= count else { return nil }
        defer { offset += count }
        return buffer.littleEndian(at: offset)
    }

    mutating func text(_ buffer: borrowing ByteBuffer) -> [UInt8]? {
        guard let length: UInt32 = number(buffer), left >= Int(length) else { return nil }
        defer { offset += Int(length) }
        return buffer.array(Slice(offset: offset, length: Int(length)))
    }
}
