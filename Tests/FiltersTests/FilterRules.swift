import Events
import TestSupport
import Testing

/// What every filter keeps, whatever it does: hold each one against this.
enum FilterRules {
    /// - Parameters:
    ///   - records: JSON objects to feed; the filter must keep event times (they are how records are known again).
    ///   - make: a new filter in its first state.
    static func check(
        _ records: [String], sourceLocation: SourceLocation = #_sourceLocation, make: () throws -> any Filter
    ) throws {
        try keepsOrderAndData(records, try make(), sourceLocation)
        try standsEmptyBatches(try make(), sourceLocation)
        try keepsTagsApart(records, make, sourceLocation)
        try worksAgain(records, make, sourceLocation)
    }

    /// Records keep their order; earlier fields and bytes never change; rejections carry the record as it was.
    private static func keepsOrderAndData(
        _ records: [String], _ filter: any Filter, _ place: SourceLocation
    ) throws {
        let batch = try batch(of: records + records)
        let storage = batch.storage.array()
        let fields = (0..<batch.rows.fields.count).map { batch.rows.fields[$0] }
        let originals = batch.rows.records
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(Array(batch.storage.array().prefix(storage.count)) == storage, "storage", sourceLocation: place)
        #expect(batch.rows.fields.count >= fields.count, "fields", sourceLocation: place)
        for (index, field) in fields.enumerated() {
            let now = batch.rows.fields[index]
            #expect(
                now.key == field.key && now.value.kind == field.value.kind && now.value.payload == field.value.payload,
                "field \(index)", sourceLocation: place)
        }
        let times = batch.rows.records.map(\.time.nanoseconds)
        #expect(times == times.sorted(), "order", sourceLocation: place)
        #expect(Set(times).isSubset(of: Set(originals.map(\.time.nanoseconds))), sourceLocation: place)
        for rejection in batch.rows.rejections {
            let isOriginal = originals.contains {
                $0.time == rejection.record.time && $0.firstField == rejection.record.firstField
                    && $0.fieldCount == rejection.record.fieldCount
            }
            #expect(isOriginal, "a rejection is another record", sourceLocation: place)
            #expect(!rejection.kind.isEmpty && !rejection.reason.isEmpty, sourceLocation: place)
        }
        for record in batch.rows.records {
            let keys = record.fieldRange.map { batch.storage.array(batch.rows.fields[$0].key) }
            #expect(Set(keys).count == keys.count, "a key twice in \(batch.text(of: record))", sourceLocation: place)
            let again = EventBatch()
            #expect(throws: Never.self, sourceLocation: place) { try again.add(batch.text(of: record)) }
            #expect(again.lines == [batch.text(of: record)], sourceLocation: place)
        }
    }

    private static func standsEmptyBatches(_ filter: any Filter, _ place: SourceLocation) throws {
        let batch = EventBatch()
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.rows.records.isEmpty && batch.rows.rejections.isEmpty, sourceLocation: place)
        let empty = try self.batch(of: ["{}"])
        filter.apply(Events.Batch(empty.tag), storage: &empty.storage, rows: &empty.rows)
        #expect(empty.rows.records.count <= 1, sourceLocation: place)
    }

    /// One filter that sees many tags in turn makes of each what a new filter would.
    private static func keepsTagsApart(_ records: [String], _ make: () throws -> any Filter, _ place: SourceLocation)
        throws
    {
        let shared = try make()
        for round in 0..<30 {
            let tag = "tag\(round % 7).part.\(round % 3)"
            let batch = try batch(of: records, tag: tag)
            let other = try self.batch(of: records, tag: tag)
            shared.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
            try make().apply(Events.Batch(other.tag), storage: &other.storage, rows: &other.rows)
            #expect(batch.lines == other.lines, "\(tag)", sourceLocation: place)
            #expect(batch.rows.rejections.map(\.reason) == other.rows.rejections.map(\.reason), sourceLocation: place)
        }
    }

    /// A batch that is used again after `clear`, as the loop does it, gives the same.
    private static func worksAgain(_ records: [String], _ make: () throws -> any Filter, _ place: SourceLocation) throws
    {
        let filter = try make()
        let batch = try batch(of: records)
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        let lines = batch.lines
        for _ in 0..<3 {
            batch.storage.clear()
            batch.rows.clear()
            try fill(batch, records)
            filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
            #expect(batch.lines == lines, sourceLocation: place)
        }
    }

    private static func batch(of records: [String], tag: String = "a.b.c") throws -> EventBatch {
        let batch = EventBatch(tag: tag)
        try fill(batch, records)
        return batch
    }

    private static func fill(_ batch: EventBatch, _ records: [String]) throws {
        for (index, record) in records.enumerated() {
            try batch.add(record, at: EventTime(seconds: 1_576_605_304, nanoseconds: UInt32(index)))
        }
    }

    /// Records of many shapes, most of them with a text under `log`.
    static let shapes: [String] =
        [
            #"{"log":"{\"a\":1}","x":1}"#, #"{"log":"not json","x":2}"#, "{}", #"{"log":null}"#, #"{"log":7}"#,
            #"{"log":{"log":"{}"}}"#,
            #"{"log":[1,2]}"#, #"{"x":"{\"a\":1}"}"#, #"{"log":"{\"log\":\"again\",\"x\":null}","x":3}"#,
            #"{"log":""}"#,
            #"{"log":"{\"time\":1500000000,\"a\":[{}]}","time":"x"}"#, #"{"log":"[{\"a\":1},{\"b\":2}]"}"#,
            #"{"log":true,"level":"INFO"}"#,
            #"{"\u0061\n":"caf\u00e9","log":"\ud83d\ude00"}"#, #"{"a":{"b":[1,{"c":"x"}]},"log":"hello world"}"#,
        ] + [wide(40), wide(100, log: #""{\"k7\":true}""#), wide(40, log: #""nope""#), wide(33)]

    /// A record of many fields.
    static func wide(_ count: Int, log: String = #""{\"k1\":\"new\"}""#) -> String {
        "{" + (0..<count).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + ",\"log\":\(log)}"
    }
}
