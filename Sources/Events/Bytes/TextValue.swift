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
}
