internal import Events
package import Kafka
package import Parsing
package import Time

/// Parameters of `<source> @type kafka_group` and `kafka` (fluent-plugin-kafka).
package struct KafkaInputSettings: Sendable {
    /// How a message's value becomes a record.
    package enum Format: Sendable {
        case json
        case messagePack
        /// The whole value under one key.
        case text(key: String)
        case parser(ParserRecipe)
    }

    /// `time_source`: which time an event has.
    package enum TimeChoice: Sendable {
        case now
        /// The message's own.
        case message
        /// Of a field, which stays in the record.
        case field(key: String, TimeSource, zone: TimeZoneRule)
        /// What the parser finds, else now.
        case parsed
    }

    /// For log lines.
    package var brokers: String
    package var subscription: KafkaConsumer.Subscription
    package var properties: [KafkaProperty] = []
    package var format = Format.json
    package var time = TimeChoice.now
    /// `add_prefix`, `add_suffix`: around the topic's name, which is the tag.
    package var tagPrefix: String?
    package var tagSuffix: String?
    /// `kafka_message_key`: the field that the message's key becomes.
    package var keyField: String?
    /// `add_headers`
    package var addsHeaders = false
    /// `add_offset_in_record`: `kafka_topic`, `kafka_partition`, `kafka_offset`.
    package var addsOffset = false

    package init(brokers: String, subscription: KafkaConsumer.Subscription) {
        (self.brokers, self.subscription) = (brokers, subscription)
    }

    func tag(of topic: String) -> String {
        (tagPrefix.map { $0 + "." } ?? "") + topic + (tagSuffix.map { "." + $0 } ?? "")
    }

    /// Whether anything is committed.
    var isGroup: Bool { if case .group = subscription { true } else { false } }
}
