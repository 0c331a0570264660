import Events
import Filters
import Grok
import Synchronization
import TestSupport
import Testing

@Suite struct GrepFilterTests {
    private static func condition(_ key: String, _ pattern: String) throws -> GrepFilter.Condition {
        GrepFilter.Condition(key: try RecordAccessor(key), pattern: try Regex(pattern))
    }

    private func kept(_ filter: GrepFilter, _ records: [String]) throws -> [Int] {
        let batch = EventBatch()
        for (index, record) in records.enumerated() { try batch.add(record, at: EventTime(seconds: Int64(index))) }
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        return batch.rows.records.map { Int($0.time.seconds) }
    }

    private let records = [
        #"{"level":"INFO","n":5}"#, #"{"level":"WARN","n":50}"#, #"{"n":500}"#, #"{"level":null,"n":null}"#,
        #"{"level":"x\u0057ARN","n":[1,5]}"#, #"{"level":{"n":"WARN"}}"#, "{\"level\":\"\u{e9}\"}",
    ]

    @Test("every regexp must match") func required() throws {
        let level = try Self.condition("level", "WARN")
        let number = try Self.condition("n", "5")
        #expect(try kept(GrepFilter(required: [.init([level], needsAll: true)], excluded: []), records) == [1, 4, 5])
        let both = GrepFilter(
            required: [.init([level], needsAll: true), .init([number], needsAll: true)], excluded: [])
        #expect(try kept(both, records) == [1, 4])
        #expect(
            try kept(GrepFilter(required: [.init([level, number], needsAll: true)], excluded: []), records) == [1, 4])
        #expect(
            try kept(GrepFilter(required: [.init([level, number], needsAll: false)], excluded: []), records) == [
                0, 1, 2, 4, 5,
            ])
    }

    @Test("no exclude may match") func excluded() throws {
        let level = try Self.condition("level", "WARN")
        let number = try Self.condition("n", "5")
        let either = GrepFilter(
            required: [], excluded: [.init([level], needsAll: true), .init([number], needsAll: true)])
        #expect(try kept(either, records) == [3, 6])
        #expect(
            try kept(GrepFilter(required: [], excluded: [.init([level, number], needsAll: true)]), records) == [
                0, 2, 3, 5, 6,
            ])
        #expect(
            try kept(GrepFilter(required: [], excluded: [.init([level, number], needsAll: false)]), records) == [3, 6])
    }

    @Test("a missing key is empty text") func missing() throws {
        let empty = try Self.condition("level", "^$")
        #expect(try kept(GrepFilter(required: [.init([empty], needsAll: true)], excluded: []), records) == [2, 3])
    }

    @Test("nested keys, numbers and nested data are compared as they are printed") func kinds() throws {
        func matching(_ key: String, _ pattern: String) throws -> [Int] {
            try kept(
                GrepFilter(required: [.init([try Self.condition(key, pattern)], needsAll: true)], excluded: []), records
            )
        }
        #expect(try matching("$.level.n", "^WARN$") == [5])
        #expect(try matching("n", "^500$") == [2])
        #expect(try matching("n", #"^\[1,5\]$"#) == [4])
        #expect(try matching("level", "^.$") == [6], "a character is a character")
    }

    @Test("invalid UTF-8 is matched with replacement characters") func invalid() throws {
        let batch = EventBatch()
        try batch.add(json: Array("{\"log\":\"a".utf8) + [0xFF] + Array("b\"}".utf8))
        let filter = GrepFilter(required: [.init([try Self.condition("log", "^a.b$")], needsAll: true)], excluded: [])
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.rows.records.count == 1)
    }

    @Test("a record that no condition could judge is refused, and the next ones are judged", arguments: [true, false])
    func gaveUp(_ isRequired: Bool) throws {
        let conditions = try (0..<20).map { try Self.condition("log", "(?:(?:a|aa)+)+[\($0)!]") }
        let groups = conditions.map { GrepFilter.Group([$0], needsAll: true) }
        let filter =
            isRequired
            ? GrepFilter(required: [.init(conditions, needsAll: false)], excluded: [])
            : GrepFilter(required: [], excluded: groups)
        let batch = EventBatch()
        let slow = "{\"log\":\"\(String(repeating: "a", count: 3_000))\"}"
        for record in [slow, #"{"log":"a!"}"#, #"{"log":"b"}"#] { try batch.add(record) }
        let began = MatchBudget.threadNanoseconds()
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(MatchBudget.threadNanoseconds() - began < 150_000_000)
        #expect(batch.lines == [isRequired ? #"{"log":"a!"}"# : #"{"log":"b"}"#])
        #expect(batch.rows.rejections.map(\.kind) == ["Regexp::TimeoutError"])
        #expect(batch.rows.rejections.map { batch.text(of: $0.record) } == [slow])
        #expect(batch.rows.rejections.first?.reason.hasPrefix("the time limit was reached") == true)
    }

    @Test("keeps the rules of filters") func rules() throws {
        try FilterRules.check(FilterRules.shapes) {
            GrepFilter(
                required: [.init([try Self.condition("log", "[a-z]")], needsAll: true)],
                excluded: [
                    .init([try Self.condition("k3", "3"), try Self.condition("$.a.b[1].c", "x")], needsAll: false)
                ])
        }
    }

    @Test("each record has its own time, however many there are in a batch") func timePerRecord() throws {
        // A clock on which any second look is too late.
        let ticks = Mutex<Int64>(0)
        let scratch = MatchScratch(captures: 1) {
            ticks.withLock { ticks in
                ticks += 1_000_000_000
                return ticks
            }
        }
        let group = GrepFilter.Group([try Self.condition("m", "absent")], needsAll: true)
        let filter = GrepFilter(required: [], excluded: [group], scratch: scratch)
        let record = "{\"m\":\"\(String(repeating: "x", count: 500))\"}"
        #expect(try kept(filter, Array(repeating: record, count: 40)) == Array(0..<40))
    }
}
