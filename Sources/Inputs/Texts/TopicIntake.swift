package import Events
internal import Kafka
internal import Logging

/// The messages of a topic.
package final class TopicIntake: TextIntake {
    private let reader: KafkaMessageReader
    private let refusals = IntakeRefusals()
    private let topic: String
    private let tag: Tag
    private var storage = ByteBuffer(capacity: 4096)
    private var rows = Rows(fieldCapacity: 64)

    package init(_ settings: KafkaInputSettings, topic: String) {
        self.topic = topic
        tag = Tag(settings.tag(of: topic))
        reader = KafkaMessageReader(settings, log: .discarding, refusals: refusals)
    }

    package func take(_ text: [UInt8], _ handOn: (Tag, inout ByteBuffer, inout Rows) -> Void) -> [String] {
        storage.clear()
        rows.clear()
        reader.read(KafkaBatch(topic: topic, value: text), &storage, &rows)
        if !rows.records.isEmpty { handOn(tag, &storage, &rows) }
        return refusals.take()
    }
}
