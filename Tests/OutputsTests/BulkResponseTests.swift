import Events
import Outputs
import Testing

@Suite("Bulk answers")
struct BulkResponseTests {
    @Test("items that were not simply taken are told in order, in brief and in full form")
    func items() throws {
        let full = """
            {"took":30,"errors":true,"items":[{"index":{"_index":"t","_id":"1","_version":1,"result":"created",\
            "_shards":{"total":2,"successful":1,"failed":0},"status":201,"_seq_no":0}},
            {"create":{"_index":"t","_id":"x}]\\"","status":400,"error":{"root_cause":[{"type":"no","reason":"no"}],\
            "type":"mapper_parsing_exception","reason":"failed to parse field [a] of type [date]: \\"q\\"",\
            "caused_by":{"type":"illegal_argument_exception","reason":"bad \\u00e9","caused_by":{"reason":"deep"}}}}},
            {"update":{"error":"only text","status":500}}, {"index":{"status":429,"error":{"type":"es_rejected"}}}]}
            """
        let items = try scan(full, sent: 4)
        #expect(items.map(\.place) == [1, 2, 3])
        #expect(items.map(\.status) == [400, 500, 429])
        #expect(items.map(\.type) == ["mapper_parsing_exception", "", "es_rejected"])
        #expect(items[0].reason == #"failed to parse field [a] of type [date]: \"q\""#)
        #expect(items[0].cause == #"bad \u00e9"#)
        #expect(items[1].reason == "only text")
        let brief =
            #"{"errors":true,"items":[{"index":{"status":201}},{"index":{"status":503}},{"index":{"status":201}}]}"#
        #expect(try scan(brief, sent: 3).map(\.place) == [1])
    }

    @Test("a repeated item counts each time, and one that only begins like it does not")
    func repeated() throws {
        let ok = #"{"index":{"status":201}}"#
        #expect(try scan(#"{"items":[\#(ok), \#(ok),\#(ok) ]}"#, sent: 3).isEmpty)
        for item in [#"{"index":{"status":201},"x":1}"#, #"{"index":{"status":2011}}"#] {
            #expect(try scan(#"{"items":[\#(ok),\#(item),\#(ok)]}"#, sent: 3).map(\.place) == [1])
        }
        #expect(throws: BulkResponseError.itemCount(answered: 2, sent: 3)) {
            try scan(#"{"items":[\#(ok),\#(ok)]}"#, sent: 3)
        }
        #expect(throws: BulkResponseError.self) { try scan(#"{"items":[\#(ok)\#(ok)]}"#, sent: 2) }
        #expect(throws: BulkResponseError.self) { try scan(#"{"items":[\#(ok),\#(ok),]}"#, sent: 2) }
    }

