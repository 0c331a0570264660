internal import Buffering
internal import Events
internal import KeptEvents
internal import Logging
internal import Outputs
internal import Synchronization

/// Where events end at a stop that a stage held, and that nothing has completed: the dead letters of that stage. Written at
/// once; any loop.
package final class HeldLetters: Sendable {
    private let directory: String?
    private let losses: LossCounter
    private let log: Log
    private let files = Mutex<[String: DeadLetterFiles]>([:])

    init(directory: String?, losses: LossCounter, log: Log) {
        (self.directory, self.losses, self.log) = (directory, losses, log)
    }

    /// Keeps a batch; what cannot be kept is counted as lost.
    func keep(_ batch: Batch, of stage: String, storage: inout ByteBuffer, rows: inout Rows) {
        let count = rows.records.count
        guard let directory else { return lose(batch, count, of: stage, "there is no place for it: set root_dir") }
        let formatter = ForwardFormatter()
        var body = ChunkBody(capacity: storage.count)
        for record in rows.records {
            formatter.format(record, tag: batch.tag, storage: &storage, rows: &rows, into: &body)
        }
        let chunk = LoadedChunk(body, id: "")
        let letters = files.withLock { files in
            let folder = StageID(stage).folderName
            if let known = files[folder] { return known }
            let made = DeadLetterFiles(
                directory: directory, outputFolder: folder, limitBytes: BufferSettings().deadLetterLimitBytes,
                reader: ForwardItemReader())
            files[folder] = made
            return made
        }
        let cause = KeptCause(
            output: stage, type: "incomplete", reason: "the daemon stopped before the last piece came")
        do throws(ChunkStoreError) {
            let outcome = try letters.write(chunk, items: chunk.allItems) { _ in cause }
            if outcome.tooLarge > 0 { lose(batch, outcome.tooLarge, of: stage, "larger than dead letters may be") }
            losses.noteDropped(outcome.droppedEvents)
        } catch {
            return lose(batch, count, of: stage, error.description)
        }
        batch.receipt?.note(.safe)
        log.limited(
            .warn, kind: "held", subject: ["filter": stage], count: count,
            "events waited for pieces that did not come before the stop: kept as they are; sluice replay sends them",
            ["events": count, "folder": letters.folder])
    }

    private func lose(_ batch: Batch, _ count: Int, of stage: String, _ reason: String) {
        losses.noteLost(count)
        batch.receipt?.note(.lost)
        log.error(
            "events waited for pieces that did not come before the stop: they are lost",
            ["filter": stage, "events": count, "reason": reason])
    }
}
