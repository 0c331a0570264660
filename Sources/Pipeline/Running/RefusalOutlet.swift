internal import Buffering
internal import Events
internal import Logging

/// Where events go that their destination does not want, and a `<secondary>`, where there is one, has not taken: `@ERROR`,
/// or a backup file. One for each output; called by its workers, which wait for the answer.
final class RefusalOutlet: Sendable {
    private let backup: ChunkBackup?
    private let reader: any ItemReader
    private let returnPath: ReturnPath
    private let losses: LossCounter
    private let log: Log

    init(reader: any ItemReader, backup: ChunkBackup?, context: RunContext, log: Log) {
        self.reader = reader
        self.backup = backup
        returnPath = context.returnPath
        losses = context.losses
        self.log = log
    }

    /// Records that were refused for good: to `@ERROR`, but only once. One line for each kind of refusal, in the words of
    /// its first record, and only when it is known what became of them.
    ///
    /// - Returns: how many events are lost.
    func rejected(_ chunk: LoadedChunk, _ items: [RejectedItem]) async -> Int {
        var known: [RefusalKind: Int] = [:]
        var kinds: [(kind: RefusalKind, first: RejectedItem, count: Int)] = []
        for item in items {
            let kind = RefusalKind(item)
            if let index = known[kind] {
                kinds[index].count += 1
            } else {
                known[kind] = kinds.count
                kinds.append((kind, item, 1))
            }
        }
        // What was refused on its way through @ERROR already is not sent round again.
        let again = ItemSet(items.lazy.map(\.item).sorted().filter { !chunk.tag(of: $0).wasRefused })
        let (action, lost) = await takeBack(chunk, again)
        for (kind, first, count) in kinds {
            let tag = chunk.tag(of: first.item)
            log.limited(
                .warn, kind: "\(kind.status) \(kind.type): \(kind.words)",
                subject: kind.subject.isEmpty ? [:] : ["field": kind.subject], count: count,
                "\(count) of \(chunk.body.items.count) records were rejected: \(first.reason)",
                [
                    "status": first.status, "type": first.type, "tag": tag.text,
                    "action": tag.wasRefused ? "dropped: <label @ERROR> sent it here" : action,
                ])
        }
        return lost
    }

    /// What became of the events, and how many of them are lost.
    private func takeBack(_ chunk: LoadedChunk, _ items: ItemSet) async -> (action: String, lost: Int) {
        guard !items.isEmpty else { return ("dropped", 0) }
        guard returnPath.leads(to: LabelPlan.errorName) else {
            losses.noteDropped(items.count)
            return ("dropped; define <label @ERROR> to keep them", 0)
        }
        let outcome = await returnPath.hand(RefusedEvents(chunk, items, reader), to: LabelPlan.errorName)
        noteUnreadable(outcome.unreadableCount, chunk)
        guard !outcome.rest.isEmpty else { return ("sent to @ERROR", outcome.unreadableCount) }
        let lost = keep(chunk, outcome.rest, Refusal(.stopping, "the daemon stopped before @ERROR had taken them"))
        return ("sent to @ERROR, and \(outcome.rest.count) to a backup file", outcome.unreadableCount + lost)
    }

    /// Events that nobody will try to deliver again.
    ///
    /// - Returns: how many of them are lost.
    func gaveUp(_ chunk: LoadedChunk, _ items: ItemSet, _ reason: Refusal) async -> Int {
        var rest = items
        var unreadable = 0
        // What may be welcome at another time is kept as it is; what never will be is an error of the events.
        if reason.kind == .invalid || reason.kind == .tooLarge, returnPath.leads(to: LabelPlan.errorName) {
            let fresh = ItemSet(items.filter { !chunk.tag(of: $0).wasRefused })
            let outcome = await returnPath.hand(RefusedEvents(chunk, fresh, reader), to: LabelPlan.errorName)
            unreadable = outcome.unreadableCount
            noteUnreadable(unreadable, chunk)
            rest = items.subtracting(fresh).union(outcome.rest)
            let taken = fresh.count - outcome.rest.count
            if taken > 0 {
                log.limited(
                    .error, "gave up events: @ERROR has taken them",
                    ["events": taken, "reason": reason.sentence])
            }
            if rest.isEmpty { return unreadable }
        }
        return unreadable + keep(chunk, rest, reason)
    }

    /// Writes events down. Called on the task of a worker, for few events and seldom: at a stop it is `OutputDrain` that
    /// writes.
    ///
    /// - Returns: how many of them are lost.
    private func keep(_ chunk: LoadedChunk, _ items: ItemSet, _ reason: Refusal) -> Int {
        guard let backup else {
            losses.noteLost(items.count)
            log.error(
                "gave up events, and disable_chunk_backup is set: they are lost",
                ["events": items.count, "reason": reason.sentence, "chunk": chunk.id])
            return items.count
        }
        do throws(ChunkStoreError) {
            try backup.write(chunk, items: items)
            log.error(
                "gave up events and wrote them to a backup file",
                ["events": items.count, "reason": reason.sentence, "file": backup.path(chunkID: chunk.id)])
            return 0
        } catch {
            losses.noteLost(items.count)
            log.error(
                "gave up events, and their backup failed: they are lost",
                ["events": items.count, "reason": reason.sentence, "error": error.description])
            return items.count
        }
    }

    private func noteUnreadable(_ count: Int, _ chunk: LoadedChunk) {
        guard count > 0 else { return }
        losses.noteLost(count)
        log.error("cannot read events back from a chunk: they are lost", ["events": count, "chunk": chunk.id])
    }
}

/// Refusals alike in these are told as one.
private struct RefusalKind: Hashable {
    let status: Int
    let type: String
    /// What does not vary in the reason.
    let words: String
    let subject: String

    init(_ item: RejectedItem) {
        status = item.status
        type = item.type
        words = LogKind.constantPart(of: item.reason)
        subject = item.subject
    }
}

/// `<secondary>`: chunks go on as events into a label of their own.
final class LabelDestination: Destination {
    private let label: String
    private let reader: any ItemReader
    private let returnPath: ReturnPath

    init(label: String, reader: any ItemReader, returnPath: ReturnPath) {
        self.label = label
        self.reader = reader
        self.returnPath = returnPath
    }

    func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        let rest = await returnPath.hand(RefusedEvents(chunk, items, reader), to: label).rest
        if rest.isEmpty { return .delivered }
        let reason = Refusal(.stopping, "the daemon is stopping")
        return rest == items ? .retry(reason: reason, after: nil) : .partial(retry: rest, reason: reason, rejected: [])
    }
}