    @Test("any cut and any flipped byte is an answer or an error, never a crash, and no cut confirms anything")
    func damaged() throws {
        let text = Array(
            #"{"took":1,"errors":true,"items":[{"index":{"status":400,"error":{"type":"t\"","reason":"r","caused_by":{"reason":"c"}}}},{"index":{"status":201}}]}"#
                .utf8)
        for length in 0..<text.count {
            #expect(throws: BulkResponseError.self) { try scan(Array(text[..<length]), sent: 2) }
        }
        for place in text.indices {
            for byte in [0x00, 0x22, 0x2C, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0xFF] as [UInt8] {
                var damaged = text
                damaged[place] = byte
                _ = try? scan(damaged, sent: 2)
            }
        }
        for nesting in [#"{"x":"# + String(repeating: "[", count: 100_000), #"{"items":["#, "", "null", "<html>", "[]"]
        {
            #expect(throws: BulkResponseError.self) { try scan(Array(nesting.utf8), sent: 0) }
        }
        #expect(throws: BulkResponseError.notABulkResponse) { try scan(Array("{}".utf8), sent: 0) }
    }

    @Test(
        "verdicts",
        arguments: [
            (200, "", .index, nil), (201, "", .create, nil),
            (409, "version_conflict_engine_exception", .create, nil),
            (409, "version_conflict_engine_exception", .update, .busy),
            (409, "version_conflict_engine_exception", .index, .invalid),
            (400, "mapper_parsing_exception", .index, .invalid),
            (400, "document_parsing_exception", .index, .invalid),
            (400, "illegal_argument_exception", .index, .invalid),
            (404, "index_not_found_exception", .index, .blocked), (403, "cluster_block_exception", .index, .blocked),
            (429, "cluster_block_exception", .index, .blocked), (403, "security_exception", .index, .forbidden),
            (401, "", .index, .forbidden), (429, "es_rejected_execution_exception", .index, .busy),
            (429, "circuit_breaking_exception", .index, .busy), (500, "", .index, .busy), (503, "", .index, .busy),
            (501, "", .index, .busy), (413, "x", .index, .invalid), (nil, "", .index, .unclear),
            (418, "x", .index, .unclear), (400, "index_closed_exception", .index, .blocked),
            (503, "process_cluster_event_timeout_exception", .index, .busy),
            (400, "resource_already_exists_exception", .index, .busy),
            (404, "document_missing_exception", .update, .invalid), (404, "other", .index, .blocked),
        ] as [(Int?, String, ElasticsearchSettings.WriteOperation, Refusal.Kind?)])
    func verdicts(
        status: Int?, type: String, operation: ElasticsearchSettings.WriteOperation, kind: Refusal.Kind?
    ) {
        let verdict = BulkVerdict(
            status: status, hasError: status.map { $0 > 299 } ?? false, type: type, reason: "", operation: operation)
        switch verdict {
        case .delivered: #expect(kind == nil)
        case .rejected: #expect(kind == .invalid)
        case .retry(let condition): #expect(condition.kind == kind)
        }
    }

    @Test(
        "what an operator can lift is not the document's fault, and is told with the way to lift it",
        arguments: [
            (
                "validation_exception",
                "Validation Failed: 1: this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;",
                "cluster.max_shards_per_node"
            ),
            (
                "illegal_argument_exception",
                "Validation Failed: 1: this action would add [10] total shards, but this cluster currently has [999]/[1000] maximum shards open;",
                "cluster.max_shards_per_node"
            ),
            (
                "cluster_block_exception",
                "index [a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];",
                "free disk space"
            ),
            ("cluster_block_exception", "blocked by: [FORBIDDEN/8/index write (api)];", "index.blocks"),
            (
                "illegal_argument_exception",
                "no write index is defined for alias [logs]. The write index may be explicitly disabled using is_write_index=false",
                "is_write_index"
            ),
            (
                "index_not_found_exception",
                "no such index [logs] and [action.auto_create_index] ([-logs,+*]) doesn't match", "auto_create_index"
            ),
            ("illegal_argument_exception", "pipeline with id [nope] does not exist", "'pipeline'"),
            (
                "illegal_argument_exception", "only write ops with an op_type of create are allowed in data streams",
                "write_operation create"
            ),
        ])
    func liftable(type: String, reason: String, advice: String) {
        let verdict = BulkVerdict(status: 400, hasError: true, type: type, reason: reason, operation: .index)
        guard case .retry(let condition) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(condition.kind == .blocked && condition.advice.contains(advice), "\(condition)")
    }

    private struct Item {
        var place: Int
        var status: Int?
        var type: String
        var reason: String
        var cause: String
    }

    private func scan(_ text: String, sent: Int) throws -> [Item] { try scan(Array(text.utf8), sent: sent) }

    @discardableResult
    private func scan(_ text: [UInt8], sent: Int) throws -> [Item] {
        var body = ByteBuffer()
        body.append(text)
        var items: [Item] = []
        try BulkResponse.scan(body, sent: sent) { place, answer in
            items.append(
                Item(
                    place: place, status: answer.status, type: body.text(answer.type), reason: body.text(answer.reason),
                    cause: body.text(answer.causeReason)))
        }
        return items
    }
}

@Suite("Server versions and hosts")
struct ServerVersionTests {
    @Test(
        "what GET / says, and which _type follows",
        arguments: [
            (#"{"version":{"number":"5.6.16"}}"#, "Elasticsearch 5.6.16", nil, "fluentd"),
            (#"{"version":{"number":"6.8.23"}}"#, "Elasticsearch 6.8.23", nil, "fluentd"),
            (#"{"version":{"number":"6.8.23"}}"#, "Elasticsearch 6.8.23", "access_log", "access_log"),
            (#"{"version":{"number":"7.10.2"},"tagline":"x"}"#, "Elasticsearch 7.10.2", nil, nil),
            (#"{"version":{"number":"7.17.10"}}"#, "Elasticsearch 7.17.10", "access_log", "_doc"),
            (#"{"version":{"number":"8.11.0"}}"#, "Elasticsearch 8.11.0", "access_log", nil),
            (#"{"version":{"distribution":"opensearch","number":"2.19.6"}}"#, "OpenSearch 2.19.6", "access_log", nil),
            (#"{"version":{"distribution":"opensearch","number":"1.3.0"}}"#, "OpenSearch 1.3.0", "t", nil),
        ] as [(String, String, String?, String?)])
    func versions(answer: String, text: String, typeName: String?, type: String?) throws {
        var body = ByteBuffer()
        body.append(answer)
        let found = ServerVersion(body)
        let version = try #require(found)
        #expect(version.description == text)
        var settings = ElasticsearchSettings()
        settings.typeName = typeName
        #expect(version.dialect(settings).type == type)
        settings.suppressTypeName = true
        if version.major == 7 { #expect(version.dialect(settings).type == nil) }
        #expect(
            version.dialect(settings).routingField
                == (version.major < 7 && !version.isOpenSearch ? "_routing" : "routing"))
    }

    @Test("what is no version", arguments: ["", "{}", "<html>", #"{"version":{"number":7}}"#, #"{"version":"7"}"#])
    func noVersion(answer: String) {
        var body = ByteBuffer()
        body.append(answer)
        let version = ServerVersion(body)
        #expect(version == nil)
    }

    @Test(
        "hosts in all their spellings",
        arguments: [
            ("es1", "http://es1:9200", nil, nil), ("es1:9201", "http://es1:9201", nil, nil),
            ("https://u:p%40ss@es1/base/", "https://es1:443/base", "u", "p@ss"),
            ("http://es1", "http://es1:80", nil, nil), ("https://es1:9243", "https://es1:9243", nil, nil),
            ("u:p@es1:9201", "http://es1:9201", "u", "p"), ("[::1]:9200", "http://[::1]:9200", nil, nil),
            (" es2 ", "http://es2:9200", nil, nil),
        ] as [(String, String, String?, String?)])
    func hosts(text: String, url: String, user: String?, password: String?) throws {
        let host = try #require(ElasticsearchHost(text))
        #expect(host.baseURL == url)
        #expect(host.user == user && host.password == password)
    }

    @Test("what is no host", arguments: ["", "ftp://x", "es1:port", "es1:70000", "http://", "a b"])
    func noHost(text: String) { #expect(ElasticsearchHost(text) == nil) }
}

@Suite("Explanations of rejected documents")
struct MappingExplanationTests {
    @Test(
        "field, value, index, reason and advice",
        arguments: [
            (
                "mapper_parsing_exception",
                "failed to parse field [timestamp] of type [date] in document with id 'x'. Preview of field's value: '2019-12-18 19:24:38'",
                "failed to parse date field [2019-12-18 19:24:38] with format [strict_date_optional_time||epoch_millis]",
                "field 'timestamp' = '2019-12-18 19:24:38' is mapped as date in index 'fluentd-20191218' (failed to parse date field [2019-12-18 19:24:38] with format [strict_date_optional_time||epoch_millis]): send it as ISO 8601 (2019-12-17T17:55:04Z), rename the field, or map it with the format it has"
            ),
            (
                "mapper_parsing_exception", "failed to parse field [nest.level] of type [long] in document with id 'y'",
                "For input string: \"high\"",
                "field 'nest.level' = 'high' is mapped as long in index 'fluentd-20191218' (For input string: \"high\"): send a number (types nest.level:integer in <parse>), rename the field, or map it as keyword"
            ),
            (
                "mapper_parsing_exception",
                "object mapping for [timestamp] tried to parse field [timestamp] as object, but found a concrete value",
                "",
                "field 'timestamp' = 'yesterday' does not fit the mapping of index 'fluentd-20191218': it is an object in earlier documents and a plain value here: rename the field, or send an object"
            ),
            (
                "illegal_argument_exception", "Limit of total fields [1000] has been exceeded", "",
                "index 'fluentd-20191218' already has 1000 fields and the document would add more: send fewer different keys (remove_keys, or the varying part as a value), or raise index.mapping.total_fields.limit"
            ),
            (
                "strict_dynamic_mapping_exception",
                "mapping set to strict, dynamic introduction of [foo] within [_doc] is not allowed", "",
                "index 'fluentd-20191218' takes only the fields of its mapping and 'foo' is not one of them: add it to the mapping, or remove it (remove_keys)"
            ),
        ])
    func sentences(type: String, reason: String, cause: String, expected: String) throws {
        var document = ByteBuffer()
        document.append(#"{"timestamp":"yesterday","nest":{"level":"high"}}"#)
        let explanation = MappingExplanation(
            type: type, reason: reason, cause: cause, index: "fluentd-20191218", document,
            document: Slice(offset: 0, length: document.count))
        #expect(explanation?.sentence == expected)
    }

    @Test("what is not understood is left to the server's words")
    func unknown() {
        let document = ByteBuffer()
        #expect(
            MappingExplanation(type: "x", reason: "failed to parse", cause: "", index: "i", document, document: .empty)
                == nil)
    }
}
