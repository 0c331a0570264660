/// Secrets that are known as text, laid out so that a message is walked over once, however many secrets there are.
struct KnownSecrets: Sendable {
    private var known: Set<[UInt8]> = []
    /// Which lengths the secrets have that begin with some bytes, the longest first.
    private var lengths: [UInt64: [Int]] = [:]
    /// The short ones, with the quotes in which alone they are looked for.
    private var quoted: Set<[UInt8]> = []

    /// Bytes from which on a secret is looked for inside of words; shorter ones are words of every other message.
    static let telling = 6

    var isEmpty: Bool { known.isEmpty && quoted.isEmpty }

    mutating func insert(_ secret: some Sequence<UInt8>) {
        let bytes = Array(secret)
        guard !bytes.isEmpty else { return }
        guard bytes.count >= Self.telling else {
            quoted.insert([Byte.apostrophe] + bytes + [Byte.apostrophe])
            return
        }
        guard known.insert(bytes).inserted else { return }
        let key = Self.key(bytes, 0)
        var lengths = lengths[key] ?? []
        if !lengths.contains(bytes.count) {
            lengths.insert(bytes.count, at: lengths.firstIndex { $0 < bytes.count } ?? lengths.endIndex)
            self.lengths[key] = lengths
        }
    }

    mutating func formUnion(_ other: KnownSecrets) {
        for secret in other.known { insert(secret) }
        quoted.formUnion(other.quoted)
    }

    /// A text without the secrets. Of the short ones only what stands alone in quotes is hidden: a message must stay a
    /// sentence when the password is `a`.
    func hidden(in text: String) -> String {
        if isEmpty { return text }
        let bytes = Array(text.utf8)
        var ranges: [Range<Int>] = []
        for position in bytes.indices {
            guard let end = end(ofSecretAt: position, in: bytes) else { continue }
            if let last = ranges.last, position < last.upperBound {
                // Two that overlap are hidden as one.
                ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, end)
            } else {
                ranges.append(position..<end)
            }
        }
        guard !ranges.isEmpty else { return text }
        return SecretText.replacing(ranges.map(Self.inner(bytes)), in: bytes)
    }

    /// Of a short secret the quotes stay.
    private static func inner(_ bytes: [UInt8]) -> (Range<Int>) -> Range<Int> {
        { range in
            range.count < telling + 2 && bytes[range.lowerBound] == Byte.apostrophe
                && bytes[range.upperBound - 1] == Byte.apostrophe
                ? (range.lowerBound + 1)..<(range.upperBound - 1) : range
        }
    }

    private func end(ofSecretAt position: Int, in bytes: [UInt8]) -> Int? {
        if bytes[position] == Byte.apostrophe, !quoted.isEmpty,
            let close = bytes[(position + 1)...].prefix(Self.telling).firstIndex(of: Byte.apostrophe),
            quoted.contains(Array(bytes[position...close]))
        {
            return close + 1
        }
        guard bytes.count - position >= Self.telling, let lengths = lengths[Self.key(bytes, position)] else {
            return nil
        }
        let length = lengths.first { length in
            position + length <= bytes.count && known.contains(Array(bytes[position..<(position + length)]))
        }
        return length.map { position + $0 }
    }

    private static func key(_ bytes: [UInt8], _ position: Int) -> UInt64 {
        bytes[position..<(position + telling)].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
