/// The librdkafka that is loaded, which is the system's.
package enum KafkaLibrary {
    /// `2.0.2`
    package static var version: String { LibrdKafka.version.text }

    /// Whether brokers from Kafka 3.8.1 on take its SCRAM: before 2.6.1 it sends a nonce that they refuse
    /// (github.com/confluentinc/librdkafka, pull request 4895).
    package static var speaksStrictSCRAM: Bool { LibrdKafka.version.number >= 0x0206_0100 }
}
