/// How much one client may hold and wait for. What a configuration may change is named beside it.
package enum KafkaLimits {
    /// Messages and kilobytes that a producer has taken and no broker has confirmed; whoever has more waits
    /// (`queue.buffering.max.messages` and `queue.buffering.max.kbytes` in `rdkafka_options`).
    package static let queuedMessages = 100_000
    package static let queuedKilobytes = 64 << 10
    /// How long a message is tried before it goes back to its buffer, in seconds (`message.timeout.ms`). Until then it is
    /// sent under one number, so that a broker stores it once.
    package static let deliverySeconds = 300.0
    /// Kilobytes and messages of a partition that a consumer has fetched ahead (`queued.max.messages.kbytes`,
    /// `queued.min.messages` of librdkafka).
    package static let fetchedKilobytes = 16 << 10
    package static let fetchedMessages = 10_000
    /// Messages and bytes that a consumer hands on at a time.
    package static let batchMessages = 1000
    package static let batchBytes = 1 << 20
    /// How long an end may take, in seconds: what is not confirmed by then is not confirmed.
    package static let endingSeconds = 3.0
    /// Topics that one producer may know: librdkafka keeps what it knows of each until its end.
    package static let topics = 10_000
    /// How long a cluster must say that it does not have a topic before that is believed, in seconds
    /// (`topic.metadata.propagation.max.ms`).
    package static let unknownTopicSeconds = 30.0
    /// Of a name of a topic, in bytes (`org.apache.kafka.common.internals.Topic`).
    package static let topicNameBytes = 249
}
