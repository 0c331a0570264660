internal import Events
internal import Outputs

/// `@type stdout` at work. All outputs of the type share one sink, which holds what nobody has read yet; it is emptied at
/// the very end, when nothing can come any more.
final class StdoutOutput: RunningOutput {
    private let sink: TextSink
    private let format: RecordFormat
    private let injection: Injection?

    init(_ sink: TextSink, format: RecordFormat, injection: Injection?) {
        self.sink = sink
        self.format = format
        self.injection = injection
    }

    func makeEmitter(_ context: LoopContext) -> any Emitter {
        StdoutEmitter(sink: sink, format: format, injection: injection)
    }
}
