import Events
import Foundation
import HTTPClient
import Outputs
import Parsing
import TestSupport
import Testing

@Suite("Elasticsearch documents")
struct ElasticsearchFormatterTests {
    @Test(
        "the bulk bodies are Fluentd's, byte for byte, whatever sizes they are read in",
        arguments: [1, 7, 4096, 1 << 20])
    func golden(readSize: Int) throws {
        let stdout = try String(decoding: GoldenData.bytes("exact-stdout.txt"), as: UTF8.self)
        let bulk = try String(decoding: GoldenData.bytes("exact-bulk.ndjson"), as: UTF8.self)
        let expected = bulk.split(separator: "\n")
        let formatter = try ElasticsearchFormatter(goldenSettings())
        var events: [String: [GoldenLine]] = [:]
        for line in stdout.split(separator: "\n") {
            let event = try #require(GoldenLine(line))
            events[event.tag, default: []].append(event)
        }
        var count = 0
        for (tag, events) in events {
            var batch = SampleBatch(tag)
            for event in events { try batch.add(event.json, event.time) }
            let chunk = batch.format(with: formatter)
            let body = BulkBody(chunk, items: chunk.allItems, BulkDialect(type: "_doc"))
            let own = expected.indices.filter { $0 % 2 == 1 && expected[$0].hasSuffix("\"@log_name\":\"\(tag)\"}") }
            let text = own.map { "\(expected[$0 - 1])\n\(expected[$0])\n" }.joined()
            #expect(body.text(readSize) == text)
            #expect(body.byteCount == text.utf8.count)
            count += own.count
        }
        #expect(count == 120)
    }

