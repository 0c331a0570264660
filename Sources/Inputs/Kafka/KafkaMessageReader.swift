internal import Events
internal import Kafka
internal import Logging
internal import Parsing
internal import Time

/// From the messages of a batch to records. One for each input.
///
/// A message that cannot be read is told of, with its place in the topic, and left out: it would be no other the next time.
final class KafkaMessageReader {
    private let settings: KafkaInputSettings
    private let parser: (any TextParser)?
    private let times: (key: [UInt8], reader: TimeReader)?
    private let log: Log
    /// Hears of each message that makes no record; nil: the log alone does.
    private let refusals: IntakeRefusals?
    private var now = EventTime(seconds: 0)

    init(_ settings: KafkaInputSettings, log: Log, refusals: IntakeRefusals? = nil) {
        (self.settings, self.log, self.refusals) = (settings, log, refusals)
        if case .parser(let recipe) = settings.format { parser = recipe.makeParser() } else { parser = nil }
        if case .field(let key, let source, let zone) = settings.time {
            times = (Array(key.utf8), TimeReader(source, zone: zone))
        } else {
            times = nil
        }
    }

    /// Appends the records of a batch.
    func read(_ batch: KafkaBatch, _ storage: inout ByteBuffer, _ rows: inout Rows) {
        now = Clock.now()
        parser?.beginBatch(storage: &storage)
        for message in batch.messages {
            let (first, bytes) = (rows.fields.count, storage.count)
            guard let reason = take(message, of: batch, &storage, &rows) else { continue }
            let value = storage.text(Slice(offset: bytes, length: min(storage.count - bytes, 200)))
            rows.fields.truncate(to: first)
            refusals?.note(reason)
            log.limited(
                .warn, kind: "unread", subject: ["topic": batch.topic],
                "a message cannot be read and is left out: \(reason)",
                [
                    "topic": batch.topic, "partition": Int(batch.partition), "offset": Int(message.offset),
                    "value": value,
                ])
        }
    }

    /// Answers why a message is no record; nil: it is.
    private func take(
        _ message: KafkaBatch.Message, of batch: KafkaBatch, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> String? {
        guard let value = message.value else { return "it has no value" }
        let text = storage.append(copyOf: Array(batch.bytes[value]))
        let first = rows.fields.count
        switch settings.format {
        case .json:
            do throws(JSONError) {
                try rows.appendFields(json: text, &storage)
            } catch {
                return Self.reason(error, in: text)
            }
        case .messagePack:
            do throws(MessagePackError) {
                _ = try rows.appendFields(messagePack: Int(text.offset), end: text.end, &storage)
            } catch {
                return "no MessagePack map: \(error)"
            }
        case .text(let key):
            rows.fields.append(Field(key: storage.append(copyOf: Array(key.utf8)), value: .string(text)))
        case .parser: return parse(text, message, of: batch, &storage, &rows)
        }
        add(first..<rows.fields.count, nil, message, of: batch, &storage, &rows)
        return nil
    }

    private static func reason(_ error: JSONError, in text: Slice) -> String {
        switch error {
        case .syntax(let offset): "no valid JSON at byte \(offset - Int(text.offset))"
        case .notAnObject: "JSON, but no object"
        case .tooDeep(let limit): "the JSON is nested deeper than \(limit) levels"
        }
    }

    private func parse(
        _ text: Slice, _ message: KafkaBatch.Message, of batch: KafkaBatch, _ storage: inout ByteBuffer,
        _ rows: inout Rows
    ) -> String? {
        let first = rows.fields.count
        guard let result = parser?.parse(text, storage: &storage, rows: &rows) else { return nil }
        switch result {
        case .matched(let time):
            add(first..<rows.fields.count, time, message, of: batch, &storage, &rows)
            return nil
        case .matchedMany(let records):
            for one in records { add(one.fields, one.time, message, of: batch, &storage, &rows) }
            return nil
        case .parts(let parts):
            var reason: String?
            for part in parts {
                if case .matched(let time) = part.result {
                    add(part.fields, time, message, of: batch, &storage, &rows)
                } else {
                    reason = "a part of it does not match"
                }
            }
            return reason
        case .noMatch: return "pattern not matched"
        case .invalidTime(let reason), .malformed(let reason), .gaveUp(let reason): return reason
        }
    }

    // MARK: - Records

    private func add(
        _ fields: Range<Int>, _ parsed: EventTime?, _ message: KafkaBatch.Message, of batch: KafkaBatch,
        _ storage: inout ByteBuffer, _ rows: inout Rows
    ) {
        var record = Record(time: now, firstField: fields.lowerBound, fieldCount: fields.count)
        switch settings.time {
        case .now: break
        case .parsed: record.time = parsed ?? now
        case .message:
            if let time = message.timestampMilliseconds {
                let seconds = time >= 0 ? time / 1000 : (time - 999) / 1000
                record.time = EventTime(seconds: seconds, nanoseconds: UInt32(time - seconds * 1000) * 1_000_000)
            }
        case .field: record.time = time(in: record, batch, message, &storage, rows)
        }
        guard settings.keyField != nil || settings.addsHeaders || settings.addsOffset else {
            return rows.records.append(record)
        }
        if fields.upperBound != rows.fields.count { record.firstField = UInt32(rows.copyFields(of: record)) }
        if let key = settings.keyField {
            let value = message.key.map { Value.string(storage.append(copyOf: Array(batch.bytes[$0]))) } ?? .null
            set(Array(key.utf8), value, &record, &storage, &rows)
        }
        if settings.addsHeaders {
            for header in batch.headers[message.headers] {
                let value = header.value.map { Value.string(storage.append(copyOf: Array(batch.bytes[$0]))) } ?? .null
                set(Array(batch.bytes[header.name]), value, &record, &storage, &rows)
            }
        }
        if settings.addsOffset {
            let topic = Value.string(storage.append(copyOf: Array(batch.topic.utf8)))
            set(Array("kafka_topic".utf8), topic, &record, &storage, &rows)
            set(Array("kafka_partition".utf8), .int(Int64(batch.partition)), &record, &storage, &rows)
            set(Array("kafka_offset".utf8), .int(message.offset), &record, &storage, &rows)
        }
        rows.records.append(record)
    }

    private func set(
        _ key: [UInt8], _ value: Value, _ record: inout Record, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) {
        rows.put(storage.append(copyOf: key), value, first: Int(record.firstField), storage)
        record.fieldCount = UInt32(rows.fields.count) - record.firstField
    }

    private func time(
        in record: Record, _ batch: KafkaBatch, _ message: KafkaBatch.Message, _ storage: inout ByteBuffer,
        _ rows: borrowing Rows
    ) -> EventTime {
        guard let times else { return now }
        guard let place = rows.find(times.key, in: record, storage) else { return now }
        switch times.reader.read(rows.fields[place].value, &storage) {
        case .time(let time): return time
        case .invalid(let reason):
            log.limited(
                .warn, kind: "time", subject: ["topic": batch.topic],
                "a message has no time in '\(String(decoding: times.key, as: UTF8.self))': it gets that of its coming",
                [
                    "error": reason, "topic": batch.topic, "partition": Int(batch.partition),
                    "offset": Int(message.offset),
                ])
            return now
        }
    }
}
