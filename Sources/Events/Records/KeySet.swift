/// A few keys that are looked for together, in one pass over a record's fields.
package struct KeySet: Sendable {
    private let keys: [[UInt8]]
    /// Of the keys: bit n stands for n bytes, the last one for all that are longer.
    private let lengths: UInt64
    /// Of the keys: a bit for the lower six bits of the first byte.
    private let beginnings: UInt64

    package init(_ keys: [[UInt8]]) {
        self.keys = keys
        lengths = keys.reduce(0) { $0 | Self.bit(length: UInt32(truncatingIfNeeded: $1.count)) }
        beginnings = keys.reduce(0) { $0 | Self.bit(beginning: $1.first ?? 0) }
    }

    private static func bit(length: UInt32) -> UInt64 { 1 << UInt64(min(length, 63)) }
    private static func bit(beginning: UInt8) -> UInt64 { 1 << UInt64(beginning & 63) }

    fileprivate func mayHold(keyOf length: UInt32) -> Bool { lengths & Self.bit(length: length) != 0 }

    fileprivate func holds(_ key: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        if key.length > 0, beginnings & Self.bit(beginning: storage[Int(key.offset)]) == 0 { return false }
        for candidate in keys where storage.equals(key, candidate) { return true }
        return false
    }
}

extension Rows {
    /// Whether a record has one of some top-level keys. O(fields): a load and a test for each whose length none of them has.
    package func hasAny(of keys: borrowing KeySet, in record: Record, _ storage: borrowing ByteBuffer) -> Bool {
        let range = record.fieldRange
        precondition(range.upperBound <= fields.count, "record outside the fields")
        for index in range {
            let key = unsafe fields.base[index].key
            if keys.mayHold(keyOf: key.length), keys.holds(key, storage) { return true }
        }
        return false
    }
}
