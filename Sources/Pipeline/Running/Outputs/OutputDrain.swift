internal import Buffering
internal import Dispatch
internal import Events
internal import Logging
internal import Synchronization

/// One output's buffer at a stop: what is left in it, and the files in which that is written down. Safe from any thread.
package final class OutputDrain: Sendable {
    private let buffer: ChunkBuffer
    private let workers: FlushWorkers
    private let backup: ChunkBackup?
    private let letters: DeadLetters?
    private let log: Log
    private let ledger = Mutex(BackupLedger())
    /// Held while files are written or removed. True once the deliveries are told to end: from then on an empty buffer
    /// does not mean that everything was delivered.
    private let hasEnded = Mutex(false)
    private let beganAt = Atomic<Int>(0)
    /// A healthy destination gets this long before what it has not confirmed is written down, in milliseconds: most stops
    /// need no file.
    private static let healthyMilliseconds = 1000

    init(buffer: ChunkBuffer, workers: FlushWorkers, backup: ChunkBackup?, letters: DeadLetters? = nil, log: Log) {
        self.buffer = buffer
        self.workers = workers
        self.backup = backup
        self.letters = letters
        self.log = log
    }

    /// How long an answer that is under way is waited for at a stop, where what is not confirmed stays in its files and is
    /// sent again: with what else a stop takes it fits into Docker's ten seconds.
    private static let windDownSeconds = 3.0

    /// Sends nothing more; returns when nothing is under way, or after the longest time that an answer may take.
    func windDown() async { await workers.windDown(within: Self.longestAnswerSeconds) }

    private static let longestAnswerSeconds = 60.0

    /// Everything is sent now. With `flush_at_shutdown false` nothing is, and all of it is written down.
    func begin(atMilliseconds now: Int) {
        beganAt.store(now, ordering: .relaxed)
        if buffer.settings.flushAtShutdown { workers.beginDrain() }
    }

    /// The daemon goes on without the output: everything that it has is delivered now, however long that takes.
    func beginRetirement() { workers.beginDrain() }

    /// Whether all of it is delivered, or where it goes on.
    var holdsNothing: Bool { buffer.isEmpty }

    func progress(group: Int) -> Lifecycle.OutputProgress {
        if buffer.isOnDisk {
            // What is not sent stays where it is.
            return Lifecycle.OutputProgress(
                group: group, isEmpty: buffer.isEmpty || !buffer.settings.flushAtShutdown, isFailing: isFailing,
                isKept: true)
        }
        let undelivered = workers.snapshotUndelivered()
        let isKept = backup != nil && ledger.withLock { $0.covers(undelivered) }
        return Lifecycle.OutputProgress(
            group: group, isEmpty: undelivered.isEmpty,
            isFailing: isFailing || !buffer.settings.flushAtShutdown, isKept: isKept)
    }

    /// What the buffer holds and has done.
    var statistics: BufferStatistics { buffer.statistics }

    /// Where its dead letters lie; nil: it has none.
    var letterFolder: String? { letters?.folder }

    /// Events that were put into the dead letters.
    var deadLetterEvents: Int { letters?.keptEvents ?? 0 }

    /// Of the requests that were sent, in bytes; nil: the destination sends none.
    var requestSizes: Histogram? { workers.requestSizes }

    /// What only this type of destination can tell.
    var figures: [(name: String, value: Int)] { workers.figures }

    private var isFailing: Bool { buffer.statistics.retryCount > 0 }

    /// Writes down what is not confirmed, and takes back what is. Blocks. One that comes late does nothing.
    func writeDown(atMilliseconds now: Int) {
        if buffer.isOnDisk { return }
        guard isFailing || now - beganAt.load(ordering: .relaxed) >= Self.healthyMilliseconds else { return }
        hasEnded.withLock { hasEnded in
            if hasEnded { return }
            _ = write(workers.snapshotUndelivered(), isFinal: false)
        }
    }

    /// Ends the deliveries and writes down what is left; answers how many events are neither delivered nor kept.
    func end() async -> Int {
        // Waits for a pass that is under way, beside the tasks.
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                self.hasEnded.withLock { $0 = true }
                continuation.resume()
            }
        }
        if buffer.isOnDisk { await workers.windDown(within: Self.windDownSeconds) }
        let rest = await workers.stop(within: FlushWorkers.cancellationSeconds).parts
        if buffer.isOnDisk {
            let count = rest.reduce(0) { $0 + $1.items.count }
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    for (chunk, _) in rest where !chunk.receipts.isEmpty {
                        let fate: Receipt.Fate = chunk.makeSafe() ? .safe : .lost
                        for receipt in chunk.receipts { receipt.settle(fate) }
                    }
                    continuation.resume()
                }
            }
            if count > 0 { log.info("events stay in the buffer for the next start", ["events": count]) }
            buffer.releaseFiles()
            return 0
        }
        let lost = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: self.write(rest, isFinal: true)) }
        }
        for (chunk, _) in rest { for receipt in chunk.receipts { receipt.settle(lost > 0 ? .lost : .safe) } }
        let count = rest.reduce(0) { $0 + $1.items.count }
        if count > lost {
            log.error(
                "events could not be delivered before the stop; they are in backup files, which 'sluice replay' sends again",
                ["events": count - lost, "folder": backup?.folder ?? ""])
        }
        if lost > 0 { log.error("events could not be delivered before the stop: they are lost", ["events": lost]) }
        return lost
    }

    private func write(_ undelivered: [BackupLedger.Part], isFinal: Bool) -> Int {
        guard let backup else { return undelivered.reduce(0) { $0 + $1.items.count } }
        let changes = ledger.withLock { $0.changes(for: undelivered, isFinal: isFinal) }
        var lost = 0
        for part in changes.write {
            do {
                try backup.write(part.chunk.load(part.items), items: part.items)
                ledger.withLock { $0.noteWritten(part) }
            } catch {
                lost += part.items.count
                log.limited(.error, "cannot write undelivered events down", ["error": "\(error)"])
            }
        }
        for chunk in changes.remove {
            do throws(ChunkStoreError) {
                try backup.remove(chunkID: chunk.id)
                ledger.withLock { $0.noteRemoved(chunk) }
            } catch {
                log.limited(.warn, "cannot remove the backup of a delivered chunk", ["error": error.description])
            }
        }
        return lost
    }
}
