internal import Events
internal import Kafka

/// A chunk's items as messages.
struct KafkaMessages: Sendable {
    let chunk: LoadedChunk
    let labels: [(parts: KafkaLabel.Parts, topic: String)?]
    let settings: KafkaOutputSettings

    init(_ chunk: LoadedChunk, _ labels: [(KafkaLabel.Parts, String)?], _ settings: KafkaOutputSettings) {
        self.chunk = chunk
        self.labels = labels.map { $0.map { (parts: $0.0, topic: $0.1) } }
        self.settings = settings
    }

    func topic(of item: Int) -> String {
        let label = Int(chunk.item(item).label)
        return labels.indices.contains(label) ? labels[label]?.topic ?? "" : ""
    }

    func item(_ number: Int) -> KafkaItem? {
        let entry = chunk.item(number)
        guard labels.indices.contains(Int(entry.label)), let label = labels[Int(entry.label)] else { return nil }
        return KafkaItem(label.parts, entry.source, chunk.body.bytes)
    }

    /// - Parameter topic: where it was sent.
    func verdict(_ report: KafkaProducer.Report, on number: Int, topic: String) -> KafkaVerdict {
        KafkaVerdict(report, topic: topic, namesPartition: item(number)?.partition != nil)
    }

    func message(_ number: Int, topic other: String? = nil) -> KafkaMessage {
        // Looked at before anything is sent.
        guard let item = item(number) else { return KafkaMessage(topic: "", value: .empty) }
        var message = KafkaMessage(topic: other ?? topic(of: number), value: item.value)
        message.key = item.key
        message.partitionKey = item.partitionKey.map { chunk.body.bytes.array($0) }
        message.partition = item.partition
        message.headers =
            settings.headers
            + item.headers.map {
                KafkaHeader(name: chunk.body.bytes.array($0.name), value: chunk.body.bytes.array($0.value))
            }
        if settings.usesEventTime {
            let time = chunk.item(number).time
            message.timestampMilliseconds = max(time.seconds * 1000 + Int64(time.nanoseconds) / 1_000_000, 1)
        }
        return message
    }
}
