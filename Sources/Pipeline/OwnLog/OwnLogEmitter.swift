internal import Events
internal import Logging

/// Makes events of the log's lines. On the first loop alone.
///
/// As Fluentd makes them: the fields, and the whole line without its time and level as `message`.
final class OwnLogEmitter {
    private var storage = ByteBuffer(capacity: 4096)
    private var rows = Rows(fieldCapacity: 16)
    private let tags = LogLevel.allCases.map { Tag(OwnLogRoute.tag($0)) }
    private var wait = RoomWait()

    /// - Returns: false when there is no room for the line now.
    func emit(_ entry: LogEntry, to label: String, of stages: LoopStages) -> Bool {
        guard let router = stages.routers[label] else { return true }
        guard wait.isOver(stages) else { return false }
        storage.clear()
        rows.clear()
        let time = EventTime(seconds: entry.time.seconds, nanoseconds: UInt32(clamping: entry.time.nanoseconds))
        let record = Array(LogFormat.record(entry).utf8)
        // It was written a line above: what cannot be read is nothing to try again.
        guard (try? rows.appendRecord(json: record, time, &storage)) != nil else { return true }
        return wait.emit(Batch(tags[Int(entry.level.rawValue)]), to: router, &storage, &rows, of: stages)
    }
}
