/// Names of topics as brokers take them.
package enum KafkaTopic {
    /// Why a name can be none; nil: it can (`org.apache.kafka.common.internals.Topic`).
    package static func problem(_ name: [UInt8]) -> String? {
        if name.isEmpty { return "the name of the topic is empty" }
        let shown = String(decoding: name.prefix(100), as: UTF8.self)
        if name.count > KafkaLimits.topicNameBytes {
            return "the topic '\(shown)…' has \(name.count) bytes, and may have \(KafkaLimits.topicNameBytes)"
        }
        let isLegal = name.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
        if !isLegal { return "'\(shown)' cannot be a topic: letters, digits and . _ - may stand in its name" }
        if name == [0x2E] || name == [0x2E, 0x2E] { return "'\(shown)' cannot be a topic" }
        return nil
    }
}
