import Events
import Outputs
import TestSupport
import Testing

@Suite("Elasticsearch items read back")
struct ElasticsearchReadbackTests {
    /// Keys that one option or another looks at.
    private static let names = [
        "id", "route", "parent", "secret", "idx", "m", "tag", "@timestamp", "at", "doc", "h",
    ]

    /// Each option that changes a document, by itself.
    private static let options: [(name: String, set: @Sendable (inout ElasticsearchSettings) throws -> Void)] = [
        ("nothing", { _ in }),
        ("id_key", { $0.idKey = try RecordAccessor("id") }),
        ("generate_id", { $0.generatesIDs = true }),
        ("id_key nested", { $0.idKey = try RecordAccessor("$.m.id") }),
        ("routing_key", { $0.routingKey = try RecordAccessor("route") }),
        ("parent_key", { $0.parentKey = try RecordAccessor("parent") }),
        ("remove_keys", { $0.removeKeys = ["secret", "id", "k1"] }),
        ("target_index_key", { $0.targetIndexKey = try RecordAccessor("idx") }),
        ("target_index_key nested", { $0.targetIndexKey = try RecordAccessor("$.m.idx") }),
        ("flatten_hashes", { $0.flattenHashes = true }),
        ("include_tag_key", { $0.includeTagKey = true }),
        ("tag_key", { ($0.includeTagKey, $0.tagKey) = (true, "q\"\\ü") }),
        ("tag_key @timestamp", { ($0.includeTagKey, $0.tagKey) = (true, "@timestamp") }),
        ("logstash_format", { $0.logstashFormat = true }),
        ("include_timestamp", { $0.includeTimestamp = true }),
        ("time_key", { ($0.logstashFormat, $0.timeKey) = (true, "at") }),
        (
            "time_key_exclude_timestamp",
            { ($0.includeTimestamp, $0.timeKey, $0.timeKeyExcludesTimestamp) = (true, "at", true) }
        ),
        ("update", { ($0.writeOperation, $0.idKey) = (.update, try RecordAccessor("id")) }),
        ("upsert", { ($0.writeOperation, $0.idKey) = (.upsert, try RecordAccessor("id")) }),
        (
            "suppress_doc_wrap",
            { ($0.writeOperation, $0.idKey, $0.suppressDocWrap) = (.upsert, try RecordAccessor("id"), true) }
        ),
        ("create", { $0.writeOperation = .create }),
        ("remove_keys nested", { $0.removePlaces = try ["$.m.idx", "$.h.k1"].map { try RecordAccessor($0) } }),
        (
            "remove_keys_on_update",
            {
                ($0.writeOperation, $0.idKey) = (.upsert, try RecordAccessor("id"))
                ($0.removeKeysOnUpdate, $0.removeKeysOnUpdateKey) = (["secret", "k1"], "h")
            }
        ),
        ("index in the URL", { $0.includesIndexInURL = true }),
    ]

    @Test("each option gives back the record that came in", arguments: 0..<options.count)
    func alone(option: Int) throws {
        for seed in 0..<UInt64(6) { try check([option], seed: seed * 100 + UInt64(option)) }
    }

    @Test("any options together give back the record that came in", arguments: 0..<UInt64(60))
    func together(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 2...7, using: &generator)
        try check((0..<count).map { _ in Int.random(in: 0..<Self.options.count, using: &generator) }, seed: seed)
    }

    private func check(_ options: [Int], seed: UInt64) throws {
        var settings = ElasticsearchSettings()
        for option in options { try Self.options[option].set(&settings) }
        let fixed = settings
        try OutputCompatTest.readbackRules(ElasticsearchItemReader(), names: Self.names, seed: seed) {
            try ElasticsearchFormatter(fixed)
        }
    }

    @Test("a document that says all of its record is not kept twice")
    func nothingKept() throws {
        var settings = ElasticsearchSettings()
        (settings.logstashFormat, settings.includeTagKey, settings.idKey) = (true, true, try RecordAccessor("id"))
        settings.removeKeys = ["secret"]
        settings.flattenHashes = true
        var batch = SampleBatch()
        try batch.add(#"{"id":"k1","text":"é \n","n":1.5}"#)
        try batch.add(#"{"id":"k1","secret":"s"}"#)
        let chunk = batch.format(with: try ElasticsearchFormatter(settings))
        let sizes = chunk.allItems.map { item in
            Int(chunk.item(item).source.length)
                - BulkBody(chunk, items: [item], BulkDialect()).text().split(separator: "\n")[1].utf8.count
        }
        #expect(sizes[0] == #""k1""#.utf8.count + 2, "the id, its newline and the document's")
        #expect(sizes[1] > sizes[0])
    }

    @Test("bytes that are no item of this output's are an answer, not a crash")
    func damaged() throws {
        var settings = ElasticsearchSettings()
        (settings.idKey, settings.removeKeys) = (try RecordAccessor("id"), ["s"])
        settings.writeOperation = .upsert
        var batch = SampleBatch()
        try batch.add(#"{"id":"k1","s":"x","m":{"a":[1,2]}}"#)
        let chunk = batch.format(with: try ElasticsearchFormatter(settings))
        let bytes = chunk.body.bytes.array()
        for length in 0..<bytes.count {
            var body = ChunkBody()
            body.bytes.append(Array(bytes[..<length]))
            for label in chunk.body.labels { _ = body.label(label) }
            body.endItem(from: 0, label: 0, tag: body.tag(batch.tag), time: EventBatch.time)
            var storage = ByteBuffer()
            var rows = Rows()
            let isRecord = ElasticsearchItemReader().read(
                0, of: LoadedChunk(body, id: "cut"), into: &storage, rows: &rows)
            #expect(isRecord == !rows.records.isEmpty)
        }
    }

    @Test("a nested field that names the index and is not sent comes back") func nestedIndexKey() throws {
        var settings = ElasticsearchSettings()
        settings.targetIndexKey = try RecordAccessor("$.m.idx")
        let batch = EventBatch()
        try batch.add(#"{"m":{"idx":"here","n":1}}"#)
        let formatter = try ElasticsearchFormatter(settings)
        var body = ChunkBody()
        formatter.format(
            batch.rows.records[0], tag: batch.tag, storage: &batch.storage, rows: &batch.rows, into: &body)
        let chunk = LoadedChunk(body, id: "c")
        var storage = ByteBuffer()
        var rows = Rows()
        #expect(ElasticsearchItemReader().read(0, of: chunk, into: &storage, rows: &rows))
        var text = ByteBuffer()
        text.appendJSONObject(rows.records[0], rows, storage)
        #expect(text.text == #"{"m":{"idx":"here","n":1}}"#)
    }
}
