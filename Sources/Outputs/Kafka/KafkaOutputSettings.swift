package import Events
package import Kafka

/// What `<match> @type kafka2`, `rdkafka2`, `kafka` and `kafka_buffered` say (fluent-plugin-kafka).
package struct KafkaOutputSettings: Sendable {
    /// For log lines: `a:9092,b:9092`.
    package var brokers: String
    package var properties: [KafkaProperty] = []
    /// `partitioner_hash_function`
    package var hash = KafkaPartitionHash.crc32
    package var topic: KafkaTopicRule
    /// `message_key_key`, `default_message_key`
    package var messageKey = KafkaFieldRule("message_key")
    /// `partition_key_key`, `default_partition_key`
    package var partitionKey = KafkaFieldRule("partition_key")
    /// `partition_key`, `default_partition`
    package var partition = KafkaFieldRule("partition")
    /// Fields that are not in the message: `exclude_topic_key` and its like, `exclude_fields`.
    package var excludedKeys: [[UInt8]] = []
    /// `headers`
    package var headers: [KafkaHeader] = []
    /// `headers_from_record`
    package var recordHeaders: [(name: [UInt8], value: RecordAccessor)] = []
    /// `record_key`: the one place of a record that is sent.
    package var recordKey: RecordAccessor?
    /// `use_event_time`: messages have their event's time, and not that at which they are sent.
    package var usesEventTime = false
    /// `max_send_limit_bytes`: larger messages are refused.
    package var messageBytes: Int?
    /// `use_default_for_unknown_topic`: where messages go whose topic the cluster does not have.
    package var topicForUnknown: String?
    /// `discard_kafka_delivery_failed`: what fails is refused at once, and not tried again.
    package var refusesFailed = false

    /// How long the cluster must say that it has no such topic before a message is refused for it, in seconds
    /// (`topic.metadata.propagation.max.ms`, which librdkafka itself waits the first time).
    package var unknownTopicSeconds: Double {
        let property = properties.last { $0.name == "topic.metadata.propagation.max.ms" }
        return property.flatMap { Double($0.value) }.map { $0 / 1000 } ?? KafkaLimits.unknownTopicSeconds
    }

    package init(brokers: String, topic: KafkaTopicRule) { (self.brokers, self.topic) = (brokers, topic) }
}

/// A field of the record, and what holds without it.
package struct KafkaFieldRule: Sendable, Equatable {
    package var key: [UInt8]
    package var fallback: [UInt8]?

    package init(_ key: String, default fallback: String? = nil) {
        self.key = Array(key.utf8)
        self.fallback = fallback.map { Array($0.utf8) }
    }
}
