import Events
import TestSupport
import Testing

@Suite struct RowsTests {
    /// Sets the keys one after the other, each to its position, and shows the record.
    private func record(_ keys: [String]) -> (batch: EventBatch, record: Record) {
        let batch = EventBatch()
        return (batch, append(keys, to: batch))
    }

    private func append(_ keys: [String], to batch: EventBatch) -> Record {
        let first = batch.rows.fields.count
        var seen: UInt64 = 0
        for (position, key) in keys.enumerated() {
            let place = batch.storage.append(copyOf: Array(key.utf8))
            batch.rows.set(place, .int(Int64(position)), first: first, seen: &seen, batch.storage)
        }
        return Record(time: EventBatch.time, firstField: first, fieldCount: batch.rows.fields.count - first)
    }

    /// What Ruby's Hash makes of it: the first place, the last value.
    private func expected(_ keys: [String]) -> [(String, Int64)] {
        var list: [(String, Int64)] = []
        var places: [String: Int] = [:]
        for (position, key) in keys.enumerated() {
            if let place = places[key] {
                list[place].1 = Int64(position)
            } else {
                places[key] = list.count
                list.append((key, Int64(position)))
            }
        }
        return list
    }

    private func content(_ record: Record, _ batch: EventBatch) -> [(String, Int64)] {
        record.fieldRange.map { (batch.storage.text(batch.rows.fields[$0].key), batch.rows.fields[$0].value.intValue) }
    }

    private static let shapes: [(String, [String])] = [
        ("few", ["a", "b", "a", "", "c", "", "b"]),
        ("around the threshold", (0..<34).map { "k\($0)" } + ["k0", "k31", "k32", "k33", "new"]),
        ("many", (0..<400).map { "key\($0 % 130)" }),
        ("ten thousand", (0..<10_000).map { "metric.\($0)" } + ["metric.5", "metric.9999"]),
        ("ten thousand of one shape", (0..<10_000).map { "prefix__\($0)__suffix__" } + ["prefix__7__suffix__"]),
    ]

    @Test("a repeated key keeps its first place and takes the last value", arguments: shapes)
    func duplicates(name: String, keys: [String]) {
        let (batch, record) = record(keys)
        let found = content(record, batch)
        let wanted = expected(keys)
        #expect(found.map(\.0) == wanted.map(\.0))
        #expect(found.map(\.1) == wanted.map(\.1))
    }

    @Test("keys that differ only in the middle cost no more than others") func hostileKeys() {
        let keys = (0..<40_000).map { "aaaaaaaa\($0 + 100_000)bbbbbbbb" }
        var fields = 0
        let elapsed = ThreadTime.seconds { fields = Int(record(keys).record.fieldCount) }
        #expect(fields == 40_000)
        #expect(elapsed < 3, "\(elapsed): each key was compared with every other")
    }

    @Test("a wide record that is copied and then changed finds its own keys, whatever record came before it")
    func copiedWideRecord() {
        let batch = EventBatch()
        let narrow = append((0..<40).map { "n\($0)" }, to: batch)
        let wide = append((0..<90).map { "w\($0)" }, to: batch)
        for (source, key, count) in [(narrow, "n7", 40), (narrow, "new", 41), (wide, "w3", 90), (narrow, "n39", 40)] {
            let first = batch.rows.copyFields(of: source)
            var seen = UInt64.max
            let place = batch.storage.append(copyOf: Array(key.utf8))
            batch.rows.set(place, .int(-1), first: first, seen: &seen, batch.storage)
            let copy = Record(time: source.time, firstField: first, fieldCount: batch.rows.fields.count - first)
            #expect(Int(copy.fieldCount) == count, "\(key)")
            #expect(content(copy, batch).filter { $0.1 == -1 }.map(\.0) == [key])
        }
    }

    @Test("a wide record can be changed in rows that never held one") func firstWideRecord() {
        var rows = Rows()
        var storage = ByteBuffer()
        for index in 0..<50 {
            rows.fields.append(Field(key: storage.append(copyOf: Array("k\(index)".utf8)), value: .int(Int64(index))))
        }
        var seen = UInt64.max
        let key = storage.append(copyOf: Array("k49".utf8))
        rows.set(key, .null, first: 0, seen: &seen, storage)
        #expect(rows.fields.count == 50)
        #expect(rows.fields[49].value.kind == .null)
    }

    @Test("rolling back leaves what was there before") func rollBack() throws {
        let batch = EventBatch()
        try batch.add(#"{"a":1}"#)
        let mark = (batch.rows.records.count, batch.rows.fields.count)
        try batch.add(#"{"b":1,"c":2}"#)
        batch.rows.rollBack(records: mark.0, fields: mark.1)
        try batch.add(#"{"d":4}"#)
        #expect(batch.lines == [#"{"a":1}"#, #"{"d":4}"#])
    }

    @Test("after a wide record was rolled back, the next in its place finds its own keys") func rollBackWide() {
        let batch = EventBatch()
        let wide = append((0..<60).map { "w\($0)" }, to: batch)
        let copyOfWide = append((0..<60).map { "x\($0)" }, to: batch)
        batch.rows.rollBack(records: 0, fields: Int(copyOfWide.firstField))
        let first = batch.rows.copyFields(of: wide)
        var seen = UInt64.max
        batch.rows.set(batch.storage.append(copyOf: Array("w59".utf8)), .null, first: first, seen: &seen, batch.storage)
        #expect(batch.rows.fields.count - first == 60)
    }

    @Test("after a wide record that was cut short, the next in its place has no key twice", arguments: 30..<40)
    func cutShort(count: Int) throws {
        func object(_ letter: String, _ count: Int) -> String {
            "{" + (0..<count).map { "\"\(letter)\($0)\":1" }.joined(separator: ",")
        }
        let batch = EventBatch()
        #expect(throws: JSONError.self) { try batch.add(object("a", count) + ",\"a0\":") }
        try batch.add(object("b", count + 3) + ",\"b1\":2}")
        #expect(Int(batch.rows.records[0].fieldCount) == count + 3)
    }

    @Test("find answers the field of a top-level key") func find() throws {
        let batch = EventBatch()
        try batch.add(#"{"a":1,"bb":2,"":3}"#)
        let record = batch.rows.records[0]
        #expect(batch.rows.find(Array("bb".utf8), in: record, batch.storage) == 1)
        #expect(batch.rows.find([], in: record, batch.storage) == 2)
        #expect(batch.rows.find(Array("b".utf8), in: record, batch.storage) == nil)
    }
}
