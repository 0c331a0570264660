extension ByteBuffer {
    /// A value as text, where text is wanted: strings as they are, null as nothing, all else as JSON.
    package mutating func appendText(_ value: Value, _ storage: borrowing ByteBuffer) {
        switch value.kind {
        case .string: append(value.slice, of: storage)
        case .jsonString:
            let start = count
            append(value.slice, of: storage)
            let decoded = appendUnescaped(Slice(offset: start, length: count - start))
            // Close the gap that the escaped text left.
            let text = array(decoded)
            truncate(to: start)
            append(text)
        case .null: break
        default: appendJSON(value, storage)
        }
    }

    /// What `read` makes of a string of this storage, which is there without escapes while it runs; nil: the value is none.
    package mutating func withText<Found>(
        of value: Value, _ read: (Slice, borrowing ByteBuffer) -> Found?
    ) -> Found? {
        switch value.kind {
        case .string: return read(value.slice, self)
        case .jsonString:
            let mark = count
            defer { truncate(to: mark) }
            return read(appendUnescaped(value.slice), self)
        default: return nil
        }
    }
}
