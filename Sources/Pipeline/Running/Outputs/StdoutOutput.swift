internal import Events
internal import Outputs

/// `@type stdout` at work. All outputs of the type share one sink, which holds what nobody has read yet; it is emptied at
/// the very end, when nothing can come any more.
final class StdoutOutput: RunningOutput {
    private let sink: TextSink
    private let format: LineFormat

    init(_ sink: TextSink, format: LineFormat) {
        self.sink = sink
        self.format = format
    }

    func makeEmitter(_ context: LoopContext) -> any Emitter { StdoutEmitter(sink: sink, format: format) }
}
