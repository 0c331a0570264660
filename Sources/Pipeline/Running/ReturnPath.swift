internal import EventLoop
package import Events
internal import Synchronization

/// Events that a destination does not take, on their way to a label: still in their chunk, and read back from there.
package struct RefusedEvents: Sendable {
    package var chunk: LoadedChunk
    package var items: ItemSet
    package var reader: any ItemReader
    /// The name of the output that they were for.
    var output: String

    package init(_ chunk: LoadedChunk, _ items: ItemSet, _ reader: any ItemReader, of output: String = "") {
        self.chunk = chunk
        self.items = items
        self.reader = reader
        self.output = output
    }
}

/// The way back into the pipeline: hands events to a label of the first loop, on that loop, some at a time, and waits where
/// an input would be held back. The chunk they come from stays counted meanwhile, so that a full buffer behind `@ERROR`
/// reaches the client through the buffer in front of it.
package final class ReturnPath: Sendable {
    /// What one job of the loop may hand on, so that it does not hold up the connections.
    static let stepItems = 1024
    static let stepBytes = 256 * 1024
    /// How often a full buffer is looked at again, in milliseconds. Nothing else is going on when it matters.
    private static let waitMilliseconds = 20

    private let step: @Sendable (String, RefusedEvents) async -> Step?
    private let labels: Mutex<Set<String>>
    private let roomCount = Atomic<Int>(0)
    private let gates: OutputGates

    /// What a job of the loop did.
    struct Step: Sendable {
        /// Items handed on, from the first.
        var itemCount = 0
        /// Of those, the ones whose record could not be read back.
        var unreadable = 0
        var isFull = false
        /// Whose room is waited for; empty: any.
        var wait = GateWait()
    }

    /// - Parameters:
    ///   - labels: those that exist.
    ///   - step: hands the first items on; nil when the loop has ended.
    init(
        labels: Set<String>, gates: OutputGates = OutputGates(),
        step: @escaping @Sendable (String, RefusedEvents) async -> Step?
    ) {
        self.labels = Mutex(labels)
        self.gates = gates
        self.step = step
    }

    package func leads(to label: String) -> Bool { labels.withLock { $0.contains(label) } }

    /// Other labels exist from now on.
    func lead(to labels: Set<String>) { self.labels.withLock { $0 = labels } }

    /// What became of events that were handed back.
    package struct Outcome: Sendable, Equatable {
        /// Nobody has taken these: the label does not exist, or the daemon stopped meanwhile.
        package var rest: ItemSet
        /// Whose record could not be read back: a fault of the output's formatter.
        package var unreadableCount: Int
    }

    /// Hands events to a label; returns when all of them are taken, or when the task is cancelled.
    package func hand(_ events: RefusedEvents, to label: String) async -> Outcome {
        var outcome = Outcome(rest: events.items, unreadableCount: 0)
        guard leads(to: label) else { return outcome }
        while !outcome.rest.isEmpty, !Task.isCancelled {
            let room = roomCount.load(ordering: .acquiring)
            var left = events
            left.items = outcome.rest
            guard let done = await step(label, left) else { break }
            outcome.rest = outcome.rest.split(after: done.itemCount).1
            outcome.unreadableCount += done.unreadable
            if done.isFull { await waitForRoom(of: done.wait, since: room) }
        }
        return outcome
    }

    /// There is room in a buffer again. Any thread.
    func noteRoom() { roomCount.add(1, ordering: .releasing) }

    private func waitForRoom(of wait: GateWait, since count: Int) async {
        while !Task.isCancelled, gates.isClosed(anyOf: wait) || roomCount.load(ordering: .acquiring) == count {
            try? await Task.sleep(for: .milliseconds(Self.waitMilliseconds))
        }
    }
}
