import TestSupport
import Testing

@testable import Events

@Suite("Records that are like the one before")
struct KeyShapeTests {
    private static let names = (0..<60).map { Array("key-\($0)".utf8) }

    /// What `Rows.set` is to make of a record: the first place of a key, its last value.
    private func expected(_ keys: [Int]) -> [(key: Int, value: Int64)] {
        var record: [(key: Int, value: Int64)] = []
        for (value, key) in keys.enumerated() {
            if let place = record.firstIndex(where: { $0.key == key }) {
                record[place].value = Int64(value)
            } else {
                record.append((key, Int64(value)))
            }
        }
        return record
    }

    private func set(_ keys: [Int], _ rows: inout Rows, _ storage: inout ByteBuffer) {
        let first = rows.fields.count
        rows.keyTable.first = -1
        var seen: UInt64 = 0
        for (value, key) in keys.enumerated() {
            let name = storage.append(copyOf: Self.names[key])
            rows.set(name, .int(Int64(value)), first: first, seen: &seen, storage)
        }
    }

    private func check(_ keys: [Int], at first: Int, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) {
        let expected = expected(keys)
        #expect(rows.fields.count - first == expected.count)
        for (offset, field) in expected.enumerated() where first + offset < rows.fields.count {
            let found = rows.fields[first + offset]
            #expect(storage.array(found.key) == Self.names[field.key])
            #expect(found.value.intValue == field.value)
        }
    }

    @Test("a key that comes twice is one field, whatever the record before was", arguments: 0..<40)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var rows = Rows()
        var storage = ByteBuffer()
        var last: [Int] = []
        for _ in 0..<200 {
            var keys = last
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                keys = (0..<Int.random(in: 0...50, using: &random)).map { _ in Int.random(in: 0..<60, using: &random) }
            case 1 where !keys.isEmpty:
                keys[Int.random(in: keys.indices, using: &random)] = Int.random(in: 0..<60, using: &random)
            case 2 where !keys.isEmpty: keys.removeLast()
            case 3: keys.append(Int.random(in: 0..<60, using: &random))
            case 4 where !keys.isEmpty: keys.append(keys[0])
            default: break
            }
            let first = rows.fields.count
            set(keys, &rows, &storage)
            check(keys, at: first, rows, storage)
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                // The record is given up, and another one stands in its place.
                rows.fields.truncate(to: first)
                set(last, &rows, &storage)
                check(last, at: first, rows, storage)
            case 1:
                // A stage copies it and adds to the copy, as a filter does: all keys have been seen.
                let record = Record(
                    time: EventTime(seconds: 0), firstField: first, fieldCount: rows.fields.count - first)
                let copy = rows.copyFields(of: record)
                var seen = UInt64.max
                for key in [keys.first ?? 0, 59, 58] {
                    let name = storage.append(copyOf: Self.names[key])
                    rows.set(name, .int(-1), first: copy, seen: &seen, storage)
                }
                let all = (copy..<rows.fields.count).map { storage.array(rows.fields[$0].key) }
                #expect(Set(all).count == all.count)
            case 2: rows.clear()
            case 3: rows.fields.truncate(to: max(first - 1, 0))
            default: break
            }
            last = keys
        }
    }
}
