internal import Events

/// One object for each tag that is made, as stages cache by identity.
struct TagCache {
    private var tags: [UInt64: Tag] = [:]
    private let secret = UInt64.random(in: .min ... .max)
    /// More begin the cache anew.
    private static let keptTags = 1024

    mutating func tag(_ bytes: [UInt8], wasRefused: Bool) -> Tag {
        var buffer = ByteBuffer(capacity: bytes.count)
        buffer.append(bytes)
        return tag(buffer, wasRefused: wasRefused)
    }

    mutating func tag(_ bytes: borrowing ByteBuffer, wasRefused: Bool) -> Tag {
        let whole = Slice(offset: 0, length: bytes.count)
        let hash = bytes.wideKeyHash(whole, secret) ^ (wasRefused ? 1 : 0)
        if let known = tags[hash], known.wasRefused == wasRefused, bytes.equals(whole, known.bytes) { return known }
        let tag = Tag(bytes.array(), wasRefused: wasRefused)
        if tags.count >= Self.keptTags { tags.removeAll(keepingCapacity: true) }
        tags[hash] = tag
        return tag
    }
}
