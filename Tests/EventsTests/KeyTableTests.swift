import TestSupport
import Testing

@testable import Events

@Suite struct KeyTableTests {
    /// Keys of which the filter of `Rows.set` takes each for new, so that nobody looks for one.
    private func distinctKeys(_ count: Int, _ storage: inout ByteBuffer) -> [Slice] {
        var keys: [Slice] = []
        var seen: UInt64 = 0
        var number = 0
        while keys.count < count {
            let key = storage.append(copyOf: Array("key\(number)".utf8))
            number += 1
            let bit = UInt64(1) << (storage.keyHash(key) & 63)
            if seen & bit == 0 { keys.append(key) }
            seen |= bit
        }
        return keys
    }

    @Test("a table that is about another record is left alone, however many records nobody looks into")
    func stale() {
        var storage = ByteBuffer()
        var rows = Rows()
        let keys = distinctKeys(KeyTable.threshold + 8, &storage)
        for _ in 0..<200 {
            let first = rows.fields.count
            var seen: UInt64 = 0
            for key in keys { rows.set(key, .null, first: first, seen: &seen, storage) }
            #expect(rows.fields.count - first == keys.count)
            #expect(rows.keyTable.places.isEmpty, "a table nobody asked for")
        }
        // One that is asked for is built from the record, and the next record does not fill it.
        var seen = UInt64.max
        rows.set(keys[0], .bool(true), first: rows.fields.count - keys.count, seen: &seen, storage)
        let entered = rows.keyTable.places.count { $0 != KeyTable.empty }
        #expect(entered == keys.count)
        for _ in 0..<50 {
            let first = rows.fields.count
            var seen: UInt64 = 0
            for key in keys { rows.set(key, .null, first: first, seen: &seen, storage) }
        }
        #expect(rows.keyTable.places.count { $0 != KeyTable.empty } == entered)
    }
}
