internal import Events

/// An output whose buffer is everything but its destination: what is asked of it goes to the buffer.
protocol BufferingOutput: RunningOutput {
    var buffered: BufferedOutput { get }
}

extension BufferingOutput {
    func makeEmitter(_ context: LoopContext) -> any Emitter { buffered.makeEmitter(context) }
    func start() { buffered.start() }
    func flushAll() { buffered.flushAll() }
    func whenRoom(_ action: @escaping @Sendable () -> Void) { buffered.whenRoom(action) }
    func retire() { buffered.retire() }
    var drains: [OutputDrain] { buffered.drains }
}
