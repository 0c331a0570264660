internal import Events
internal import Outputs

/// A Kafka output at work: its buffer, and the destination whose producer has threads of its own.
final class KafkaOutput: BufferingOutput {
    let buffered: BufferedOutput
    private let destination: KafkaDestination

    init(
        _ settings: KafkaOutputSettings, _ format: RecordFormat, _ injection: Injection?,
        _ buffering: BufferSection.Read, secondary: SecondarySection.Read?, context: RunContext
    ) throws {
        let made = try KafkaDestination(settings, log: context.log)
        context.network.atEnd { [weak made] in made?.close() }
        destination = made
        do {
            buffered = try BufferedOutput(
                buffering, format: KafkaFormatter.format, name: made.name, destination: made,
                reader: KafkaItemReader(), secondary: secondary, context: context
            ) { KafkaFormatter(settings, format, injection: injection) }
        } catch {
            made.close()
            throw error
        }
    }

    func retire() {
        buffered.retire()
        destination.close()
    }
}
