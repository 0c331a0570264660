internal import Events

/// Reads messages; what it makes of them is added to the pending batches.
struct ForwardMessageReader {
    let batches: PendingBatches
    /// Entries of an array that are read at once; longer ones are left in `packed`.
    let entryLimit: Int
    /// What `time` 0 or nil becomes.
    let now: EventTime

    /// Reads the message at `start` into a fresh `message`, which is the caller's so that nothing of it is copied. A truncated
    /// message throws and leaves no trace in the batches; so does a broken one.
    func read(
        at start: Int, end: Int, into message: inout ForwardMessage, _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        let top = try storage.messagePackItem(at: start, end: end)
        guard top.kind == .array else {
            if top.kind == .null {
                message.end = top.body
                return
            }
            if top.kind == .ext { return try leaveOut(start, end, &message, storage) }
            throw .unexpected(offset: start, byte: storage[start])
        }
        message.end = top.body
        guard top.length >= 1 else { return }
        let tag = try storage.messagePackItem(at: top.body, end: end)
        guard tag.kind == .string || tag.kind == .binary else {
            if tag.kind == .ext { return try leaveOut(start, end, &message, storage) }
            throw .unexpected(offset: top.body, byte: storage[top.body])
        }
        message.end = tag.body + tag.length
        guard top.length >= 2 else { return }
        let second = try storage.messagePackItem(at: message.end, end: end)
        let batch = batches.batch(for: Slice(offset: tag.body, length: tag.length), storage)
        message.batch = batch
        message.elements.count = top.length
        try readContent(top.length, second, end, &batch.rows, &message, &storage)
    }

