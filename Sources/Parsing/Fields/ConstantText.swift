package import Events

/// Texts that a parser puts into every record, written to the storage once for each batch.
final class ConstantText {
    private let block: [UInt8]
    private let places: [Slice?]
    private var start = 0

    /// nil keeps a place in the numbering.
    init(_ texts: [[UInt8]?]) {
        var block: [UInt8] = []
        places = texts.map { text in
            guard let text else { return nil }
            defer { block += text }
            return Slice(offset: block.count, length: text.count)
        }
        self.block = block
    }

    func write(_ storage: inout ByteBuffer) {
        start = storage.count
        storage.append(block)
    }

    /// Where a text is; it is written again when the storage is another one than at `write`.
    func slice(_ index: Int, _ storage: inout ByteBuffer) -> Slice? {
        guard let place = places[index] else { return nil }
        let whole = Slice(offset: start, length: block.count)
        if whole.end > storage.count || !storage.equals(whole, block) { write(&storage) }
        return Slice(offset: start + Int(place.offset), length: Int(place.length))
    }
}

extension Rows {
    /// Adds a field to the record that begins at `first`, or replaces the value of an equal key.
    package mutating func put(_ key: Slice, _ value: Value, first: Int, _ storage: borrowing ByteBuffer) {
        for index in first..<fields.count where storage.equal(fields[index].key, key) {
            fields[index].value = value
            return
        }
        fields.append(Field(key: key, value: value))
    }
}
