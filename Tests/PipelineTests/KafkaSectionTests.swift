import ConfigFile
import Pipeline
import Testing

/// `<match>` and `<source>` of types kafka…: one wrong line in each, what is said and where; and what is taken.
@Suite("sections of Kafka")
struct KafkaSectionTests {
    /// What stands between `@type kafka2` (line 2) and `</match>`. A message may be shortened.
    static let matches: [(String, [String])] = [
        ("brokers a:9092,b:9092\ndefault_topic t\n<format>\n@type json\n</format>\n<buffer topic>\n</buffer>", []),
        ("brokers [\"a:9092\",\"b\"]\ntopic ${tag}", []),
        ("brokers a:x", ["3:9 error 'a:x' is no broker"]),
        ("zookeeper z:2181", ["3:11 error ZooKeeper is not asked"]),
        ("default_topic ${tag}", ["3:15 error 'default_topic' is a name: nothing is filled in"]),
        ("default_topic a/b", ["3:15 error 'a/b' cannot be a topic"]),
        ("topic ${chunk_id}", ["3:7 error '${chunk_id}' cannot name a topic"]),
        ("defalt_topic t", ["3:1 error unknown parameter 'defalt_topic'"]),
        ("compression_codec brotli", ["3:19 error 'compression_codec' is 'brotli', which is not valid"]),
        ("required_acks 1", ["3:15 warning an ack of 1 of the replicas"]),
        ("required_acks 0\nidempotent true", ["3:15 error 'idempotent true' needs", "3:15 warning without acks"]),
        ("max_send_retries 5", ["3:1 note 'max_send_retries' in <match **> of type kafka2 has no effect"]),
        ("rdkafka_options {\"linger.ms\":\"5\"}", []),
        ("rdkafka_options {\"linger.mss\":\"5\"}", ["3:17 error librdkafka does not take this"]),
        ("rdkafka_options {\"enable.auto.commit\":\"true\"}", ["3:17 error 'enable.auto.commit' cannot be set"]),
        ("username me\npassword p\nssl_ca_cert /ca.pem", []),
        ("username me\npassword p", ["3:10 error the account would be shown without TLS"]),
        ("username me\npassword p\nsasl_over_ssl false\nscram_mechanism sha512", []),
        ("username me\nsasl_over_ssl false", ["3:10 error 'username' needs 'password'"]),
        ("ssl_client_cert c.pem", ["3:17 error 'ssl_client_cert' needs 'ssl_client_cert_key'"]),
        ("ssl_ca_cert a.pem,b.pem", ["3:13 error one file of authorities can be named"]),
        ("exclude_fields $.a.b", ["3:16 error '$.a.b' lies inside of a field"]),
        ("headers_from_record a:$.b[", ["3:21 error '$.b[' in 'headers_from_record' is no place in a record"]),
        ("use_default_for_unknown_topic true", ["3:31 error 'use_default_for_unknown_topic' needs 'default_topic'"]),
        ("record_key a\n<format>\n@type ltsv\n</format>", ["3:12 error 'record_key' goes with the format json"]),
    ]

    @Test("what a kafka2 output says, and where", arguments: matches.indices)
    func match(_ index: Int) {
        let (lines, expected) = Self.matches[index]
        Checked.expect("<match **>\n@type kafka2\n\(lines)\n</match>\n<source>\n@type forward\n</source>\n", expected)
    }

    static let sources: [(String, String, [String])] = [
        ("kafka_group", "brokers a:9092\nconsumer_group g\ntopics t,u\nformat json", []),
        ("kafka_group", "consumer_group g\ntopics /app.*/\nformat text\nmessage_key log", []),
        ("kafka_group", "consumer_group g\ntopics t\n<parse>\n@type json\n</parse>", []),
        ("kafka_group", "consumer_group g\ntopics t\nformat /^(?<a>.*)$/", []),
        ("kafka_group", "topics t", ["1:1 error 'consumer_group' is required"]),
        ("kafka_group", "consumer_group g", ["1:1 error 'topics' is required"]),
        ("kafka_group", "consumer_group g\ntopics a b", ["4:8 error 'a b' cannot be a topic"]),
        ("kafka_group", "consumer_group g\ntopics t\ntime_source recrd", ["5:13 error 'time_source' is 'recrd'"]),
        (
            "kafka_group", "consumer_group g\ntopics t\noffset_commit_threshold 5",
            ["5:1 note 'offset_commit_threshold' in <source> of type kafka_group has no effect"]
        ),
        ("kafka", "topics t", ["1:1 warning no position is kept"]),
        ("kafka", "<topic>\ntopic t\npartition 3\noffset 7\n</topic>", ["1:1 warning no position is kept"]),
        ("kafka", "brokers a:9092", ["1:1 error <source> of type kafka names no topic"]),
        ("kafka", "topics t\noffset_zookeeper z", ["4:18 error ZooKeeper is not asked"]),
        ("kafka", "topics t\ntag_source record", ["4:12 error the tag of an event is its topic's"]),
    ]

    @Test("what a source of Kafka says, and where", arguments: sources.indices)
    func source(_ index: Int) {
        let (type, lines, expected) = Self.sources[index]
        Checked.expect("<source>\n@type \(type)\n\(lines)\n</source>\n<match **>\n@type null\n</match>\n", expected)
    }

    @Test("the outputs of v0.12 are read with what they had", arguments: ["kafka_buffered", "kafka", "rdkafka2"])
    func old(_ type: String) throws {
        let lines =
            type == "rdkafka2"
            ? "topic logs.${tag}\n<format>\n@type json\n</format>"
            : "output_data_type attr:a,b\noutput_include_tag true\nflush_interval 5s"
        let text = "<match **>\n@type \(type)\nbrokers a:9092\n\(lines)\n</match>\n<source>\n@type forward\n</source>\n"
        Checked.expect(text, [])
        guard case .match(_, let output)? = Checked(text).plan.labels.first?.rules.first else {
            Issue.record("no output")
            return
        }
        #expect(output.type == type)
        #expect(output.summary.hasPrefix("a:9092, topic "))
    }
}
