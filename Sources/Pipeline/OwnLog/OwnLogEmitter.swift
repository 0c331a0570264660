internal import Events
internal import Logging

/// Makes events of the log's lines. On the first loop alone.
///
/// As Fluentd makes them: the fields, and the whole line without its time and level as `message`.
final class OwnLogEmitter {
    private var storage = ByteBuffer(capacity: 4096)
    private var rows = Rows(fieldCapacity: 16)
    private let tags = LogLevel.allCases.map { Tag(OwnLogRoute.tag($0)) }
    /// The outputs that had no room at the last line.
    private var wait = GateWait()

    /// - Returns: false when there is no room for the line now.
    func emit(_ entry: LogEntry, to label: String, of stages: LoopStages) -> Bool {
        guard let router = stages.routers[label] else { return true }
        // Outputs are being replaced, or full.
        guard !stages.isResting, !stages.pressure.gates.isClosed(anyOf: wait) else { return false }
        wait = GateWait()
        storage.clear()
        rows.clear()
        storage.append(Array(LogFormat.record(entry).utf8))
        let json = Slice(offset: 0, length: storage.count)
        // It was written a line above: what cannot be read is nothing to try again.
        guard (try? rows.appendFields(json: json, &storage)) != nil else { return true }
        let time = EventTime(seconds: entry.time.seconds, nanoseconds: UInt32(clamping: entry.time.nanoseconds))
        rows.records.append(Record(time: time, firstField: 0, fieldCount: rows.fields.count))
        _ = stages.pressure.take()
        switch router.emit(Batch(tags[Int(entry.level.rawValue)]), storage: &storage, rows: &rows) {
        case .accepted: return true
        case .acceptedFull:
            wait = stages.pressure.take()
            return true
        case .refused:
            wait = stages.pressure.take()
            return false
        }
    }
}
