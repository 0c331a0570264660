package import Events
internal import Kafka

/// Writes events into the chunk as the messages that they become, each with its key, partition and headers.
///
/// Where a message does not say all of its record, the record itself stands in front of it (`KeptRecord`): what cannot be
/// delivered goes on as the event it was.
package final class KafkaFormatter: ChunkFormatter {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "kafka-1"

    private let settings: KafkaOutputSettings
    private var topic: KafkaTopicRule
    private var format: RecordFormat
    private var injection: Injection?
    /// Whether a message may say all of its record.
    private let isWhole: Bool

    private var name = ByteBuffer(capacity: 64)
    private var parts = ByteBuffer(capacity: 256)
    private var label = KafkaLabel(parts: [], topic: [])
    /// Counts the changes of `label`.
    private var labelNumber = 0

    package init(_ settings: KafkaOutputSettings, _ format: RecordFormat, injection: Injection?) {
        (self.settings, self.format, self.injection) = (settings, format, injection)
        topic = settings.topic
        isWhole =
            format.kind == .json && !format.addsNewline && injection == nil && settings.excludedKeys.isEmpty
            && settings.recordKey == nil
    }

    package func format(
        _ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody
    ) {
        let (bytes, fields) = (storage.count, rows.fields.count)
        let problem = write(record, tag, &storage, &rows, &chunk)
        storage.truncate(to: bytes)
        rows.fields.truncate(to: fields)
        if let problem {
            rows.rejections.append(
                Rejection(record: record, kind: "Fluent::Plugin::Kafka::MessageError", reason: problem))
        }
    }

    /// Answers why the event can be no message; nil: it is one.
    private func write(
        _ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, _ chunk: inout ChunkBody
    ) -> String? {
        let made = injection?.apply(to: record, tag: tag, &storage, &rows) ?? record
        name.clear()
        topic.write(made, tag, rows, storage, to: &name)
        let topicName = name.array()
        if topicName != label.topic || labelNumber == 0, let problem = KafkaTopic.problem(topicName) { return problem }
        var found: KafkaLabel.Parts = []
        if let problem = writeParts(made, rows, storage, &found) { return problem }
        let sent = withoutExcluded(made, &rows, storage)

        let start = chunk.bytes.count
        let losses = chunk.bytes.lossCount
        var hasRecord = !isWhole
        if hasRecord { KeptRecord.append(record, rows, storage, to: &chunk.bytes) }
        var message = appendMessage(sent, tag, rows, storage, to: &chunk.bytes)
        if isWhole, chunk.bytes.lossCount != losses {
            hasRecord = true
            chunk.bytes.truncate(to: start)
            KeptRecord.append(record, rows, storage, to: &chunk.bytes)
            message = appendMessage(sent, tag, rows, storage, to: &chunk.bytes)
        }
        if let limit = settings.messageBytes, chunk.bytes.count - message > limit {
            let size = chunk.bytes.count - message
            chunk.bytes.truncate(to: start)
            return "the message has \(size) bytes, and max_send_limit_bytes is \(limit)"
        }
        if hasRecord { found.insert(.record) }
        let number = labelNumber(KafkaLabel(parts: found, topic: topicName), &chunk)
        chunk.endItem(from: start, label: number, tag: chunk.tag(tag), time: record.time)
        return nil
    }

    private func labelNumber(_ made: KafkaLabel, _ chunk: inout ChunkBody) -> UInt32 {
        if made != label || labelNumber == 0 {
            label = made
            labelNumber += 1
        }
        return chunk.label(stamp: labelNumber) ?? chunk.label(label.bytes, stamp: labelNumber)
    }

    /// Parts and message; answers where the message begins.
    private func appendMessage(
        _ record: Record, _ tag: Tag, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) -> Int {
        out.append(parts)
        let start = out.count
        if let place = settings.recordKey {
            if let value = rows.value(at: place, in: record, storage) {
                out.appendJSON(value, storage)
            } else {
                out.append("null")
            }
        } else {
            format.appendBody(record, tag: tag, rows, storage, to: &out)
        }
        format.appendNewline(to: &out)
        return start
    }

    // MARK: - What a message has beside its value

    private func writeParts(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, _ found: inout KafkaLabel.Parts
    ) -> String? {
        parts.clear()
        if appendPart(settings.messageKey, record, rows, storage) { found.insert(.key) }
        if appendPart(settings.partitionKey, record, rows, storage) { found.insert(.partitionKey) }
        if let text = text(of: settings.partition, record, rows, storage) {
            guard let number = Int32(String(decoding: text, as: UTF8.self)), number >= 0 else {
                let shown = String(decoding: text.prefix(40), as: UTF8.self)
                return "'\(shown)' in '\(String(decoding: settings.partition.key, as: UTF8.self))' is no partition"
            }
            parts.appendLength(Int(number))
            found.insert(.partition)
        }
        if !settings.recordHeaders.isEmpty {
            parts.appendLength(settings.recordHeaders.count)
            for header in settings.recordHeaders {
                parts.appendLength(header.name.count)
                parts.append(header.name)
                var text = ByteBuffer(capacity: 32)
                if let value = rows.value(at: header.value, in: record, storage) { text.appendText(value, storage) }
                parts.appendLength(text.count)
                parts.append(text)
            }
            found.insert(.headers)
        }
        return nil
    }

    private func appendPart(
        _ rule: KafkaFieldRule, _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer
    ) -> Bool {
        guard let text = text(of: rule, record, rows, storage) else { return false }
        parts.appendLength(text.count)
        parts.append(text)
        return true
    }

    private func text(
        of rule: KafkaFieldRule, _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer
    ) -> [UInt8]? {
        guard let place = rows.find(rule.key, in: record, storage), rows.fields[place].value.kind != .null else {
            return rule.fallback
        }
        var text = ByteBuffer(capacity: 32)
        text.appendText(rows.fields[place].value, storage)
        return text.array()
    }

    private func withoutExcluded(
        _ record: Record, _ rows: inout Rows, _ storage: borrowing ByteBuffer
    ) -> Record {
        let places = settings.excludedKeys.compactMap { rows.find($0, in: record, storage) }
        if places.isEmpty { return record }
        var made = record
        let first = rows.fields.count
        for place in record.fieldRange where !places.contains(place) { rows.fields.append(rows.fields[place]) }
        made.firstField = UInt32(first)
        made.fieldCount = UInt32(rows.fields.count - first)
        return made
    }
}

/// From an item of a chunk that `KafkaFormatter` filled to the record that it was given.
package struct KafkaItemReader: ItemReader {
    package init() {}

    package func read(_ item: Int, of chunk: LoadedChunk, into storage: inout ByteBuffer, rows: inout Rows) -> Bool {
        let entry = chunk.item(item)
        guard chunk.body.labels.indices.contains(Int(entry.label)),
            let label = KafkaLabel(bytes: chunk.body.labels[Int(entry.label)]),
            let parts = KafkaItem(label.parts, entry.source, chunk.body.bytes)
        else { return false }
        let first = rows.fields.count
        let start = storage.count
        storage.append(parts.record ?? parts.value, of: chunk.body.bytes)
        let place = Slice(offset: start, length: storage.count - start)
        if parts.record != nil {
            guard KeptRecord.appendFields(place, storage, to: &rows) else { return false }
        } else {
            guard (try? rows.appendFields(json: place, &storage)) != nil else { return false }
        }
        rows.records.append(Record(time: entry.time, firstField: first, fieldCount: rows.fields.count - first))
        return true
    }
}
