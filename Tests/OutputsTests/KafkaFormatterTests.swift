import Events
import Kafka
import TestSupport
import Testing

@testable import Outputs

@Suite("kafka") struct KafkaFormatterTests {
    private func settings(_ change: (inout KafkaOutputSettings) -> Void = { _ in }) -> KafkaOutputSettings {
        var settings = KafkaOutputSettings(brokers: "b:9092", topic: KafkaTopicRule(key: "topic", fallback: "t"))
        change(&settings)
        return settings
    }

    private struct Shown: Equatable {
        var topic = ""
        var key: String?
        var partitionKey: String?
        var partition: Int32?
        var headers: [String] = []
        var value = ""
    }

    /// The messages that records become, and the reasons of those that are refused.
    private func format(
        _ records: [String], tag: String = "app.web", _ settings: KafkaOutputSettings,
        _ format: RecordFormat = KafkaFormatterTests.json, injection: Injection? = nil
    ) throws -> (messages: [Shown], refused: [String]) {
        let batch = EventBatch(tag: tag)
        for record in records { try batch.add(record) }
        var body = ChunkBody(capacity: 64)
        let formatter = KafkaFormatter(settings, format, injection: injection)
        for record in batch.rows.records {
            formatter.format(record, tag: batch.tag, storage: &batch.storage, rows: &batch.rows, into: &body)
        }
        let chunk = LoadedChunk(body, id: "c")
        let messages = try chunk.allItems.map { number in
            let entry = chunk.item(number)
            let label = try #require(KafkaLabel(bytes: chunk.body.labels[Int(entry.label)]))
            let found = KafkaItem(label.parts, entry.source, chunk.body.bytes)
            let item = try #require(found)
            let text = { (slice: Slice) in chunk.body.bytes.text(slice) }
            return Shown(
                topic: String(decoding: label.topic, as: UTF8.self), key: item.key.map(text),
                partitionKey: item.partitionKey.map(text), partition: item.partition,
                headers: item.headers.map { "\(text($0.name))=\(text($0.value))" }, value: text(item.value))
        }
        return (messages, batch.rows.rejections.map(\.reason))
    }

    private static var json: RecordFormat {
        var format = RecordFormat(.json)
        format.addsNewline = false
        return format
    }

    // MARK: - The rules of outputs

    @Test("the rules of formatters hold")
    func formatterRules() throws {
        let fixed = settings()
        try OutputCompatTest.formatterRules({ KafkaFormatter(fixed, Self.json, injection: nil) }) {
            let item = $0.item($1)
            guard let label = KafkaLabel(bytes: $0.body.labels[Int(item.label)]),
                let parts = KafkaItem(label.parts, item.source, $0.body.bytes)
            else { return [] }
            // A message is no line.
            return $0.body.bytes.array(parts.value) + [0x0A]
        }
    }

    @Test("what cannot be delivered is the event that came in", arguments: RecordFormat.Kind.allCases, [false, true])
    func readback(_ kind: RecordFormat.Kind, _ changes: Bool) throws {
        var format = RecordFormat(kind)
        if [.csv, .tsv].contains(kind) { format.fields = [RecordAccessor(key: "k1")] }
        format.addsNewline = false
        var injection = Injection()
        injection.tagKey = Array("k1".utf8)
        let fixed = settings {
            $0.topic = KafkaTopicRule(fallback: "t")
            guard changes else { return }
            $0.excludedKeys = [Array("k1".utf8), Array("k2".utf8)]
            $0.messageKey = KafkaFieldRule("k2", default: "d")
            $0.recordHeaders = [(Array("h".utf8), RecordAccessor(key: "k1"))]
        }
        let (line, injected) = (format, changes ? injection : nil)
        try OutputCompatTest.readbackRules(
            KafkaItemReader(), names: ["k1", "k2", "a.b"], seed: UInt64(kind.rawValue.utf8.count) + 3
        ) { KafkaFormatter(fixed, line, injection: injected) }
    }

    // MARK: - Topics

