package import Events

/// What events of one chunk share: how to read them back, and what decides where they go.
package struct ItemLabel: Equatable {
    /// The record stands in front of what is sent (`KeptRecord`).
    var hasRecord = false
    /// Of what is sent, before the record's own text.
    var headBytes = 0
    /// As the writer gave them.
    package var fields: [[UInt8]] = []

    package init(hasRecord: Bool = false, headBytes: Int = 0, fields: [[UInt8]] = []) {
        self.hasRecord = hasRecord
        self.headBytes = headBytes
        self.fields = fields
    }

    /// Flags, the bytes of the head (little-endian), then each value behind its length.
    var bytes: [UInt8] {
        var out: [UInt8] = [hasRecord ? 1 : 0]
        func append(_ number: Int) {
            for shift in [0, 8, 16, 24] { out.append(UInt8(truncatingIfNeeded: number >> shift)) }
        }
        append(headBytes)
        for field in fields {
            append(field.count)
            out += field
        }
        return out
    }

    package init?(bytes: [UInt8]) {
        guard let flags = bytes.first else { return nil }
        var place = 1
        func number() -> Int? {
            guard bytes.count - place >= 4 else { return nil }
            defer { place += 4 }
            return (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
        }
        guard let head = number() else { return nil }
        (hasRecord, headBytes) = (flags & 1 != 0, head)
        while place < bytes.count {
            guard let length = number(), bytes.count - place >= length else { return nil }
            fields.append(Array(bytes[place..<(place + length)]))
            place += length
        }
    }
}

/// Where the parts of an item are that `ItemFormatter` wrote.
package struct ItemParts {
    let record: Slice?
    /// What is sent.
    package let body: Slice

    package init?(_ label: ItemLabel, _ source: Slice, _ bytes: borrowing ByteBuffer) {
        guard label.hasRecord else {
            (record, body) = (nil, source)
            return
        }
        guard let kept = KeptRecord.slice(at: Int(source.offset), before: source.end, bytes) else { return nil }
        record = kept
        body = Slice(offset: kept.end, length: source.end - kept.end)
    }
}

extension LoadedChunk {
    /// What an item that `ItemFormatter` wrote shares with others; nil when that cannot be read.
    package func itemLabel(of item: Int) -> ItemLabel? {
        let number = Int(self.item(item).label)
        return body.labels.indices.contains(number) ? ItemLabel(bytes: body.labels[number]) : nil
    }
}
