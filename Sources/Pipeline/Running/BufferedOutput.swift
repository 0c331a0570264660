internal import Buffering
internal import Events
internal import Logging

/// An output with a buffer at work: the buffer, the workers that empty it, and what becomes of what nobody takes.
final class BufferedOutput: RunningOutput {
    private let buffer: ChunkBuffer
    private let workers: FlushWorkers
    private let makeFormatter: (LoopContext) -> any ChunkFormatter
    private let fieldReaders: [RecordKeyReader]
    private let outlet: RefusalOutlet

    /// - Parameters:
    ///   - name: what log lines call the destination.
    ///   - secondary: the label that takes what the destination does not.
    init(
        _ buffering: BufferSection.Read, name: String, destination: any Destination, secondary: String?,
        context: RunContext, makeFormatter: @escaping (LoopContext) -> any ChunkFormatter
    ) {
        let settings = buffering.settings
        let log = context.log
        let backup =
            settings.disableChunkBackup
            ? nil : ChunkBackup(directory: context.rootDirectory, pluginID: context.stage.id.folderName)
        let outlet = RefusalOutlet(backup: backup, context: context, log: log)
        self.outlet = outlet
        buffer = ChunkBuffer(settings: settings, hasSecondary: secondary != nil, log: log)
        workers = FlushWorkers(
            buffer: buffer, destination: destination,
            secondary: secondary.map { LabelDestination(label: $0, context: context) }, name: name, log: log,
            handlers: FlushHandlers(
                onRejected: { chunk, items in outlet.rejected(chunk, items) },
                onGaveUp: { chunk, items, reason in outlet.gaveUp(chunk, items, reason) }))
        self.makeFormatter = makeFormatter
        fieldReaders = buffering.fieldReaders.map { accessor in
            { record, rows, storage, value in
                guard let found = rows.value(at: accessor, in: record, storage) else { return }
                var text = ByteBuffer(capacity: 32)
                text.appendText(found, storage)
                value = text.array()
            }
        }
    }

    func makeEmitter(_ context: LoopContext) -> any Emitter {
        BufferedEmitter(buffer: buffer, formatter: makeFormatter(context), fieldReaders: fieldReaders)
    }

    func start() { workers.start() }

    func flushAll() { workers.flushAll() }

    func whenRoom(_ action: @escaping @Sendable () -> Void) { buffer.whenRoom(action) }

    func shutdown(within seconds: Double) async -> Int {
        let remainder = await workers.shutdown(within: buffer.settings.flushAtShutdown ? seconds : 0)
        for part in remainder.parts {
            outlet.gaveUp(part.chunk, part.items, Refusal(.stopping, "the daemon stopped before it could be delivered"))
        }
        return remainder.eventCount
    }
}

/// Refusals alike in these are told as one.
private struct RefusalKind: Hashable {
    let status: Int
    let type: String
    /// What does not vary in the reason.
    let words: String
    let subject: String
}

/// Where events go that their destination does not want: `@ERROR` for single records, a backup file for whole chunks.
private final class RefusalOutlet: Sendable {
    private let backup: ChunkBackup?
    private let reinject: @Sendable (String, RefusedEvents) -> Bool
    private let log: Log

    init(backup: ChunkBackup?, context: RunContext, log: Log) {
        self.backup = backup
        reinject = context.reinject
        self.log = log
    }

    /// One line for each kind of refusal, in the words of its first record.
    func rejected(_ chunk: SealedChunk, _ items: [RejectedItem]) {
        var known: [RefusalKind: Int] = [:]
        var kinds: [(kind: RefusalKind, first: RejectedItem, count: Int)] = []
        for item in items {
            let kind = RefusalKind(
                status: item.status, type: item.type, words: LogKind.constantPart(of: item.reason),
                subject: item.subject)
            if let index = known[kind] {
                kinds[index].count += 1
            } else {
                known[kind] = kinds.count
                kinds.append((kind, item, 1))
            }
        }
        // What was refused on its way through @ERROR already is not sent round again.
        let again = ItemSet(items.filter { !chunk.tag(of: $0.item).wasRefused }.map(\.item))
        let isTaken = !again.isEmpty && reinject(LabelPlan.errorName, .of(chunk, again))
        for kind in kinds {
            let tag = chunk.tag(of: kind.first.item)
            let action =
                tag.wasRefused
                ? "dropped: <label @ERROR> sent it here"
                : isTaken ? "sent to @ERROR" : "dropped; define <label @ERROR> to keep them"
            let field = kind.first.subject
            log.limited(
                .warn, kind: "\(kind.first.status) \(kind.first.type): \(kind.kind.words)",
                subject: field.isEmpty ? [:] : ["field": field], count: kind.count,
                "\(kind.count) of \(chunk.body.items.count) records were rejected: \(kind.first.reason)",
                ["status": kind.first.status, "type": kind.first.type, "tag": tag.text, "action": action])
        }
    }

    func gaveUp(_ chunk: SealedChunk, _ items: ItemSet, _ reason: Refusal) {
        guard let backup else {
            log.error("gave up events", ["events": items.count, "reason": reason.sentence, "chunk": chunk.id])
            return
        }
        do throws(ChunkBackupError) {
            try backup.write(chunk, items: items)
            log.error(
                "gave up events and wrote them to a backup file",
                ["events": items.count, "reason": reason.sentence, "file": backup.path(of: chunk)])
        } catch {
            log.error(
                "gave up events, and their backup failed: they are lost",
                ["events": items.count, "reason": reason.sentence, "error": error.description])
        }
    }
}

/// `<secondary>`: chunks go on as events into a label of their own.
private final class LabelDestination: Destination {
    private let label: String
    private let reinject: @Sendable (String, RefusedEvents) -> Bool

    init(label: String, context: RunContext) {
        self.label = label
        reinject = context.reinject
    }

    func deliver(_ chunk: SealedChunk, items: ItemSet) async -> DeliveryOutcome {
        reinject(label, .of(chunk, items))
            ? .delivered : .retry(reason: Refusal(.stopping, "the daemon is stopping"), after: nil)
    }
}

extension RefusedEvents {
    /// Items of a chunk whose formatted form is a JSON object.
    fileprivate static func of(_ chunk: SealedChunk, _ items: ItemSet) -> RefusedEvents {
        RefusedEvents(
            items.map { number in
                let item = chunk.body.items[number]
                return Event(
                    tag: chunk.body.tags[Int(item.tag)], time: item.time, json: chunk.body.bytes.array(item.source))
            })
    }
}

extension SealedChunk {
    fileprivate func tag(of item: Int) -> Tag { body.tags[Int(body.items[item].tag)] }
}
