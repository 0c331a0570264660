internal import Events

/// The items of a chunk by where they go, where that decides about a request or about what has to be done before.
struct BulkParts {
    private(set) var parts: [ItemSet] = []

    /// - Parameter byTag: items of one index and two tags are of two parts.
    init(_ chunk: LoadedChunk, _ items: ItemSet, byTag: Bool) {
        struct Key: Hashable {
            var index: [UInt8]
            var tag: UInt32
        }
        let indices = chunk.body.labels.map { BulkLabel(bytes: $0)?.index ?? [] }
        var places: [Key: Int] = [:]
        // Neighbours mostly go to the same place.
        var last: (label: Int, tag: UInt32, place: Int) = (-1, 0, 0)
        for number in items {
            let item = chunk.item(number)
            let (label, tag) = (Int(item.label), byTag ? UInt32(item.tag) : 0)
            if label != last.label || tag != last.tag {
                let key = Key(index: indices[label], tag: tag)
                let place = places[key] ?? parts.count
                if place == parts.count {
                    places[key] = place
                    parts.append(ItemSet())
                }
                last = (label, tag, place)
            }
            parts[last.place].append(number)
        }
    }
}
