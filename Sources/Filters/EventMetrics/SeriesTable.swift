internal import Events

/// The values of a series' labels, each behind its length in four bytes.
package struct SeriesKey: ~Copyable {
    private var buffer = ByteBuffer(capacity: 128)

    package init() {}

    package mutating func clear() { buffer.clear() }

    package mutating func add(_ value: borrowing [UInt8]) {
        begin(value.count)
        buffer.append(value)
    }

    mutating func add(_ text: borrowing ByteBuffer) {
        begin(text.count)
        buffer.append(text)
    }

    private mutating func begin(_ length: Int) {
        buffer.append(UInt8(truncatingIfNeeded: length >> 24))
        buffer.append(UInt8(truncatingIfNeeded: length >> 16))
        buffer.append(UInt8(truncatingIfNeeded: length >> 8))
        buffer.append(UInt8(truncatingIfNeeded: length))
    }

    private var whole: Slice { Slice(offset: 0, length: buffer.count) }

    fileprivate var bytes: [UInt8] { buffer.array() }
    fileprivate func hash(_ secret: UInt64) -> UInt64 { buffer.wideKeyHash(whole, secret) }
    fileprivate func equals(_ other: borrowing [UInt8]) -> Bool { buffer.equals(whole, other) }

    var values: [String] {
        let bytes = bytes
        var values: [String] = []
        var place = 0
        while place + 4 <= bytes.count {
            let length = bytes[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) }
            place += 4
            values.append(String(decoding: bytes[place..<(place + length)], as: UTF8.self))
            place += length
        }
        return values
    }
}

/// Finds a series by the values of its labels. Looking for one takes no memory, as it is done for each event.
struct SeriesTable: Sendable {
    private var keys: [[UInt8]] = []
    private var hashes: [UInt64] = []
    /// Numbers of series by their hash, with open addressing; a power of two, at most half of it taken.
    private var places = [Int32](repeating: Self.empty, count: 16)
    /// So that no sender can choose labels that all fall into one place.
    private let secret = UInt64.random(in: .min ... .max)

    private static let empty = Int32(-1)

    func find(_ key: borrowing SeriesKey) -> Int? {
        let hash = key.hash(secret)
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] != Self.empty {
            let number = Int(places[place])
            if hashes[number] == hash, key.equals(keys[number]) { return number }
            place = (place + 1) & (places.count - 1)
        }
        return nil
    }

    /// Adds a key that is not there. Returns its number: how many there were.
    mutating func add(_ key: borrowing SeriesKey) -> Int {
        let number = keys.count
        keys.append(key.bytes)
        hashes.append(key.hash(secret))
        if keys.count * 2 > places.count {
            places = [Int32](repeating: Self.empty, count: places.count * 2)
            for known in 0..<number { enter(known) }
        }
        enter(number)
        return number
    }

    private mutating func enter(_ number: Int) {
        var place = Int(truncatingIfNeeded: hashes[number]) & (places.count - 1)
        while places[place] != Self.empty { place = (place + 1) & (places.count - 1) }
        places[place] = Int32(number)
    }
}