    @Test(
        "where @timestamp comes from",
        arguments: [
            (#"{"a":1}"#, #"{"a":1,"@timestamp":"2019-12-17T17:55:04.123456789+00:00"}"#, "logstash-2019.12.17"),
            (#"{}"#, #"{"@timestamp":"2019-12-17T17:55:04.123456789+00:00"}"#, "logstash-2019.12.17"),
            (
                #"{"@timestamp":"2020-01-02T03:04:05Z","a":1}"#, #"{"@timestamp":"2020-01-02T03:04:05Z","a":1}"#,
                "logstash-2020.01.02"
            ),
            (#"{"@timestamp":"not a time"}"#, #"{"@timestamp":"not a time"}"#, "logstash-2019.12.17"),
            (
                #"{"at":"2020-01-01T01:30:00+09:00"}"#,
                #"{"at":"2020-01-01T01:30:00+09:00","@timestamp":"2020-01-01T01:30:00.000000000+09:00"}"#,
                "logstash-2019.12.31"
            ),
            (#"{"at":"x"}"#, #"{"at":"x","@timestamp":"2019-12-17T17:55:04.123456789+00:00"}"#, "logstash-2019.12.17"),
        ])
    func timestamp(record: String, expected: String, index: String) throws {
        var settings = ElasticsearchSettings()
        settings.logstashFormat = true
        settings.timeKey = "at"
        settings.timestampOffsetSeconds = 0
        let result = try formatOne(record, settings)
        #expect(result.document == expected + "\n")
        #expect(result.action == #"{"index":{"_index":"\#(index)"}}"# + "\n")
    }

    @Test("a time that cannot be read is reported, with what was there")
    func timestampProblem() throws {
        var settings = ElasticsearchSettings()
        settings.logstashFormat = true
        var problems: [DocumentProblem] = []
        let formatter = try ElasticsearchFormatter(settings) { problem, _ in problems.append(problem) }
        var batch = SampleBatch()
        for record in [#"{"@timestamp":"not a time"}"#, #"{"@timestamp":18446744073709551615}"#] {
            try batch.add(record)
        }
        _ = batch.format(with: formatter)
        guard case .time(value: "not a time", _, let eventTime) = problems.first else {
            Issue.record("\(problems)")
            return
        }
        #expect(problems.count == 1 && eventTime.seconds > 0)
    }

    @Test(
        "a placeholder that nothing stands for is reported, with the name that the index gets",
        arguments: [
            ("a-${user}-${tag[0]}", #"{"user":"bob"}"#, nil), ("a-${user}", #"{"user":""}"#, "a-"),
            ("a-${user}-b", #"{}"#, "a--b"), ("${tag[5]}x", "{}", "x"), ("${tag}", "{}", nil),
        ] as [(String, String, String?)])
    func emptyPlaceholder(name: String, record: String, index: String?) throws {
        var settings = ElasticsearchSettings()
        settings.indexName = name
        var problems: [DocumentProblem] = []
        let formatter = try ElasticsearchFormatter(settings) { problem, _ in problems.append(problem) }
        var batch = SampleBatch()
        try batch.add(record)
        _ = batch.format(with: formatter)
        let placeholder = name.contains("user") ? "${user}" : "${tag[5]}"
        #expect(problems == index.map { [.emptyPlaceholder(placeholder, index: $0)] } ?? [])
    }

    @Test("without logstash_format and include_timestamp there is no @timestamp, and time_precision counts digits")
    func precision() throws {
        var settings = ElasticsearchSettings()
        settings.indexName = "Fixed.Name"
        var result = try formatOne(#"{"a":1}"#, settings)
        #expect(result.action + result.document == "{\"index\":{\"_index\":\"fixed.name\"}}\n{\"a\":1}\n")
        settings.includeTimestamp = true
        settings.timePrecision = 3
        settings.timestampOffsetSeconds = -3600
        result = try formatOne(#"{"a":1}"#, settings)
        #expect(result.document == #"{"a":1,"@timestamp":"2019-12-17T16:55:04.123-01:00"}"# + "\n")
    }

    @Test(
        "placeholders of the tag, the record and the time",
        arguments: [
            ("${tag}", "service.post.web"), ("x-${tag[1]}", "x-post"), ("${tag[-1]}-y", "web-y"), ("${tag[9]}z", "z"),
            ("${user}-%Y.%m", "bob-%y.%m"), ("${$.nest.id}", "7"), ("a$b", "a$b"),
        ])
    func placeholders(name: String, expected: String) throws {
        var settings = ElasticsearchSettings()
        settings.indexName = name
        let result = try formatOne(#"{"user":"Bob","nest":{"id":7}}"#, settings, tag: "service.post.web")
        #expect(result.action == #"{"index":{"_index":"\#(expected)"}}"# + "\n")
    }

    @Test("time placeholders are filled in when the buffer's keys hold time")
    func timePlaceholders() throws {
        var settings = ElasticsearchSettings()
        settings.indexName = "logs-%Y%m%d-${tag}"
        settings.resolvesTimePlaceholders = true
        settings.placeholderZone = .fixed(seconds: 8 * 3600)
        #expect(try formatOne("{}", settings, tag: "t").action == #"{"index":{"_index":"logs-20191218-t"}}"# + "\n")
    }

    @Test("the index follows the day, the hour and the record, event by event")
    func indexChanges() throws {
        for (format, expected) in [
            ("%Y%m%d", ["f-20191217", "f-20191218", "f-20191217"]), ("%H", ["f-17", "f-00", "f-23"]),
            ("%S", ["f-04", "f-00", "f-59"]), ("%j", ["f-351", "f-352", "f-351"]),
        ] {
            var settings = goldenSettings()
            settings.logstashPrefix = "f"
            settings.logstashDateFormat = format
            var batch = SampleBatch()
            for seconds in [1_576_605_304, 1_576_627_200, 1_576_627_199] as [Int64] {
                try batch.add("{}", EventTime(seconds: seconds))
            }
            let chunk = batch.format(with: try ElasticsearchFormatter(settings))
            let actions = BulkBody(chunk, items: chunk.allItems, BulkDialect()).text().split(separator: "\n")
            #expect(
                actions.enumerated().filter { $0.offset % 2 == 0 }.map { String($0.element) }
                    == expected.map { #"{"index":{"_index":"\#($0)"}}"# })
        }
    }

    @Test("target_index_key names the index and is not sent; remove_keys are not sent")
    func targetIndex() throws {
        var settings = ElasticsearchSettings()
        settings.logstashFormat = true
        settings.timestampOffsetSeconds = 0
        settings.targetIndexKey = try RecordAccessor("target")
        settings.removeKeys = ["secret", "z"]
        settings.idKey = try RecordAccessor("secret")
        let result = try formatOne(#"{"secret":"s","target":"MyIndex","a":1,"z":2}"#, settings)
        #expect(result.action == #"{"index":{"_index":"myindex","_id":"s"}}"# + "\n")
        #expect(result.document.hasPrefix(#"{"a":1,"@timestamp":"#))
        #expect(try formatOne(#"{"a":1}"#, settings).action.contains("logstash-2019.12.17"))
    }

    @Test("what remove_keys names inside of a field is not sent") func nestedRemoval() throws {
        var settings = ElasticsearchSettings()
        settings.removePlaces = try ["$.a.b", "$.a.c[0]", "$.x.y"].map { try RecordAccessor($0) }
        settings.targetIndexKey = try RecordAccessor("$.a.idx")
        let result = try formatOne(#"{"a":{"b":1,"c":[1,2],"idx":"i","d":{"b":2}},"x":3}"#, settings)
        #expect(result.action == #"{"index":{"_index":"i"}}"# + "\n")
        #expect(result.document == #"{"a":{"c":[2],"d":{"b":2}},"x":3}"# + "\n")
    }

    @Test(
        "what an update does not change is only in the document that an upsert makes",
        arguments: [
            (
                ElasticsearchSettings.WriteOperation.upsert, #"{"id":1,"a":2,"b":3}"#,
                #"{"doc":{"id":1,"b":3},"upsert":{"id":1,"a":2,"b":3}}"#
            ),
            (.upsert, #"{"id":1,"b":3}"#, #"{"doc":{"id":1,"b":3},"doc_as_upsert":true}"#),
            (.update, #"{"id":1,"a":2,"b":3}"#, #"{"doc":{"id":1,"b":3}}"#),
            (
                .upsert, #"{"id":1,"a":2,"skip":["b","c"],"b":3}"#,
                #"{"doc":{"id":1,"a":2},"upsert":{"id":1,"a":2,"b":3}}"#
            ),
            (.upsert, #"{"id":1,"a":2,"skip":[]}"#, #"{"doc":{"id":1,"a":2},"doc_as_upsert":true}"#),
            (.upsert, #"{"id":1,"a":2,"skip":null}"#, #"{"doc":{"id":1},"upsert":{"id":1,"a":2}}"#),
            (.index, #"{"id":1,"a":2,"skip":["a"]}"#, #"{"id":1,"a":2,"skip":["a"]}"#),
        ])
    func removeKeysOnUpdate(
        operation: ElasticsearchSettings.WriteOperation, record: String, document: String
    ) throws {
        var settings = ElasticsearchSettings()
        (settings.writeOperation, settings.idKey) = (operation, try RecordAccessor("id"))
        (settings.removeKeysOnUpdate, settings.removeKeysOnUpdateKey) = (["a"], "skip")
        #expect(try formatOne(record, settings).document == document + "\n")
    }

    @Test(
        "names with Ruby in them are computed for each record",
        arguments: [
            ("idx-${record['id']}-${tag_parts[1]}", #"{"id":"X1"}"#, "idx-x1-post"),
            ("${tag}.${record['a']['b'] || 'none'}", #"{"a":{}}"#, "service.post.none"),
            ("a-${Time.at(time).getutc.strftime('%Y.%m.%d')}", "{}", "a-2019.12.17"),
            ("n${record['n'] + 1}", #"{"n":41}"#, "n42"),
        ])
    func expressions(name: String, record: String, index: String) throws {
        var settings = ElasticsearchSettings()
        (settings.takesExpressions, settings.indexName) = (true, name)
        #expect(try formatOne(record, settings).action == #"{"index":{"_index":"\#(index)"}}"# + "\n")
    }

    @Test("a record whose index cannot be computed is refused, and the others are not") func expressionFails() throws {
        var settings = ElasticsearchSettings()
        (settings.takesExpressions, settings.indexName) = (true, "n${record['n'] + 1}")
        var batch = SampleBatch()
        for record in [#"{"n":1}"#, #"{"n":"x"}"#, #"{"n":2}"#] { try batch.add(record) }
        let formatter = try ElasticsearchFormatter(settings)
        let chunk = batch.format(with: formatter)
        #expect(chunk.allItems.count == 2)
        #expect(batch.rows.rejections.map(\.kind) == ["TypeError"])
        let lines = BulkBody(chunk, items: chunk.allItems, BulkDialect()).lines()
        #expect(lines.count == 4 && lines[2] == #"{"index":{"_index":"n3"}}"#)
    }

    @Test("generate_id gives each event an id of its own, which sorts as they came, and keeps what id_key names")
    func generatedIDs() throws {
        var settings = ElasticsearchSettings()
        settings.generatesIDs = true
        settings.idKey = try RecordAccessor("id")
        var batch = SampleBatch()
        try batch.add(#"{"id":"mine"}"#)
        for number in 0..<5000 { try batch.add(#"{"n":\#(number)}"#) }
        let formatter = try ElasticsearchFormatter(settings)
        func ids(_ chunk: LoadedChunk) -> [String] {
            BulkBody(chunk, items: chunk.allItems, BulkDialect()).text().split(separator: "\n")
                .compactMap { $0.firstMatch(of: #/"_id":"([^"]*)"/#).map { String($0.1) } }
        }
        let first = ids(batch.format(with: formatter))
        #expect(first.count == 5001 && first[0] == "mine")
        let made = Array(first[1...])
        #expect(made == made.sorted() && made.allSatisfy { $0.wholeMatch(of: #/[-_0-9A-Za-z]{20}/#) != nil })
        // Another batch, another loop.
        let again = ids(batch.format(with: formatter))[1...]
        let all = made + again + ids(batch.format(with: try ElasticsearchFormatter(settings)))[1...]
        #expect(Set(all).count == 15_000)
        settings.writeOperation = .update
        #expect(batch.rows.rejections.isEmpty)
        _ = batch.format(with: try ElasticsearchFormatter(settings))
        #expect(batch.rows.rejections.count == 5000, "an update names a document that is there")
    }

    private static let sent = EventTime(seconds: 1_576_000_000, nanoseconds: 7)

    /// The ids of what a batch becomes, whose records from each of `starts` on came with the message of that name.
    private func ids(
        _ texts: [String], _ messages: [(name: String, start: Int, position: Int)], at time: EventTime,
        _ formatter: ElasticsearchFormatter, twice: Bool = false
    ) throws -> [String] {
        var batch = SampleBatch()
        for text in texts { try batch.add(text, time) }
        for (index, message) in messages.enumerated() {
            let end = index + 1 < messages.count ? messages[index + 1].start : batch.rows.records.count
            let all = batch.rows.records
            batch.rows.records.removeLast(all.count - end)
            batch.rows.setMessage(
                batch.storage.append(copyOf: Array(message.name.utf8)), from: message.start,
                position: message.position, time: Self.sent)
            batch.rows.records += all[end...]
        }
        if twice { batch.rows.records = batch.rows.records.flatMap { [$0, $0] } }
        let chunk = batch.format(with: formatter)
        return BulkBody(chunk, items: chunk.allItems, BulkDialect()).text().split(separator: "\n")
            .compactMap { $0.firstMatch(of: #/"_id":"([^"]*)"/#).map { String($0.1) } }
    }

    @Test("an event of a message with a name has the same id whenever that message comes again")
    func idsOfMessages() throws {
        var settings = ElasticsearchSettings()
        settings.generatesIDs = true
        settings.logstashFormat = true
        func made() throws -> ElasticsearchFormatter { try ElasticsearchFormatter(settings) }
        let (early, late) = (EventTime(seconds: 1_576_000_000), EventTime(seconds: 1_576_000_009))
        let formatter = try made()
        let texts = [#"{"n":1}"#, #"{"n":1}"#, #"{"n":2}"#]
        let first = try ids(texts, [("a", 0, 0)], at: early, formatter)
        #expect(Set(first).count == 3 && first.allSatisfy { $0.wholeMatch(of: #/[-_0-9A-Za-z]{25}/#) != nil })
        // At once, by another loop or process, with the time of another parsing, behind another message, in two parts.
        #expect(try ids(texts, [("a", 0, 0)], at: early, formatter) == first)
        #expect(try ids(texts, [("a", 0, 0)], at: late, made()) == first)
        #expect(
            try ids([#"{"x":0}"#] + texts, [("b", 0, 0), ("a", 1, 0)], at: early, made()).dropFirst() == first[...])
        #expect(try ids([texts[2]], [("a", 0, 2)], at: early, made()) == [first[2]])
        // Another message, or one of the same name that says something else.
        #expect(Set(try ids(texts, [("b", 0, 0)], at: early, formatter)).isDisjoint(with: first))
        #expect(try ids([#"{"n":3}"#], [("a", 0, 0)], at: early, formatter)[0] != first[0])
        // A client that counts its messages from 1 again.
        var later = SampleBatch()
        try later.add(texts[0])
        later.rows.setMessage(
            later.storage.append(copyOf: Array("a".utf8)), from: 0, time: EventTime(seconds: 1_576_000_001))
        let chunk = later.format(with: formatter)
        #expect(!BulkBody(chunk, items: chunk.allItems, BulkDialect()).text().contains(first[0]))
        // What a stage makes twice of an event is there twice, and no more often than that when it comes again.
        let twice = try ids(texts, [("a", 0, 0)], at: early, formatter, twice: true)
        #expect(Set(twice).count == 6 && Set(twice).isSuperset(of: first))
        #expect(try ids(texts, [("a", 0, 0)], at: late, made(), twice: true) == twice)
    }

    @Test("ids, parents, routing and the pipeline, as the server's version spells them")
    func metadata() throws {
        var settings = ElasticsearchSettings()
        settings.idKey = try RecordAccessor("$.meta.id")
        settings.parentKey = try RecordAccessor("parent")
        settings.routingKey = try RecordAccessor("route")
        var batch = SampleBatch()
        try batch.add(#"{"meta":{"id":"a\"b"},"parent":5,"route":"r"}"#)
        try batch.add(#"{"route":"r2"}"#)
        try batch.add(#"{"plain":true}"#)
        let chunk = batch.format(with: try ElasticsearchFormatter(settings))
        #expect(chunk.body.labels.count == 3)
        let dialect = BulkDialect(type: "t", routingField: "_routing", pipeline: "p")
        #expect(
            BulkBody(chunk, items: [0, 1, 2], dialect).text(3) == """
                {"index":{"_index":"fluentd","_type":"t","pipeline":"p","_id":"a\\"b","_parent":5,"_routing":"r"}}
                {"meta":{"id":"a\\"b"},"parent":5,"route":"r"}
                {"index":{"_index":"fluentd","_type":"t","pipeline":"p","_routing":"r2"}}
                {"route":"r2"}
                {"index":{"_index":"fluentd","_type":"t","pipeline":"p"}}
                {"plain":true}

                """)
        #expect(
            BulkBody(chunk, items: [2], BulkDialect()).text()
                == "{\"index\":{\"_index\":\"fluentd\"}}\n{\"plain\":true}\n")
    }

    @Test(
        "target_index_key inside the record: taken out there, and there alone",
        arguments: [
            ("m.idx", #"{"m":{"idx":"Shop","x":1},"a":1}"#, #"{"m":{"x":1},"a":1}"#, "shop"),
            ("m.idx", #"{"m":{"x":1,"idx":"shop"}}"#, #"{"m":{"x":1}}"#, "shop"),
            ("m.idx", #"{"m":{"x":[1,{"idx":2}],"idx":"a,}","y":"}"}}"#, #"{"m":{"x":[1,{"idx":2}],"y":"}"}}"#, "a,}"),
            ("m.idx", #"{"m":{"idx":"shop"}}"#, #"{"m":{}}"#, "shop"),
            ("m.idx", #"{"m":{"other":1}}"#, #"{"m":{"other":1}}"#, "fluentd"),
            ("m.idx", #"{"m":7,"idx":"x"}"#, #"{"m":7,"idx":"x"}"#, "fluentd"),
            ("m.n.idx", #"{"m":{"n":{"idx":"shop","k":2},"idx":3}}"#, #"{"m":{"n":{"k":2},"idx":3}}"#, "shop"),
        ])
    func nestedTarget(key: String, record: String, expected: String, index: String) throws {
        var settings = ElasticsearchSettings()
        settings.targetIndexKey = try RecordAccessor("$." + key)
        let result = try formatOne(record, settings)
        #expect(result.document == expected + "\n")
        #expect(result.action == #"{"index":{"_index":"\#(index)"}}"# + "\n")
        settings.targetIndexKey = try RecordAccessor("$.l[1].idx")
        #expect(
            try formatOne(#"{"l":[{"idx":1},{"idx":"two","k":3},4]}"#, settings).document
                == #"{"l":[{"idx":1},{"k":3},4]}"# + "\n")
    }

    @Test("updates wrap the record, and need an id")
    func updates() throws {
        var settings = ElasticsearchSettings()
        settings.idKey = try RecordAccessor("id")
        settings.writeOperation = .upsert
        var result = try formatOne(#"{"id":1}"#, settings)
        #expect(result.action == #"{"update":{"_index":"fluentd","_id":1}}"# + "\n")
        #expect(result.document == #"{"doc":{"id":1},"doc_as_upsert":true}"# + "\n")
        settings.writeOperation = .update
        result = try formatOne(#"{"id":1}"#, settings)
        #expect(result.document == #"{"doc":{"id":1}}"# + "\n")
        settings.suppressDocWrap = true
        #expect(try formatOne(#"{"id":1,"doc":{}}"#, settings).document == #"{"id":1,"doc":{}}"# + "\n")
        var batch = SampleBatch()
        try batch.add(#"{"x":1}"#)
        let chunk = batch.format(with: try ElasticsearchFormatter(settings))
        #expect(chunk.body.items.isEmpty && chunk.body.bytes.isEmpty)
        #expect(batch.rows.rejections.count == 1)
        settings.writeOperation = .create
        #expect(try formatOne(#"{"id":2}"#, settings).action == #"{"create":{"_index":"fluentd","_id":2}}"# + "\n")
    }

    @Test(
        "flatten_hashes takes objects apart, not arrays",
        arguments: [
            (#"{"a":{"b":{"c":1},"d":[{"e":2}]},"f":"x"}"#, #"{"a_b_c":1,"a_d":[{"e":2}],"f":"x"}"#),
            (#"{"z":1,"a":{},"f":"x"}"#, #"{"z":1,"f":"x"}"#), (#"{"a":{},"f":"x"}"#, #"{"f":"x"}"#),
            (#"{"f":"x","a":{"b":{}}}"#, #"{"f":"x"}"#), (#"{"a":[1,"],{"]}"#, #"{"a":[1,"],{"]}"#),
            (#"{"a":{"k\"1":"v,}","k2":"\\"}}"#, #"{"a_k\"1":"v,}","a_k2":"\\"}"#),
        ])
    func flatten(record: String, expected: String) throws {
        var settings = ElasticsearchSettings()
        settings.flattenHashes = true
        #expect(try formatOne(record, settings).document == expected + "\n")
    }

    @Test("the tag takes the place of a field of its name")
    func tagField() throws {
        var settings = ElasticsearchSettings()
        settings.includeTagKey = true
        #expect(
            try formatOne(#"{"a":1,"tag":"old","b":2}"#, settings, tag: "T").document
                == #"{"a":1,"tag":"T","b":2}"# + "\n")
        #expect(try formatOne("{}", settings, tag: "q\"").document == #"{"tag":"q\""}"# + "\n")
    }

    @Test("labels are shared: a thousand events of a day need one")
    func labels() throws {
        var batch = SampleBatch()
        for number in 0..<1000 { try batch.add(#"{"n":\#(number)}"#) }
        let chunk = batch.format(with: try ElasticsearchFormatter(goldenSettings()))
        #expect(chunk.body.labels.count == 1 && chunk.body.tags.count == 1 && chunk.body.items.count == 1000)
    }

    @Test("every rule of outputs holds")
    func rules() throws {
        var idSettings = goldenSettings()
        idSettings.idKey = try RecordAccessor("n")
        var flat = goldenSettings()
        flat.flattenHashes = true
        for settings in [goldenSettings(), ElasticsearchSettings(), idSettings, flat] {
            try OutputCompatTest.formatterRules({ try ElasticsearchFormatter(settings) }) { chunk, item in
                Array(BulkBody(chunk, items: [item], BulkDialect()).text().utf8)
            }
        }
    }

    /// The indices of events at these seconds, formatted one after the other by one formatter.
    private func indices(_ format: String, at seconds: [Int64]) throws -> [String] {
        var settings = ElasticsearchSettings()
        settings.logstashFormat = true
        settings.logstashDateFormat = format
        var batch = SampleBatch()
        for second in seconds { try batch.add("{}", EventTime(seconds: second)) }
        let chunk = batch.format(with: try ElasticsearchFormatter(settings))
        let lines = BulkBody(chunk, items: chunk.allItems, BulkDialect()).text().split(separator: "\n")
        return lines.enumerated().filter { $0.offset % 2 == 0 }.map { String($0.element.dropFirst(29).dropLast(3)) }
    }

    @Test("an index by hours changes each hour, one by days at midnight, before 1970 too")
    func indexByTime() throws {
        let day: Int64 = 1_576_540_800  // 2019-12-17
        let hours = [day, day + 3599, day + 3600, day + 86_399, day]
        #expect(try indices("%Y.%m.%d.%H", at: hours) == ["00", "00", "01", "23", "00"].map { "2019.12.17.\($0)" })
        #expect(
            try indices("%Y.%m.%d", at: [day, day + 86_399, day + 86_400, day - 1])
                == ["2019.12.17", "2019.12.17", "2019.12.18", "2019.12.16"])
        #expect(
            try indices("%Y.%m.%d", at: [-86_401, -86_400, -40_000, 0, -1])
                == ["1969.12.30", "1969.12.31", "1969.12.31", "1970.01.01", "1969.12.31"])
    }
}

/// The settings with which Tests/Golden/exact-bulk.ndjson was recorded.
func goldenSettings() -> ElasticsearchSettings {
    var settings = ElasticsearchSettings()
    settings.logstashFormat = true
    settings.logstashPrefix = "fluentd"
    settings.logstashDateFormat = "%Y%m%d"
    settings.includeTagKey = true
    settings.tagKey = "@log_name"
    settings.typeName = "access_log"
    settings.timestampOffsetSeconds = 0
    return settings
}

private func formatOne(
    _ record: String, _ settings: ElasticsearchSettings, tag: String = "service.post"
) throws -> (action: String, document: String) {
    var batch = SampleBatch(tag)
    try batch.add(record)
    let chunk = batch.format(with: try ElasticsearchFormatter(settings))
    let text = BulkBody(chunk, items: chunk.allItems, BulkDialect()).text()
    let end = try #require(text.firstIndex(of: "\n"))
    return (String(text[...end]), String(text[text.index(after: end)...]))
}

extension SampleBatch {
    mutating func format(with formatter: any ChunkFormatter, id: String = "test") -> LoadedChunk {
        var body = ChunkBody()
        for record in rows.records {
            formatter.format(record, tag: tag, storage: &storage, rows: &rows, into: &body)
        }
        return LoadedChunk(body, id: id)
    }
}

extension HTTPBody {
    /// Everything, read in pieces of `size`, twice, to see that it can be rewound: at its end and in the middle of an item.
    func text(_ size: Int = 1 << 16) -> String {
        let first = readAll(size)
        rewind()
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 5) { some in
            _ = some.baseAddress.map { unsafe read(into: $0, room: 5) }
        }
        rewind()
        let second = readAll(size)
        return first == second ? first : "first: \(first) second: \(second)"
    }

    private func readAll(_ size: Int) -> String {
        var all: [UInt8] = []
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
        defer { buffer.deallocate() }
        while true {
            let count = read(into: buffer, room: size)
            if count == 0 { return String(decoding: all, as: UTF8.self) }
            all += UnsafeBufferPointer(start: buffer, count: count)
        }
    }
}
