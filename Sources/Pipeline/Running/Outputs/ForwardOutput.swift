internal import Events
internal import Outputs

/// A forward output at work: its buffer, and the destination whose connections live on the loop that outputs share.
final class ForwardOutput: BufferingOutput {
    let buffered: BufferedOutput
    private let destination: ForwardDestination

    init(
        _ settings: ForwardOutputSettings, tls: TLSClientPlan?, _ buffering: BufferSection.Read,
        secondary: SecondarySection.Read?,
        context: RunContext
    ) throws {
        let made = ForwardDestination(
            settings, tls: try tls?.makeContext(), on: try context.network.loop(), log: context.log)
        context.network.atEnd { [weak made] in made?.close() }
        destination = made
        buffered = try BufferedOutput(
            buffering, format: ForwardFormatter.format, name: made.name, destination: made,
            reader: ForwardItemReader(), secondary: secondary, context: context
        ) { ForwardFormatter() }
    }

    func start() {
        destination.start()
        buffered.start()
    }

    func retire() {
        buffered.retire()
        destination.close()
    }
}
