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

    @Test("a table about fields that were taken back is not believed", arguments: [true, false], [0, 1])
    func takenBack(byRollBack: Bool, more: Int) {
        var storage = ByteBuffer()
        var rows = Rows()
        let keys = (0..<100).map { storage.append(copyOf: Array("key\($0)".utf8)) }
        func find(_ key: Slice) -> Int? {
            rows.find(key, storage.wideKeyHash(key, rows.keyTable.secret), first: 0, storage)
        }
        for key in keys[..<40] { rows.fields.append(Field(key: key, value: .null)) }
        #expect(find(keys[39]) == 39)
        // Without a roll back the number of fields must tell; with one, it may be the same.
        if byRollBack { rows.rollBack(records: 0, fields: 0) } else { rows.fields.truncate(to: 0) }
        let count = byRollBack ? 40 : 41 + more
        for key in keys[50..<(50 + count)] { rows.fields.append(Field(key: key, value: .null)) }
        #expect(find(keys[50]) == 0 && find(keys[50 + count - 1]) == count - 1 && find(keys[0]) == nil)
    }
}
