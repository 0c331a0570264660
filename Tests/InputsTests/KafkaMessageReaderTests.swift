import Events
import Logging
import Parsing
import TestSupport
import Testing
import Time

@testable import Inputs
@testable import Kafka

@Suite("messages of Kafka become records") struct KafkaMessageReaderTests {
    private struct Sent {
        var value: String?
        var key: String?
        var headers: [(String, String?)] = []
        var milliseconds: Int64? = 1_576_605_304_123
    }

    private func read(
        _ messages: [Sent], _ change: (inout KafkaInputSettings) -> Void = { _ in }
    ) -> (lines: [String], times: [EventTime]) {
        var settings = KafkaInputSettings(brokers: "b:9092", subscription: .group(topics: ["t"]))
        change(&settings)
        var batch = KafkaBatch(topic: "t", partition: 3, assignment: 1)
        func copy(_ text: String?) -> Range<Int>? {
            guard let text else { return nil }
            let first = batch.bytes.count
            batch.bytes += Array(text.utf8)
            return first..<batch.bytes.count
        }
        for (number, message) in messages.enumerated() {
            let first = batch.headers.count
            for (name, value) in message.headers { batch.headers.append((copy(name) ?? 0..<0, copy(value))) }
            batch.messages.append(
                KafkaBatch.Message(
                    key: copy(message.key), value: copy(message.value), headers: first..<batch.headers.count,
                    offset: Int64(100 + number), timestampMilliseconds: message.milliseconds))
        }
        let events = EventBatch(tag: "t")
        KafkaMessageReader(settings, log: .discarding).read(batch, &events.storage, &events.rows)
        return (events.lines, events.rows.records.map(\.time))
    }

    @Test("each format makes its records, and what is none is left out alone")
    func formats() throws {
        let json = read([Sent(value: #"{"a":1.5}"#), Sent(value: "no"), Sent(value: "[1]"), Sent(), Sent(value: "{}")])
        #expect(json.lines == [#"{"a":1.5}"#, "{}"])
        #expect(read([Sent(value: "a b\n")]) { $0.format = .text(key: "log") }.lines == [#"{"log":"a b\n"}"#])
        #expect(read([Sent(value: "\u{1}")]) { $0.format = .messagePack }.lines == [])
        let ltsv = try ParserRecipe.ltsv()
        #expect(read([Sent(value: "a:1\tb:2")]) { $0.format = .parser(ltsv) }.lines == [#"{"a":"1","b":"2"}"#])
    }

    @Test("key, headers and place are added where they are asked for, in place of fields of their names")
    func additions() {
        let message = Sent(value: #"{"a":1,"h":2}"#, key: "k", headers: [("h", "x"), ("n", nil)])
        let lines = read([message, Sent(value: #"{"a":2}"#)]) {
            $0.keyField = "key"
            $0.addsHeaders = true
            $0.addsOffset = true
        }.lines
        #expect(
            lines == [
                #"{"a":1,"h":"x","key":"k","n":null,"kafka_topic":"t","kafka_partition":3,"kafka_offset":100}"#,
                #"{"a":2,"key":null,"kafka_topic":"t","kafka_partition":3,"kafka_offset":101}"#,
            ])
    }

    @Test("the time is the message's, a field's, or now")
    func times() throws {
        let message = Sent(value: #"{"time":1715000000.5,"at":"2024-05-06T12:53:20Z"}"#)
        #expect(
            read([message]) { $0.time = .message }.times == [
                EventTime(seconds: 1_576_605_304, nanoseconds: 123_000_000)
            ])
        #expect(
            read([Sent(value: "{}", milliseconds: -1)]) { $0.time = .message }.times == [
                EventTime(seconds: -1, nanoseconds: 999_000_000)
            ])
        let field = read([message]) { $0.time = .field(key: "time", .float, zone: .utc) }
        #expect(field.times == [EventTime(seconds: 1_715_000_000, nanoseconds: 500_000_000)])
        #expect(field.lines == [#"{"time":1715000000.5,"at":"2024-05-06T12:53:20Z"}"#], "the field stays")
        let text = try TimeSource(format: "%Y-%m-%dT%H:%M:%SZ")
        #expect(
            read([message]) { $0.time = .field(key: "at", text, zone: .utc) }.times == [
                EventTime(seconds: 1_715_000_000)
            ])
        let before = Clock.now().seconds
        #expect(read([message]).times.allSatisfy { $0.seconds >= before })
        #expect(
            read([message]) { $0.time = .field(key: "no", text, zone: .utc) }.times.allSatisfy { $0.seconds >= before })
    }

    @Test("the tag is the topic's name between prefix and suffix")
    func tags() {
        var settings = KafkaInputSettings(brokers: "", subscription: .group(topics: []))
        #expect(settings.tag(of: "app") == "app")
        settings.tagPrefix = "kafka"
        settings.tagSuffix = "in"
        #expect(settings.tag(of: "app") == "kafka.app.in")
    }
}
