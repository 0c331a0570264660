internal import Buffering
internal import Events
internal import Logging

/// An output with a buffer at work: the buffer, the workers that empty it, and what becomes of what nobody takes.
final class BufferedOutput: RunningOutput {
    private let buffer: ChunkBuffer
    private let workers: FlushWorkers
    private let drain: OutputDrain
    private let makeFormatter: @Sendable () -> any ChunkFormatter
    private let fieldReaders: [RecordKeyReader]

    /// - Parameters:
    ///   - format: what the formatter makes, for chunks that outlive the process.
    ///   - name: what log lines call the destination.
    ///   - reader: the way back from what the formatter made.
    ///   - secondary: who takes what the destination does not.
    init(
        _ buffering: BufferSection.Read, format: String, name: String, destination: any Destination,
        reader: any ItemReader,
        secondary: SecondarySection.Read?, context: RunContext,
        makeFormatter: @escaping @Sendable () -> any ChunkFormatter
    ) throws {
        let settings = buffering.settings
        let log = context.log
        let id = context.stage.id
        var backup: ChunkBackup?
        var letters: DeadLetters?
        if let directory = context.stateDirectory {
            if !settings.disableChunkBackup {
                backup = ChunkBackup(
                    directory: directory, output: id.description, outputFolder: id.folderName, reader: reader)
            }
            if settings.deadLetterLimitBytes > 0 {
                let files = DeadLetterFiles(
                    directory: directory, outputFolder: id.folderName, limitBytes: settings.deadLetterLimitBytes,
                    reader: reader)
                letters = DeadLetters(files, losses: context.losses, log: log)
            }
        }
        let outlet = RefusalOutlet(
            reader: reader, letters: letters, keepsGivenUp: !settings.disableChunkBackup, context: context, log: log)
        let gate = context.gates.makeGate()
        if let files = buffering.files {
            buffer = ChunkBuffer(
                settings: settings,
                files: try FileChunkStore(
                    files.place, format: format, waitsForDisk: settings.waitsForDisk,
                    fsyncIntervalSeconds: settings.fsyncIntervalSeconds, log: log, makeFormatter: makeFormatter),
                hasSecondary: secondary != nil, log: log, gate: gate)
            let events = try buffer.recover()
            if events > 0 { log.info("took up what was left in the buffer", ["events": events]) }
        } else {
            buffer = ChunkBuffer(settings: settings, hasSecondary: secondary != nil, log: log, gate: gate)
        }
        workers = FlushWorkers(
            buffer: buffer, destination: destination,
            secondary: secondary?.destination(reader: reader, context), name: name, log: log,
            handlers: FlushHandlers(
                onRejected: { await outlet.rejected($0, $1, attempts: $2) },
                onGaveUp: { await outlet.gaveUp($0, $1, $2, attempts: $3) }))
        drain = OutputDrain(buffer: buffer, workers: workers, backup: backup, letters: letters, log: log)
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
        BufferedEmitter(
            buffer: buffer, formatter: makeFormatter(), fieldReaders: fieldReaders, pressure: context.pressure)
    }

    func start() { workers.start() }

    func flushAll() { workers.flushAll() }

    func whenRoom(_ action: @escaping @Sendable () -> Void) { buffer.whenRoom(action) }

    func retire() { buffer.retire() }

    var drains: [OutputDrain] { [drain] }
}
