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

/// An output on its way to the task that stops it. Its shutdown is safe from any task: it touches only the output's
/// buffer, which has a lock.
struct OutputToDrain: @unchecked Sendable {
    private let output: any RunningOutput

    init(_ output: any RunningOutput) { self.output = output }

    fileprivate func shutdown(within seconds: Double) async -> Int { await output.shutdown(within: seconds) }
}

extension [OutputToDrain] {
    /// Stops all at once, so that the slowest decides how long it takes and not the sum.
    func shutdown(within seconds: Double) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for output in self { group.addTask { await output.shutdown(within: seconds) } }
            return await group.reduce(0, +)
        }
    }
}

/// An output that holds nothing: it only makes emitters.
final class DirectOutput: RunningOutput {
    private let make: (LoopContext) -> any Emitter

    init(_ make: @escaping (LoopContext) -> any Emitter) { self.make = make }

    func makeEmitter(_ context: LoopContext) -> any Emitter { make(context) }
}