    /// A message that is nothing that could be read, with an extension type where the protocol has none.
    private func leaveOut(
        _ start: Int, _ end: Int, _ message: inout ForwardMessage, _ storage: borrowing ByteBuffer
    ) throws(MessagePackError) {
        message.end = try storage.skipMessagePack(at: start, end: end)
        message.faults.note(.noEntry)
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
                if count >= 3, Self.isText(second, storage), Self.hasRecord(at: message.end, end, storage) {
                    try readSingle(count, second, end, &rows, &message, &storage)
                    break
                }
                message.packed = Slice(offset: second.body, length: second.length)
                try readOption(from: 2, of: count, end, &message, &storage)
            default: try readSingle(count, second, end, &rows, &message, &storage)
            }
        } catch {
            rows.rollBack(records: message.mark.records, fields: message.mark.fields)
            throw error
        }
        message.recordCount = rows.records.count - message.mark.records
        if rows.extensions.count > 0 { message.faults.hasExtensions = true }
    }

    /// Where the reading of entries stopped.
    enum EntriesEnd: Equatable {
        case all
        /// There are as many records as were asked for; the next entry begins here.
        case limit(next: Int)
        /// The entry that begins here is not all there.
        case cutShort(at: Int)
    }

    /// Reads entries that lie one after the other into the rows, which it borrows once for all of them. An error leaves
    /// the rows as they were.
    ///
    /// - Parameter recordLimit: records that may be added.
    func readEntries(
        _ entries: Slice, upTo recordLimit: Int, _ rows: inout Rows, _ faults: inout EventFaults,
        _ storage: inout ByteBuffer
    ) throws(MessagePackError) -> EntriesEnd {
        defer { if rows.extensions.count > 0 { faults.hasExtensions = true } }
        let mark = (records: rows.records.count, fields: rows.fields.count)
        var whole = mark
        var offset = Int(entries.offset)
        // What is no event costs work too.
        var left = recordLimit
        while offset < entries.end {
            if left == 0 { return .limit(next: offset) }
            do throws(MessagePackError) {
                offset = try readEntry(at: offset, entries.end, &rows, &faults, &storage)
            } catch {
                if case .truncated = error {
                    rows.rollBack(records: whole.records, fields: whole.fields)
                    return .cutShort(at: offset)
                }
                rows.rollBack(records: mark.records, fields: mark.fields)
                throw error
            }
            whole = (rows.records.count, rows.fields.count)
            left -= 1
        }
        return .all
    }

    // MARK: - The three modes

    private func readSingle(
        _ count: Int, _ second: MessagePackItem, _ end: Int, _ rows: inout Rows, _ message: inout ForwardMessage,
        _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        // A text was passed over already, to see what follows it.
        let isRead = second.kind == .string || second.kind == .binary
        if isRead { message.faults.note(noTime: second) }
        let timeStart = message.end
        let time = isRead ? nil : try readTime(second, &message.end, end, &storage, isWanted: count >= 3)
        guard count >= 3 else {
            message.faults.note(.noRecord)
            return
        }
        // The option comes after the record, but nothing of it changes how the record is read.
        let recordStart = message.end
        var isRecord = true
        if let time {
            message.end = try readRecord(at: recordStart, end, time, &rows, &isRecord, &storage)
        } else {
            message.end = try storage.skipMessagePack(at: recordStart, end: end)
            if !isRead { noteTime(at: timeStart, end, &message.faults, storage) }
        }
        if !isRecord { message.faults.note(.noMap) }
        if count > 3 { try readOption(from: 3, of: count, end, &message, &storage) }
    }

    /// A text that people write for a time: printable, and no entry, as those begin with an array's header.
    private static func isText(_ item: MessagePackItem, _ storage: borrowing ByteBuffer) -> Bool {
        guard (1...EventFaults.shownTextBytes).contains(item.length) else { return false }
        return (item.body..<(item.body + item.length)).allSatisfy { (0x20...0x7E).contains(storage[$0]) }
    }

    private static func hasRecord(at offset: Int, _ end: Int, _ storage: borrowing ByteBuffer) -> Bool {
        (try? storage.messagePackItem(at: offset, end: end))?.kind == .map
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
        offset = next
        return isWanted ? try time(at: start, end, storage) : nil
    }

    private func readForward(
        _ entries: MessagePackItem, _ count: Int, _ end: Int, _ rows: inout Rows, _ message: inout ForwardMessage,
        _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        message.end = entries.body
        if entries.length > end - entries.body { throw .truncated(missing: entries.length - (end - entries.body)) }
        if entries.length > entryLimit {
            for _ in 0..<entries.length {
                message.end = try storage.skipMessagePack(at: message.end, end: end, depthLimit: JSONLimits.depth + 2)
            }
            message.packed = Slice(offset: entries.body, length: message.end - entries.body)
            message.isArray = true
        } else {
            for _ in 0..<entries.length {
                message.end = try readEntry(at: message.end, end, &rows, &message.faults, &storage)
            }
        }
        try readOption(from: 2, of: count, end, &message, &storage)
    }

    // MARK: - Entries

    private func readEntry(
        at start: Int, _ end: Int, _ rows: inout Rows, _ faults: inout EventFaults, _ storage: inout ByteBuffer
    ) throws(MessagePackError) -> Int {
        let entry = try storage.messagePackItem(at: start, end: end)
        guard entry.kind == .array, entry.length >= 2 else {
            let next = try storage.skipMessagePack(at: start, end: end)
            faults.note(.noEntry)
            return next
        }
        var recordStart = entry.body
        let time = try readTime(storage.messagePackItem(at: entry.body, end: end), &recordStart, end, &storage)
        var next: Int
        var isRecord = true
        if let time {
            next = try readRecord(at: recordStart, end, time, &rows, &isRecord, &storage)
        } else {
            next = try storage.skipMessagePack(at: recordStart, end: end)
        }
        for _ in 2..<entry.length { next = try storage.skipMessagePack(at: next, end: end) }
        // Faults last: an entry that is not all here is looked at again.
        if time == nil { noteTime(at: entry.body, end, &faults, storage) }
        if !isRecord { faults.note(.noMap) }
        return next
    }

    private func readRecord(
        at start: Int, _ end: Int, _ time: EventTime, _ rows: inout Rows, _ isRecord: inout Bool,
        _ storage: inout ByteBuffer
    ) throws(MessagePackError) -> Int {
        let item = try storage.messagePackItem(at: start, end: end)
        guard item.kind == .map else {
            // nil is passed over without a word, as in Fluentd.
            isRecord = item.kind == .null
            return try storage.skipMessagePack(at: start, end: end)
        }
        let first = rows.fields.count
        let next = try rows.appendFields(messagePack: start, end: end, &storage)
        rows.records.append(Record(time: time, firstField: first, fieldCount: rows.fields.count - first))
        return next
    }

    /// A time, or nil when it is none: an integer, a float, an EventTime, MessagePack's own timestamp, or `[time, metadata]`
    /// (v1.5). 0 and nil mean now. Numbers beyond what `EventTime` holds become its first or last second.
    private func time(
        at start: Int, _ end: Int, _ storage: borrowing ByteBuffer
    ) throws(MessagePackError) -> EventTime? {
        let item = try storage.messagePackItem(at: start, end: end)
        switch item.kind {
        case .int: return item.bits == 0 ? now : EventTime(seconds: item.intValue)
        case .uint: return EventTime(seconds: .max)
        case .null: return now
        case .double where item.doubleValue.isFinite:
            return item.doubleValue == 0 ? now : EventTime(item.doubleValue)
        case .array where item.length >= 1:
            let inner = try storage.messagePackItem(at: item.body, end: end)
            return inner.kind == .array ? nil : try time(at: item.body, end, storage)
        case .ext:
            guard let time = storage.timestamp(item) else { return nil }
            return time.seconds == 0 && time.nanoseconds == 0 ? now : time
        default: return nil
        }
    }

    /// Notes what stands where a time should, which was read already.
    private func noteTime(at start: Int, _ end: Int, _ faults: inout EventFaults, _ storage: borrowing ByteBuffer) {
        guard let item = try? storage.messagePackItem(at: start, end: end) else { return }
        if item.kind == .array, item.length > 0, let inner = try? storage.messagePackItem(at: item.body, end: end) {
            faults.note(noTime: inner)
        } else {
            faults.note(noTime: item)
        }
    }

    // MARK: - Option

    private func readOption(
        from index: Int, of count: Int, _ end: Int, _ message: inout ForwardMessage, _ storage: inout ByteBuffer
    ) throws(MessagePackError) {
        message.elements.read = min(count, index + 1)
        for position in index..<max(count, index) {
            let item = try storage.messagePackItem(at: message.end, end: end)
            if position == index && item.kind == .map {
                try readOptionMap(item, end, &message, &storage)
            } else {
                message.end = try storage.skipMessagePack(at: message.end, end: end)
                if position == index && item.kind == .null { continue }
                if position == index { message.elements.read = index }
                let mayHoldEvents =
                    item.length > 0 && (item.kind == .array || item.kind == .map || item.kind == .binary)
                if mayHoldEvents { message.surplus = .mayHoldEvents }
                if message.surplus == .none { message.surplus = .idle }
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
            } else if storage.equals(name, Self.compressedKey) {
                message.option.compression = Self.compression(value, storage)
                if message.option.compression == .unknown {
                    message.option.unknownCompression = Slice(offset: valueStart, length: message.end - valueStart)
                }
            }
        }
    }

    /// `text` is Fluentd's word for what is not compressed; it always sends one.
    private static func compression(
        _ value: MessagePackItem, _ storage: borrowing ByteBuffer
    ) -> ForwardMessage.Compression {
        if value.kind == .null { return .none }
        guard value.kind == .string || value.kind == .binary else { return .unknown }
        let word = Slice(offset: value.body, length: value.length)
        if storage.equals(word, gzip) { return .gzip }
        if storage.equals(word, zstd) { return .zstd }
        return word.length == 0 || storage.equals(word, text) ? .none : .unknown
    }

    private static let chunkKey = Array("chunk".utf8)
    private static let compressedKey = Array("compressed".utf8)
    private static let gzip = Array("gzip".utf8)
    private static let zstd = Array("zstd".utf8)
    private static let text = Array("text".utf8)
}
