internal import Events
internal import Logging

/// An output of a type that sluice does not have: takes its events, so that no `<match>` below it gets them, and drops them
/// with a word in the log.
final class LeftOutOutput: RunningOutput {
    private let type: String
    private let log: Log

    init(type: String, log: Log) {
        self.type = type
        self.log = log
        log.warn("this output is left out: its events are dropped", ["type": type])
    }

    func makeEmitter(_ context: LoopContext) -> any Emitter { LeftOutEmitter(type: type, log: log) }
}

private final class LeftOutEmitter: Emitter {
    private let type: String
    private let log: Log

    init(type: String, log: Log) {
        self.type = type
        self.log = log
    }

    func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        log.limited(
            .warn, kind: "left out", subject: ["tag": batch.tag.text], count: rows.records.count,
            "events are dropped: their output is left out", ["type": type, "events": rows.records.count])
        return .accepted
    }
}
