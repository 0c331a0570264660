import TestSupport
import Testing

@testable import Events

@Suite("A few keys are found in one pass")
struct KeySetTests {
    private static let sets: [[String]] = [
        [], [""], ["@timestamp", "@log_name"], ["a", "bb", "ccc"], [String(repeating: "k", count: 63)],
        [String(repeating: "k", count: 64), String(repeating: "k", count: 200)],
    ]
    private static let keys: [String] = [
        "", "@", "@log_name", "@log_namf", "Alog_name", "@timestamp", "a", "b", "bb", "cc", "ccc", "ccd",
        String(repeating: "k", count: 62), String(repeating: "k", count: 63), String(repeating: "k", count: 64),
        String(repeating: "k", count: 65), String(repeating: "k", count: 200),
    ]

    @Test("a record has one of them exactly if one is among its keys", arguments: sets)
    func found(names: [String]) throws {
        let set = KeySet(names.map { Array($0.utf8) })
        for key in Self.keys {
            let batch = EventBatch()
            try batch.add("{\"other\":1,\"\(key)\":2,\"last\":3}")
            let isFound = batch.rows.hasAny(of: set, in: batch.rows.records[0], batch.storage)
            #expect(isFound == names.contains(key), "\(key.prefix(12)) of \(key.utf8.count) bytes")
        }
    }

    @Test("a record without fields has none")
    func empty() throws {
        let batch = EventBatch()
        try batch.add("{}")
        let isFound = batch.rows.hasAny(of: KeySet([[]]), in: batch.rows.records[0], batch.storage)
        #expect(!isFound)
    }
}
