package import Events

/// Writes records as events of CloudWatch Logs, `{"timestamp":1576605304123,"message":"…"}`, beside their group and stream.
///
/// Source: "PutLogEvents" in the Amazon CloudWatch Logs API Reference.
package struct CloudWatchWriter: ItemWriter {
    /// Of an event, with the 26 bytes that Amazon counts for each.
    static let largestEventBytes = 1 << 20
    static let eventOverheadBytes = 26

    private let settings: CloudWatchSettings
    private var format: RecordFormat?
    private var injection: Injection?
    private let pruning: RecordPruning
    private let messageKeys: [[UInt8]]

    package init(_ settings: CloudWatchSettings) {
        self.settings = settings
        format = settings.format
        injection = settings.injection
        pruning = RecordPruning(settings.removedKeys)
        messageKeys = settings.messageKeys.map { Array($0.utf8) }
    }

    package var isWhole: Bool { false }

    package mutating func write(
        _ record: Record, tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, to out: inout ByteBuffer
    ) -> WrittenItem {
        let keys = settings.keys.map { rows.text(at: $0, in: record, storage) }
        let values = ChunkTemplate.Values(
            tag: tag.bytes, fields: keys, seconds: settings.slice(record.time.seconds))
        let group = name(settings.group, values, record, rows, storage)
        let stream = name(settings.stream, values, record, rows, storage)
        if group.isEmpty || stream.isEmpty {
            return .refused(
                kind: "Fluent::Plugin::CloudwatchLogsOutput::NameError",
                reason: "the record names no log \(group.isEmpty ? "group" : "stream")")
        }
        let left = pruning.apply(to: record, &storage, &rows)
        var message = ByteBuffer(capacity: 256)
        append(left, tag, &rows, &storage, to: &message)
        if let limit = settings.maximumMessageLength { message.truncate(toCharacters: limit) }
        if message.count + Self.eventOverheadBytes > Self.largestEventBytes {
            return .refused(
                kind: "Fluent::Plugin::CloudwatchLogsOutput::TooLargeEventError",
                reason: "the message has \(message.count) bytes, and CloudWatch Logs takes "
                    + "\(Self.largestEventBytes - Self.eventOverheadBytes): set max_message_length")
        }
        if message.count == 0 {
            return .refused(
                kind: "Fluent::Plugin::CloudwatchLogsOutput::EmptyEventError",
                reason: "the message is empty, and CloudWatch Logs takes none such")
        }
        let start = out.count
        out.append("{\"timestamp\":")
        if record.time.seconds != 0 { out.appendDecimal(record.time.seconds) }
        out.appendDecimal(record.time.nanoseconds / 1_000_000, width: 3)
        out.append(",\"message\":")
        out.appendJSONString(Slice(offset: 0, length: message.count), message)
        out.append("}")
        return .item(recordAt: start, fields: [group, stream])
    }

    private func name(
        _ name: CloudWatchSettings.Name, _ values: ChunkTemplate.Values, _ record: Record, _ rows: borrowing Rows,
        _ storage: borrowing ByteBuffer
    ) -> [UInt8] {
        switch name {
        case .template(let template): template.filled(values)
        case .field(let place): rows.text(at: place, in: record, storage)
        }
    }

    private mutating func append(
        _ record: Record, _ tag: Tag, _ rows: inout Rows, _ storage: inout ByteBuffer, to out: inout ByteBuffer
    ) {
        if !messageKeys.isEmpty {
            for (number, key) in messageKeys.enumerated() {
                if number > 0 { out.append(0x20) }
                if let place = rows.find(key, in: record, storage) {
                    out.appendRubyText(rows.fields[place].value, storage)
                }
            }
            return
        }
        var format = format ?? RecordFormat(.json)
        _ = format.appendInjected(record, tag: tag, &injection, &rows, &storage, to: &out)
        if self.format != nil { self.format = format }
    }
}

extension ByteBuffer {
    /// Cuts text behind so many characters: what begins one in UTF-8 counts.
    fileprivate mutating func truncate(toCharacters limit: Int) {
        guard count > limit else { return }
        var characters = 0
        for place in 0..<count where self[place] & 0xC0 != 0x80 {
            if characters == limit { return truncate(to: place) }
            characters += 1
        }
    }
}
