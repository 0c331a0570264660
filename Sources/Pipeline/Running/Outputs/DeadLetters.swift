internal import Buffering
internal import Dispatch
internal import Events
internal import KeptEvents
internal import Logging
internal import Synchronization

/// Where an output's events end that nobody takes: files of their own, written beside the tasks that wait for them.
///
/// While the disk takes nothing the caller waits, and with it the output: its buffer fills, inputs are held back, and
/// nothing is lost.
final class DeadLetters: Sendable {
    private let files: DeadLetterFiles
    private let losses: LossCounter
    private let log: Log
    private let kept = Atomic<Int>(0)
    /// Between two tries of a disk that takes nothing.
    private static let retrySeconds = 1.0

    init(_ files: DeadLetterFiles, losses: LossCounter, log: Log) {
        self.files = files
        self.losses = losses
        self.log = log
    }

    var folder: String { files.folder }

    /// Events that were written down, since the start.
    var keptEvents: Int { kept.load(ordering: .relaxed) }

    /// Writes events down. Returns when they are on the disk, or the task is cancelled and one last try has failed.
    func keep(
        _ chunk: LoadedChunk, _ items: ItemSet, cause: @escaping @Sendable (_ item: Int) -> KeptCause
    ) async -> HandedOn {
        if items.isEmpty { return .done(lost: 0) }
        while true {
            let isLast = Task.isCancelled
            do throws(ChunkStoreError) {
                let lost = tell(try await write(chunk, items, cause))
                kept.add(items.count - lost, ordering: .relaxed)
                return .done(lost: lost)
            } catch {
                log.limited(
                    .error, "cannot write dead letters: the output waits until it can",
                    ["events": items.count, "error": error.description])
                if isLast { return .stillHeld }
                try? await Task.sleep(for: .seconds(Self.retrySeconds))
            }
        }
    }

    private func write(
        _ chunk: LoadedChunk, _ items: ItemSet, _ cause: @escaping @Sendable (Int) -> KeptCause
    ) async throws(ChunkStoreError) -> DeadLetterFiles.Outcome {
        let files = files
        let result: Result<DeadLetterFiles.Outcome, ChunkStoreError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    returning: Result { () throws(ChunkStoreError) in
                        try files.write(chunk, items: items, cause: cause)
                    })
            }
        }
        return try result.get()
    }

    /// What had to go, for the log; answers how many of the new events are lost.
    private func tell(_ outcome: DeadLetterFiles.Outcome) -> Int {
        if outcome.droppedEvents > 0 {
            losses.noteDropped(outcome.droppedEvents)
            log.limited(
                .error,
                "the dead letters have reached dead_letter_limit_size: the oldest were removed; "
                    + "raise the limit, or move the files away",
                ["events": outcome.droppedEvents, "folder": folder, "dead_letter_limit_size": files.limitBytes])
        }
        if outcome.tooLarge > 0 {
            losses.noteLost(outcome.tooLarge)
            log.limited(
                .error, "events larger than dead_letter_limit_size cannot be kept: they are lost",
                ["events": outcome.tooLarge, "dead_letter_limit_size": files.limitBytes])
        }
        return outcome.tooLarge
    }
}
