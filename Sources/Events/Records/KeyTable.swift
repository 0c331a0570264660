/// Whether so many bytes are the same, by overlapping words: keys are short, and a call of `memcmp` costs more than they do.
@inlinable @inline(__always)
package func bytesEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ length: Int) -> Bool {
    let a = unsafe UnsafeRawPointer(a)
    let b = unsafe UnsafeRawPointer(b)
    if length >= 8 {
        let last = length &- 8
        var offset = 0
        while offset < last {
            if unsafe a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != b.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset &+= 8
        }
        return unsafe a.loadUnaligned(fromByteOffset: last, as: UInt64.self)
            == b.loadUnaligned(fromByteOffset: last, as: UInt64.self)
    }
    if length >= 4 {
        let last = length &- 4
        return unsafe a.loadUnaligned(as: UInt32.self) == b.loadUnaligned(as: UInt32.self)
            && a.loadUnaligned(fromByteOffset: last, as: UInt32.self)
                == b.loadUnaligned(fromByteOffset: last, as: UInt32.self)
    }
    for offset in 0..<max(length, 0)
    where unsafe a.load(fromByteOffset: offset, as: UInt8.self) != b.load(fromByteOffset: offset, as: UInt8.self) {
        return false
    }
    return true
}

/// Finding equal keys in one record: by looking at all of them while they are few, by an open-addressing table when there
/// are many, so that a record with ten thousand keys costs ten thousand steps and not fifty million.
struct KeyTable: Sendable {
    static let threshold = 32
    static let empty = UInt32.max
    /// A table of at most this size is kept for the next record.
    static let keptPlaces = 4096
    private static let processSecret = UInt64.random(in: .min ... .max)

    /// So that no client can choose keys that all fall into one place.
    let secret = KeyTable.processSecret

    /// Numbers of fields, counted from `first`.
    var places: [UInt32] = []
    /// The record that the table is about; a table about another one is built anew.
    var first = -1
    /// How many of its fields are entered.
    var count = 0
}

extension Rows {
    /// - Parameter hash: the key's `wideKeyHash` when the record has more than `KeyTable.threshold` fields.
    mutating func find(_ key: Slice, _ hash: UInt64, first: Int, _ storage: borrowing ByteBuffer) -> Int? {
        let count = fields.count - first
        if count <= KeyTable.threshold {
            for index in first..<fields.count where storage.equal(fields[index].key, key) { return index }
            return nil
        }
        if keyTable.first != first || keyTable.count != count { buildKeyTable(first: first, storage) }
        let mask = keyTable.places.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while keyTable.places[place] != KeyTable.empty {
            let index = first + Int(keyTable.places[place])
            if storage.equal(fields[index].key, key) { return index }
            place = (place + 1) & mask
        }
        return nil
    }

    /// Enters the field that was just appended, if the table is about its record; `find` builds it when it is wanted.
    mutating func noteKey(_ hash: UInt64, first: Int, _ storage: borrowing ByteBuffer) {
        let count = fields.count - first
        guard keyTable.first == first, keyTable.count == count - 1 else { return }
        if count * 2 > keyTable.places.count {
            buildKeyTable(first: first, storage)
        } else {
            enter(count - 1, hash)
            keyTable.count = count
        }
    }

    private mutating func buildKeyTable(first: Int, _ storage: borrowing ByteBuffer) {
        let count = fields.count - first
        var size = 256
        while size < count * 4 { size *= 2 }
        if keyTable.places.count >= size && keyTable.places.count <= KeyTable.keptPlaces {
            for place in keyTable.places.indices { keyTable.places[place] = KeyTable.empty }
        } else {
            keyTable.places = [UInt32](repeating: KeyTable.empty, count: size)
        }
        keyTable.first = first
        keyTable.count = count
        for index in 0..<count {
            enter(index, storage.wideKeyHash(fields[first + index].key, keyTable.secret))
        }
    }

    private mutating func enter(_ index: Int, _ hash: UInt64) {
        let mask = keyTable.places.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while keyTable.places[place] != KeyTable.empty { place = (place + 1) & mask }
        keyTable.places[place] = UInt32(index)
    }
}

extension ByteBuffer {
    /// A hash over all bytes of a slice, for tags and for wide records: their keys often differ only in the middle
    /// (`metrics.0001.total`). Folded multiplication with a secret, as wyhash does it.
    package func wideKeyHash(_ key: Slice, _ secret: UInt64) -> UInt64 {
        precondition(key.end <= count, "slice outside the buffer")
        let length = Int(key.length)
        let start = unsafe UnsafeRawPointer(base) + Int(key.offset)
        var hash = secret ^ UInt64(length)
        var offset = 0
        while offset &+ 8 <= length {
            hash = unsafe Self.fold(hash, (start + offset).loadUnaligned(as: UInt64.self) ^ secret)
            offset &+= 8
        }
        var rest: UInt64 = 0
        while offset < length {
            rest = unsafe rest << 8 | UInt64((start + offset).load(as: UInt8.self))
            offset &+= 1
        }
        return Self.fold(hash, rest ^ secret)
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = (a ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: b ^ 0xC2B2_AE3D_27D4_EB4F)
        return product.high ^ product.low
    }
}
