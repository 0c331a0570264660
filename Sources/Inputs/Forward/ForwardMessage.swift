internal import Events

/// One message of the forward protocol, read into rows.
/// Source: Forward Protocol Specification v1.5; where Fluentd differs, Fluentd (golden/wire-cases.jsonl).
///
/// ```
/// nil                                   heartbeat
/// [tag, time, record, option?]          Message
/// [tag, [[time, record], …], option?]   Forward
/// [tag, str or bin, option?]            PackedForward: entries one after the other; compressed if the option says so
/// ```
struct ForwardMessage {
    /// What the message's option asked for.
    struct Option {
        /// The value of `chunk`, as one MessagePack item, to be echoed byte for byte.
        var chunk: Slice?
        var compression = Compression.none
    }
    enum Compression { case none, gzip, zstd }

    /// After the message, in the storage.
    var end: Int
    var option = Option()
    /// nil for heartbeats and for messages that hold nothing.
    var batch: PendingBatch?
    /// The entries of a packed message, still to be read (and decompressed before).
    var packed: Slice?
    /// Where the batch's rows ended before this message, to take it back as a whole.
    var mark = (records: 0, fields: 0)
    /// Events that were left out because they are none.
    var skipped = 0
    /// Static text: a message is copied about, and so it holds one reference only, the batch.
    var skipReason: StaticString = ""
    /// Records that were read so far.
    var recordCount = 0
}

/// Reads messages; what it makes of them is added to the pending batches.
struct ForwardMessageReader {
    let batches: PendingBatches
    /// What `time` 0 or nil becomes.
    let now: EventTime

    /// Reads the message at `start`. A truncated message throws and leaves no trace; so does a broken one.
    func read(at start: Int, end: Int, _ storage: inout ByteBuffer) throws(MessagePackError) -> ForwardMessage {
        let top = try storage.messagePackItem(at: start, end: end)
        guard top.kind == .array else {
            if top.kind == .null { return ForwardMessage(end: top.body) }
            throw .unexpected(offset: start, byte: storage[start])
        }
        guard top.length >= 1 else { return ForwardMessage(end: top.body) }
        let tag = try storage.messagePackItem(at: top.body, end: end)
        guard tag.kind == .string || tag.kind == .binary else {
            throw .unexpected(offset: top.body, byte: storage[top.body])
        }
        var message = ForwardMessage(end: tag.body + tag.length)
        guard top.length >= 2 else { return message }
        let second = try storage.messagePackItem(at: message.end, end: end)
        let batch = batches.batch(for: Slice(offset: tag.body, length: tag.length), storage)
        message.batch = batch
        try readContent(top.length, second, end, &batch.rows, &message, &storage)
        return message
    }

    /// What follows the tag. One function, so that the exclusive access to the batch's rows is checked once a message.
    private func readContent(
        _ count: Int, _ second: MessagePackItem, _ end: Int, _ rows: inout Rows, _ message: inout ForwardMessage,
        _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        message.mark = (rows.records.count, rows.fields.count)
        do throws(MessagePackError) {
            switch second.kind {
            case .array: try readForward(second, count, end, &rows, &message, &storage)
            case .string, .binary:
                message.end = second.body + second.length
                message.packed = Slice(offset: second.body, length: second.length)
                try readOption(from: 2, of: count, end, &message, &storage)
            default: try readSingle(count, second, end, &rows, &message, &storage)
            }
        } catch {
            rows.rollBack(records: message.mark.records, fields: message.mark.fields)
            throw error
        }
        message.recordCount = rows.records.count - message.mark.records
    }

    /// Reads the entries of a packed message from where they are, decompressed. On an error none of them is left.
    func readEntries(
        _ entries: Slice, of message: inout ForwardMessage, _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        guard let batch = message.batch else { return }
        do throws(MessagePackError) {
            try readEntries(entries, &batch.rows, &message, &storage)
        } catch {
            if case .truncated = error {
                note("the last entry of a packed message is cut short", &message)
                return  // the entries before it count, as in Fluentd
            }
            batch.rows.rollBack(records: message.mark.records, fields: message.mark.fields)
            throw error
        }
    }

    /// Apart, so that the exclusive access to the batch's rows is checked once for all entries.
    private func readEntries(
        _ entries: Slice, _ rows: inout Rows, _ message: inout ForwardMessage, _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        var offset = Int(entries.offset)
        defer { message.recordCount = rows.records.count - message.mark.records }
        while offset < entries.end {
            offset = try readEntry(at: offset, entries.end, &rows, &message, &storage)
        }
    }

    // MARK: - The three modes

    private func readSingle(
        _ count: Int, _ second: MessagePackItem, _ end: Int, _ rows: inout Rows, _ message: inout ForwardMessage,
        _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        let time = try readTime(second, &message.end, end, &storage, isWanted: count >= 3)
        guard count >= 3 else {
            note("a message of 2 elements has no record", &message)
            return
        }
        // The option comes after the record, but nothing of it changes how the record is read.
        let recordStart = message.end
        if let time {
            message.end = try readRecord(at: recordStart, end, time, &rows, &message, &storage)
        } else {
            message.end = try storage.skipMessagePack(at: recordStart, end: end)
            note("the time is neither a number nor an EventTime", &message)
        }
        if count > 3 { try readOption(from: 3, of: count, end, &message, &storage) }
    }