    @Test(
        "the topic is the template's, else the field's, else the default, else the tag",
        arguments: [
            (KafkaTopicRule(key: "topic", fallback: "d"), #"{"topic":"x"}"#, "x"),
            (KafkaTopicRule(key: "topic", fallback: "d"), #"{"topic":""}"#, "d"),
            (KafkaTopicRule(key: "topic", fallback: "d"), #"{"a":1}"#, "d"),
            (KafkaTopicRule(fallback: "d"), #"{"topic":"x"}"#, "d"),
            (KafkaTopicRule(key: "topic"), #"{"a":1}"#, "app.web"),
            (
                KafkaTopicRule(template: try? TopicTemplate("logs.${tag}"), key: "topic"), #"{"topic":"x"}"#,
                "logs.app.web"
            ),
            (KafkaTopicRule(template: try? TopicTemplate("${tag[1]}-${$.a.b}")), #"{"a":{"b":7}}"#, "web-7"),
            (KafkaTopicRule(template: try? TopicTemplate("${tag[-2]}.%Y")), "{}", "app.%Y"),
            (KafkaTopicRule(template: try? TopicTemplate("t.%Y%m%d", zone: .utc)), "{}", "t.20191217"),
        ])
    func topics(_ rule: KafkaTopicRule, _ record: String, _ topic: String) throws {
        let (messages, refused) = try format([record], settings { $0.topic = rule })
        if topic.contains("%") {
            #expect(refused.count == 1, "no topic can be called '\(topic)'")
        } else {
            #expect(messages.map(\.topic) == [topic])
        }
    }

    @Test("what is no place in a template is told")
    func templates() {
        #expect(throws: SettingError.self) { try TopicTemplate("${chunk_id}") }
        #expect(throws: SettingError.self) { try TopicTemplate("${$.a[}") }
    }

    // MARK: - Parts

    @Test("key, partition key, partition and headers stand beside the message")
    func parts() throws {
        let fixed = settings {
            $0.recordHeaders = [(Array("h".utf8), RecordAccessor(key: "a"))]
            $0.excludedKeys = [Array("message_key".utf8), Array("partition".utf8)]
        }
        let record = #"{"a":1.5,"message_key":"k","partition_key":"p","partition":3}"#
        #expect(
            try format([record], fixed).messages == [
                Shown(
                    topic: "t", key: "k", partitionKey: "p", partition: 3, headers: ["h=1.5"],
                    value: #"{"a":1.5,"partition_key":"p"}"#)
            ])
        let defaults = settings {
            $0.messageKey.fallback = Array("d".utf8)
            $0.partition.fallback = Array("7".utf8)
        }
        #expect(
            try format([#"{"message_key":null}"#], defaults).messages == [
                Shown(topic: "t", key: "d", partition: 7, value: #"{"message_key":null}"#)
            ])
    }

    @Test("what can be no message is refused with its reason, and the others go on")
    func refused() throws {
        let fixed = settings { $0.messageBytes = 20 }
        let (messages, refused) = try format(
            [
                #"{"a":1}"#, #"{"topic":"a b"}"#, #"{"partition":"x"}"#, #"{"partition":-1}"#,
                #"{"text":"longer than that"}"#, #"{"a":2}"#,
            ], fixed)
        #expect(messages.map(\.value) == [#"{"a":1}"#, #"{"a":2}"#])
        #expect(refused.count == 4)
        #expect(refused.last == "the message has 27 bytes, and max_send_limit_bytes is 20")
    }

    @Test("one place of the record is the message where it is asked for")
    func recordKey() throws {
        let fixed = settings { $0.recordKey = try? RecordAccessor("$.a.b") }
        let values = try format([#"{"a":{"b":{"c":1}}}"#, #"{"a":{"b":"x"}}"#, "{}"], fixed).messages.map(\.value)
        #expect(values == [#"{"c":1}"#, #""x""#, "null"])
    }

    // MARK: - Reports

    @Test(
        "what a report means",
        arguments: [
            (KafkaProducer.Report.stored, "delivered"), (.failed(.unknownTopic, mayBeStored: false), "unknown"),
            (.failed(.unknownTopicOrPartition, mayBeStored: false), "unknown"),
            (.failed(.messageTooLarge, mayBeStored: false), "together"),
            (.failed(.invalidRecord, mayBeStored: false), "together"),
            (.failed(.topicAuthorizationFailed, mayBeStored: false), "retry forbidden"),
            (.failed(.clusterAuthorizationFailed, mayBeStored: false), "retry forbidden"),
            (.failed(.invalidTopic, mayBeStored: false), "refused"),
            (.failed(.unknownPartition, mayBeStored: false), "unknown"),
            (.failed(.messageTimedOut, mayBeStored: true), "retry timeout"),
            (.failed(.transport, mayBeStored: true), "retry unreachable"),
            (.failed(.allBrokersDown, mayBeStored: false), "retry unreachable"),
            (.failed(.authentication, mayBeStored: false), "retry forbidden"),
            (.failed(.notEnoughReplicas, mayBeStored: false), "retry busy"),
            (.failed(.purgedInFlight, mayBeStored: true), "retry stopping"),
            (.failed(KafkaErrorCode(rawValue: 12345), mayBeStored: true), "retry unclear"),
        ])
    func verdicts(_ report: KafkaProducer.Report, _ meaning: String) {
        let shown =
            switch KafkaVerdict(report, topic: "t", namesPartition: false) {
            case .delivered: "delivered"
            case .missing(let what): what == .topic("t") ? "unknown" : "unknown partition"
            case .refusedTogether: "together"
            case .refused: "refused"
            case .retry(let refusal): "retry \(refusal.kind.rawValue)"
            }
        #expect(shown == meaning)
    }

    @Test("an event that names a partition which is not there is no sign that the topic is missing")
    func namedPartition() {
        let report = KafkaProducer.Report.failed(.unknownPartition, mayBeStored: false)
        #expect(KafkaVerdict(report, topic: "t", namesPartition: true) == .missing(.partition(ofTopic: "t")))
    }

    @Test("how long is librdkafka's own setting")
    func patience() {
        #expect(settings { _ in }.unknownTopicSeconds == 30)
        let quick = settings { $0.properties = [KafkaProperty("topic.metadata.propagation.max.ms", "1500")] }
        #expect(quick.unknownTopicSeconds == 1.5)
    }

    @Test("where no broker is, a chunk is owed, and not refused")
    func unreachable() async throws {
        let fixed = settings {
            $0.properties = [
                KafkaProperty("bootstrap.servers", "127.0.0.1:1"), KafkaProperty("message.timeout.ms", "300"),
            ]
        }
        var batch = SampleBatch("t.a")
        for number in 0..<3 { try batch.add("{\"a\":\(number)}", EventTime(seconds: 1)) }
        let chunk = batch.format(with: KafkaFormatter(fixed, Self.json, injection: nil), id: "c")
        let destination = try KafkaDestination(fixed)
        guard case .retry(let reason, _) = await destination.deliver(chunk, items: chunk.allItems) else {
            Issue.record("not owed")
            return
        }
        #expect(reason.kind == .timeout)
        destination.close()
        guard case .retry(let closed, _) = await destination.deliver(chunk, items: chunk.allItems) else {
            Issue.record("not owed")
            return
        }
        #expect(closed.kind == .stopping)
    }
}
