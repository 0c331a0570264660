package import Events

/// An output at work: shared by all loops, with an emitter for each.
package protocol RunningOutput: AnyObject {
    func makeEmitter(_ context: LoopContext) -> any Emitter
    /// Begins to deliver. Before the inputs open.
    func start()
    /// Delivers everything that is buffered now (SIGUSR1).
    func flushAll()
    /// Delivers what is buffered, within a time; answers how many events are left and what became of them.
    func shutdown(within seconds: Double) async -> Int
    /// Called, on any thread, when there is room again after an `acceptedFull`.
    func whenRoom(_ action: @escaping @Sendable () -> Void)
}

extension RunningOutput {
    package func start() {}
    package func flushAll() {}
    package func shutdown(within seconds: Double) async -> Int { 0 }
    package func whenRoom(_ action: @escaping @Sendable () -> Void) {}
}

/// An output that holds nothing: it only makes emitters.
final class DirectOutput: RunningOutput {
    private let make: (LoopContext) -> any Emitter

    init(_ make: @escaping (LoopContext) -> any Emitter) { self.make = make }

    func makeEmitter(_ context: LoopContext) -> any Emitter { make(context) }
}
