package import Events

/// An output at work: shared by all loops, with an emitter for each.
package protocol RunningOutput: AnyObject {
    func makeEmitter(_ context: LoopContext) -> any Emitter
    /// Begins to deliver. Before the inputs open.
    func start()
    /// Delivers everything that is buffered now (SIGUSR1).
    func flushAll()
    /// Called, on any thread, when there is room again after an `acceptedFull`.
    func whenRoom(_ action: @escaping @Sendable () -> Void)
    /// Deliveries have ended for good while the daemon goes on: gives up what others may take (files, gates, connections).
    func retire()
    /// The buffers to be emptied at a stop: none for an output that holds nothing, those of all its stores for a copy.
    var drains: [OutputDrain] { get }
}

extension RunningOutput {
    package func start() {}
    package func flushAll() {}
    package func whenRoom(_ action: @escaping @Sendable () -> Void) {}
    package func retire() {}
    package var drains: [OutputDrain] { [] }
}

/// An output that holds nothing: it only makes emitters.
final class DirectOutput: RunningOutput {
    private let make: (LoopContext) -> any Emitter

    init(_ make: @escaping (LoopContext) -> any Emitter) { self.make = make }

    func makeEmitter(_ context: LoopContext) -> any Emitter { make(context) }
}
