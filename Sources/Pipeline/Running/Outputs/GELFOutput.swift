internal import Events
internal import Outputs

/// A gelf output at work: its buffer, and the destination whose sockets live on the loop that outputs share.
final class GELFOutput: BufferingOutput {
    let buffered: BufferedOutput
    private let destination: GELFDestination

    init(
        _ settings: GELFSettings, tls: TLSClientPlan?, _ buffering: BufferSection.Read,
        secondary: SecondarySection.Read?, context: RunContext
    ) throws {
        let made = GELFDestination(settings, tls: try tls?.makeContext(), on: try context.network.loop())
        context.network.atEnd { [weak made] in made?.close() }
        destination = made
        buffered = try BufferedOutput(
            buffering, format: GELFDestination.format, name: made.name, destination: made, reader: KeptItemReader(),
            secondary: secondary, context: context
        ) { ItemFormatter(GELFWriter(settings)) }
    }

    func retire() {
        buffered.retire()
        destination.close()
    }
}
