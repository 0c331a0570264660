package import Events
internal import Parsing
internal import Time

/// Something about a record that its document or its index has to do without.
package enum DocumentProblem: Sendable, Equatable {
    /// A time that could not be read; the event's own is used in its place.
    case time(value: String, reason: String, eventTime: EventTime)
    /// A placeholder of the index's name that nothing stands for.
    case emptyPlaceholder(String, index: String)
}

/// What `@timestamp` says and whether it has to be written.
struct DocumentStamp {
    /// Decides the index.
    var time: EventTime
    var isWritten = true
    /// Of the text it was read from; nil: the daemon's own.
    var offset: Int?
}

/// Finds the time of a document: the record's own `@timestamp`, else its `time_key`, else the event's time.
struct StampReader {
    private let timestampKey = Array("@timestamp".utf8)
    private let timeKey: [UInt8]?
    private let excludesTimestamp: Bool
    private let reader: TimeReader
    /// The time decides about the index: what a record's own `@timestamp` says counts.
    private let namesIndex: Bool

    init(_ settings: ElasticsearchSettings, namesIndex: Bool) {
        timeKey = settings.timeKey.map { Array($0.utf8) }
        excludesTimestamp = settings.timeKeyExcludesTimestamp
        // Ruby reads times without a zone as UTC.
        reader = TimeReader(settings.timeKeySource, zone: .utc)
        self.namesIndex = namesIndex
    }

    /// Where a record without any of them has the event's own time.
    var keys: [[UInt8]] { [timestampKey] + [timeKey].compactMap { $0 } }

    /// Answers what cannot be read.
    func find(
        _ record: Record, _ storage: inout ByteBuffer, _ rows: borrowing Rows, _ stamp: inout DocumentStamp
    ) -> DocumentProblem? {
        if let field = rows.find(timestampKey, in: record, storage) {
            stamp.isWritten = false
            // It stands as it is.
            return namesIndex ? read(rows.fields[field].value, &storage, &stamp) : nil
        }
        guard let timeKey, let field = rows.find(timeKey, in: record, storage) else { return nil }
        stamp.isWritten = !excludesTimestamp
        return read(rows.fields[field].value, &storage, &stamp)
    }

    private func read(_ value: Value, _ storage: inout ByteBuffer, _ stamp: inout DocumentStamp) -> DocumentProblem? {
        if let time = storage.eventTime(number: value) {
            stamp.time = time
            return nil
        }
        switch reader.read(value, &storage) {
        case .time(let time):
            stamp.offset = value.kind == .string ? storage.zoneOffset(endOf: value.slice) ?? 0 : nil
            stamp.time = time
            return nil
        case .invalid(let reason):
            var text = ByteBuffer()
            text.appendText(value, storage)
            let shown = text.text(Slice(offset: 0, length: min(text.count, 200)))
            return .time(value: shown, reason: reason, eventTime: stamp.time)
        }
    }
}

extension ByteBuffer {
    /// The offset from UTC that a time's text ends with: `Z`, `+09:00`, `+0900`.
    func zoneOffset(endOf text: Slice) -> Int? {
        let length = Int(text.length)
        guard length > 8 else { return nil }
        let end = text.end
        if self[end - 1] == UInt8(ascii: "Z") { return 0 }
        let hasColon = self[end - 3] == UInt8(ascii: ":")
        let start = end - (hasColon ? 6 : 5)
        let sign = self[start]
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        var digits: [Int] = []
        for offset in (start + 1)..<end where self[offset] &- 0x30 < 10 { digits.append(Int(self[offset] - 0x30)) }
        guard digits.count == 4 else { return nil }
        let seconds = (digits[0] * 10 + digits[1]) * 3600 + (digits[2] * 10 + digits[3]) * 60
        return sign == UInt8(ascii: "-") ? -seconds : seconds
    }
}
