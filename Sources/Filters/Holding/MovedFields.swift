internal import Events

/// Fields that outlive their batch lie in a buffer of their own, and come back at another place.
extension ByteBuffer {
    mutating func append(_ slice: Slice, movedFrom other: borrowing ByteBuffer) -> Slice {
        let start = count
        append(slice, of: other)
        return Slice(offset: start, length: Int(slice.length))
    }
}

extension Slice {
    func shifted(by distance: Int) -> Slice { Slice(offset: Int(offset) + distance, length: Int(length)) }
}

extension Value {
    private var hasBytes: Bool {
        switch kind {
        case .string, .jsonString, .number, .json, .msgpack: true
        case .null, .false, .true, .int, .uint, .double: false
        }
    }

    /// The same value with its bytes in another buffer.
    func moved(from storage: borrowing ByteBuffer, to other: inout ByteBuffer) -> Value {
        hasBytes ? Value(kind, other.append(slice, movedFrom: storage)) : self
    }

    func shifted(by distance: Int) -> Value {
        hasBytes ? Value(kind, slice.shifted(by: distance)) : self
    }
}