    /// The time whose header was read at `offset`, which moves behind it; nil when it is none.
    @inline(__always)
    private func readTime(
        _ item: MessagePackItem, _ offset: inout Int, _ end: Int, _ storage: inout ByteBuffer, isWanted: Bool = true
    ) throws(MessagePackError) -> EventTime? {
        // EventTime as fixext 8, what every client with sub-second precision sends.
        if item.kind == .ext, let eventTime = storage.eventTime(item) {
            offset = item.body + item.length
            return eventTime.seconds == 0 && eventTime.nanoseconds == 0 ? now : eventTime
        }
        let start = offset
        let next = try storage.skipMessagePack(at: start, end: end)
        let time = isWanted ? try time(at: start, end, &storage) : nil
        offset = next
        return time
    }

    private func readForward(
        _ entries: MessagePackItem, _ count: Int, _ end: Int, _ rows: inout Rows, _ message: inout ForwardMessage,
        _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        message.end = entries.body
        if entries.length > end - entries.body { throw .truncated(missing: entries.length - (end - entries.body)) }
        for _ in 0..<entries.length {
            message.end = try readEntry(at: message.end, end, &rows, &message, &storage)
        }
        try readOption(from: 2, of: count, end, &message, &storage)
    }

    // MARK: - Entries

    private func readEntry(
        at start: Int, _ end: Int, _ rows: inout Rows, _ message: inout ForwardMessage, _ storage: inout ByteBuffer
    ) throws(MessagePackError) -> Int {
        let entry = try storage.messagePackItem(at: start, end: end)
        guard entry.kind == .array, entry.length >= 2 else {
            note("an entry is no [time, record]", &message)
            return try storage.skipMessagePack(at: start, end: end)
        }
        var recordStart = entry.body
        let time = try readTime(
            storage.messagePackItem(at: entry.body, end: end), &recordStart, end, &storage)
        var next: Int
        if let time {
            next = try readRecord(at: recordStart, end, time, &rows, &message, &storage)
        } else {
            note("the time is neither a number nor an EventTime", &message)
            next = try storage.skipMessagePack(at: recordStart, end: end)
        }
        for _ in 2..<max(entry.length, 2) { next = try storage.skipMessagePack(at: next, end: end) }
        return next
    }

    private func readRecord(
        at start: Int, _ end: Int, _ time: EventTime, _ rows: inout Rows, _ message: inout ForwardMessage,
        _ storage: inout ByteBuffer
    ) throws(MessagePackError) -> Int {
        let item = try storage.messagePackItem(at: start, end: end)
        guard item.kind == .map else {
            if item.kind != .null { note("a record is no map", &message) }
            return try storage.skipMessagePack(at: start, end: end)
        }
        let first = rows.fields.count
        let next = try rows.appendFields(messagePack: start, end: end, &storage)
        rows.records.append(Record(time: time, firstField: first, fieldCount: rows.fields.count - first))
        return next
    }

    /// A time, or nil when it is none: an integer, a float, an EventTime, or `[time, metadata]` (v1.5). 0 and nil mean now.
    private func time(at start: Int, _ end: Int, _ storage: inout ByteBuffer) throws(MessagePackError) -> EventTime? {
        let item = try storage.messagePackItem(at: start, end: end)
        switch item.kind {
        case .int: return item.bits == 0 ? now : EventTime(seconds: item.intValue)
        case .null: return now
        case .double where item.doubleValue.isFinite:
            return item.doubleValue == 0 ? now : EventTime(item.doubleValue)
        case .array where item.length >= 1:
            let inner = try storage.messagePackItem(at: item.body, end: end)
            return inner.kind == .array ? nil : try time(at: item.body, end, &storage)
        case .ext:
            guard let time = storage.eventTime(item) else { throw .malformed(offset: start, byte: storage[start]) }
            return time.seconds == 0 && time.nanoseconds == 0 ? now : time
        default: return nil
        }
    }

    // MARK: - Option

    private func readOption(
        from index: Int, of count: Int, _ end: Int, _ message: inout ForwardMessage, _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        for position in index..<max(count, index) {
            let item = try storage.messagePackItem(at: message.end, end: end)
            if position == index && item.kind == .map {
                try readOptionMap(item, end, &message, &storage)
            } else {
                message.end = try storage.skipMessagePack(at: message.end, end: end)
            }
        }
    }

    private func readOptionMap(
        _ map: MessagePackItem, _ end: Int, _ message: inout ForwardMessage, _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        if map.length > end - map.body { throw .truncated(missing: map.length - (end - map.body)) }
        message.end = map.body
        for _ in 0..<map.length {
            let key = try storage.messagePackItem(at: message.end, end: end)
            let valueStart = try storage.skipMessagePack(at: message.end, end: end)
            message.end = try storage.skipMessagePack(at: valueStart, end: end)
            guard key.kind == .string || key.kind == .binary else { continue }
            let name = Slice(offset: key.body, length: key.length)
            let value = try storage.messagePackItem(at: valueStart, end: end)
            if storage.equals(name, Self.chunkKey) {
                if value.kind != .null {
                    message.option.chunk = Slice(offset: valueStart, length: message.end - valueStart)
                }
            } else if storage.equals(name, Self.compressedKey), value.kind == .string || value.kind == .binary {
                let text = Slice(offset: value.body, length: value.length)
                if storage.equals(text, Self.gzip) {
                    message.option.compression = .gzip
                } else if storage.equals(text, Self.zstd) {
                    message.option.compression = .zstd
                }
            }
        }
    }

    private static let chunkKey = Array("chunk".utf8)
    private static let compressedKey = Array("compressed".utf8)
    private static let gzip = Array("gzip".utf8)
    private static let zstd = Array("zstd".utf8)

    private func note(_ reason: StaticString, _ message: inout ForwardMessage) {
        message.skipped += 1
        message.skipReason = reason
    }
}
