internal import Events
internal import Kafka

/// What many messages of a chunk share: their topic, and which parts stand in front of their bytes.
struct KafkaLabel: Equatable {
    struct Parts: OptionSet {
        let rawValue: UInt8
        /// The record, where the message does not say all of it.
        static let record = Parts(rawValue: 1)
        static let key = Parts(rawValue: 2)
        static let partitionKey = Parts(rawValue: 4)
        static let partition = Parts(rawValue: 8)
        static let headers = Parts(rawValue: 16)
    }

    var parts: Parts
    var topic: [UInt8]

    init(parts: Parts, topic: [UInt8]) { (self.parts, self.topic) = (parts, topic) }

    var bytes: [UInt8] { [parts.rawValue] + topic }

    init?(bytes: [UInt8]) {
        guard let first = bytes.first else { return nil }
        (parts, topic) = (Parts(rawValue: first), Array(bytes.dropFirst()))
    }
}

/// Where the parts of an item are: the record (`KeptRecord`), then key, partition key, partition and headers, as far as the
/// label names them, each behind its length in four bytes (little-endian), then the message.
struct KafkaItem {
    private(set) var record: Slice?
    private(set) var key: Slice?
    private(set) var partitionKey: Slice?
    private(set) var partition: Int32?
    private(set) var headers: [(name: Slice, value: Slice)] = []
    let value: Slice

    init?(_ parts: KafkaLabel.Parts, _ source: Slice, _ bytes: borrowing ByteBuffer) {
        var place = Int(source.offset)
        if parts.contains(.record) {
            guard let kept = KeptRecord.slice(at: place, before: source.end, bytes) else { return nil }
            record = kept
            place = kept.end
        }
        func number(_ place: inout Int) -> Int? {
            guard source.end - place >= 4 else { return nil }
            defer { place += 4 }
            return (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
        }
        func part(_ place: inout Int) -> Slice? {
            guard let length = number(&place), length <= source.end - place else { return nil }
            defer { place += length }
            return Slice(offset: place, length: length)
        }
        if parts.contains(.key) {
            guard let found = part(&place) else { return nil }
            key = found
        }
        if parts.contains(.partitionKey) {
            guard let found = part(&place) else { return nil }
            partitionKey = found
        }
        if parts.contains(.partition) {
            guard let found = number(&place) else { return nil }
            partition = Int32(truncatingIfNeeded: found)
        }
        if parts.contains(.headers) {
            guard let count = number(&place) else { return nil }
            for _ in 0..<count {
                guard let name = part(&place), let value = part(&place) else { return nil }
                headers.append((name, value))
            }
        }
        value = Slice(offset: place, length: source.end - place)
    }
}

extension ByteBuffer {
    /// A number in four bytes, little-endian.
    mutating func appendLength(_ number: Int) {
        for shift in [0, 8, 16, 24] { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
}
