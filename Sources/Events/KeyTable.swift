internal import Glibc

@inline(__always)
func bytesEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ length: Int) -> Bool {
    unsafe memcmp(a, b, length) == 0
}

/// Finding equal keys in one record: by looking at all of them while they are few, by an open-addressing table when there
/// are many, so that a record with ten thousand keys costs ten thousand steps and not fifty million.
enum KeyTable {
    static let threshold = 32
    static let empty = UInt32.max
}

extension Rows {
    func find(_ key: Slice, _ hash: UInt64, first: Int, _ storage: borrowing ByteBuffer) -> Int? {
        let count = fields.count - first
        if count <= KeyTable.threshold {
            for index in first..<fields.count where storage.equal(fields[index].key, key) { return index }
            return nil
        }
        let mask = keyTable.count - 1
        var place = Int(truncatingIfNeeded: hash >> 6) & mask
        while keyTable[place] != KeyTable.empty {
            let index = first + Int(keyTable[place])
            if storage.equal(fields[index].key, key) { return index }
            place = (place + 1) & mask
        }
        return nil
    }

    /// Enters the last field; builds the table anew when it becomes too full.
    mutating func noteKey(_ hash: UInt64, first: Int, _ storage: borrowing ByteBuffer) {
        let count = fields.count - first
        if count == KeyTable.threshold + 1 || count * 2 > keyTable.count {
            var size = 128
            while size < count * 4 { size *= 2 }
            keyTable = [UInt32](repeating: KeyTable.empty, count: size)
            for index in 0..<count { enter(index, storage.keyHash(fields[first + index].key)) }
        } else {
            enter(count - 1, hash)
        }
    }

    private mutating func enter(_ index: Int, _ hash: UInt64) {
        let mask = keyTable.count - 1
        var place = Int(truncatingIfNeeded: hash >> 6) & mask
        while keyTable[place] != KeyTable.empty { place = (place + 1) & mask }
        keyTable[place] = UInt32(index)
    }
}
