package import Events
package import Logging
package import Parsing
internal import Time

/// `@type parser`: parses one field of each record, as Fluentd's `lib/fluent/plugin/filter_parser.rb` does.
///
/// What is not parsed is reported with its reason, and goes on or not by this table. "Raised" is what is an error in
/// Fluentd and not a text that does not match: a value that is no text, a time that is none, broken CSV.
///
/// | | `emit_invalid_record_to_error true` | `false` |
/// |---|---|---|
/// | key missing or null, no match, gave up | to `@ERROR`; goes on with `reserve_data` | goes on with `reserve_data` |
/// | raised | to `@ERROR`; goes on as it was if `Batch.raisedRecordsGoOn` | dropped |
package final class ParserFilter: Filter {
    package struct Settings: Sendable {
        package var key: RecordAccessor
        /// Parsed fields are merged over the original record.
        package var reservesData = false
        package var reservesTime = false
        /// Drops the parsed field from the original, when it was parsed.
        package var removesKey = false
        package var keyPrefix: [UInt8] = []
        /// The field that holds all parsed fields.
        package var hashValueField: [UInt8]?
        package var replacesInvalidSequence = false
        package var emitsInvalidRecords = true
        /// Whether the reason of a refusal quotes what was refused (`log_record_on_error`): logs have passwords in them.
        package var showsRecords = false
        /// Without a time in the text the event's time is now (Fluentd's default), else it stays.
        package var estimatesCurrentEvent = true

        package init(key: RecordAccessor) { self.key = key }
    }

    private let settings: Settings
    private let parser: any TextParser
    private let faults: ConversionFaults
    private let log: Log
    /// What its patterns do, for who asks; nil: nobody can, or it has none.
    private let meter: PatternMeter?
    /// The filter's name in refusals.
    private let stage: String
    private var gaveUps = GaveUpReport()
    private let clock: @Sendable () -> EventTime
    private let topLevelKey: [UInt8]?
    /// The batch under construction, swapped with the incoming one.
    private var output: [Record] = []
    private var now = EventTime(seconds: 0)

    package init(
        _ settings: Settings, parser: any TextParser, faults: ConversionFaults = ConversionFaults(),
        log: Log = .discarding, meter: PatternMeter? = nil, clock: @escaping @Sendable () -> EventTime = Clock.now
    ) {
        self.settings = settings
        self.parser = parser
        self.faults = faults
        self.log = log
        self.meter = meter
        if case .text(let name) = log.context.first(where: { $0.name == "filter" })?.value {
            stage = name
        } else {
            stage = ""
        }
        self.clock = clock
        topLevelKey = settings.key.topLevelKey
    }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        parser.beginBatch(storage: &storage)
        now = clock()
        // A local, so that the exclusive access to the property is checked once for all records.
        var kept: [Record] = []
        swap(&kept, &output)
        if !kept.isEmpty { kept.removeAll(keepingCapacity: true) }
        let raisedGoOn = batch.raisedRecordsGoOn
        for index in 0..<rows.records.count {
            apply(rows.records[index], raisedGoOn, &storage, &rows, &kept)
        }
        swap(&rows.records, &kept)
        swap(&kept, &output)
        meter?.publish(parser)
        if !faults.isEmpty { faults.report(batch.tag, to: log) }
    }

    private func apply(
        _ record: Record, _ raisedGoOn: Bool, _ storage: inout ByteBuffer, _ rows: inout Rows,
        _ output: inout [Record]
    ) {
        var value: Value?
        var keyIndex = -1
        if let topLevelKey {
            if let found = rows.find(topLevelKey, in: record, storage) {
                keyIndex = found
                value = rows.fields[found].value
            }
        } else {
            value = rows.value(at: settings.key, in: record, storage)
        }
        guard let value, value.kind != .null else {
            refuse(record, "ArgumentError", "\(settings.key.text) does not exist", &rows)
            if settings.reservesData { keepUnparsed(record, &storage, &rows, &output) }
            return
        }
        var subject = Subject(record: record, keyIndex: keyIndex, value: value, raisedGoOn: raisedGoOn)
        let first = rows.fields.count
        guard value.isText else {
            let result = parser.parse(other: value, storage: &storage, rows: &rows)
            take(result, first..<rows.fields.count, subject, &storage, &rows, &output)
            return
        }
        var text = value.kind == .string ? value.slice : storage.appendUnescaped(value.slice)
        if settings.replacesInvalidSequence, storage.kind(of: text) == .invalid {
            text = storage.appendRepaired(text, replacement: "?")
        }
        let result = parser.parse(text, storage: &storage, rows: &rows)
        if case .matched(let time) = result {
            keep(first..<rows.fields.count, time, record, keyIndex, &storage, &rows, &output)
            return
        }
        subject.value = .string(text)
        take(result, first..<rows.fields.count, subject, &storage, &rows, &output)
    }

    /// What is being parsed: a record, and its value or a part of that.
    private struct Subject {
        var record: Record
        /// Where the value's field is; -1: nested.
        var keyIndex: Int
        var value: Value
        var raisedGoOn: Bool
    }

    private func take(
        _ result: ParseResult, _ fields: Range<Int>, _ subject: Subject, _ storage: inout ByteBuffer,
        _ rows: inout Rows, _ output: inout [Record]
    ) {
        let record = subject.record
        switch result {
        case .matched(let time): keep(fields, time, record, subject.keyIndex, &storage, &rows, &output)
        case .matchedMany(let parsed):
            for one in parsed { keep(one.fields, one.time, record, subject.keyIndex, &storage, &rows, &output) }
        case .parts(let parts):
            for part in parts {
                var subject = subject
                subject.value = .string(part.text)
                if case .matched = part.result {} else { subject.record = rest(of: subject, &rows) }
                take(part.result, part.fields, subject, &storage, &rows, &output)
            }
        case .noMatch:
            refuse(record, Self.parserError, quoting(subject.value, storage) ?? "pattern not matched", &rows)
            if settings.reservesData { keepUnparsed(record, &storage, &rows, &output) }
        case .gaveUp(let reason):
            gaveUps.note(reason, at: now.seconds, log)
            refuse(record, Self.parserError, reason, &rows)
            if settings.reservesData { keepUnparsed(record, &storage, &rows, &output) }
        case .invalidTime(let reason):
            raised(
                subject, settings.showsRecords ? reason : "the text's time is not of the expected form", &rows, &output)
        case .malformed(let reason): raised(subject, quoting(subject.value, storage, reason) ?? reason, &rows, &output)
        }
    }

    /// The record with only that part of the text which nothing was made of.
    private func rest(of subject: Subject, _ rows: inout Rows) -> Record {
        guard subject.keyIndex >= 0 else { return subject.record }
        let first = rows.copyFields(of: subject.record)
        rows.fields[first + subject.keyIndex - Int(subject.record.firstField)].value = subject.value
        return Record(
            time: subject.record.time, firstField: first, fieldCount: Int(subject.record.fieldCount),
            origin: subject.record.origin)
    }

    // MARK: - Parsed

    /// Makes the new record out of the parsed fields, and of the original ones when they are to be kept.
    private func keep(
        _ parsed: Range<Int>, _ time: EventTime?, _ record: Record, _ keyIndex: Int, _ storage: inout ByteBuffer,
        _ rows: inout Rows, _ output: inout [Record]
    ) {
        let eventTime =
            settings.reservesTime ? record.time : time ?? (settings.estimatesCurrentEvent ? now : record.time)
        if !settings.reservesData && settings.keyPrefix.isEmpty && settings.hashValueField == nil {
            output.append(
                Record(
                    time: eventTime, firstField: parsed.lowerBound, fieldCount: parsed.count, origin: record.origin))
            return
        }
        var fields = parsed
        if !settings.keyPrefix.isEmpty { fields = prefix(parsed, &storage, &rows) }
        if let name = settings.hashValueField { fields = wrap(fields, in: name, &storage, &rows) }
        let first = rows.fields.count
        if settings.reservesData {
            rows.merge(record.fieldRange, without: settings.removesKey ? keyIndex : -1, fields, storage)
        } else {
            rows.merge(0..<0, without: -1, fields, storage)
        }
        output.append(
            Record(time: eventTime, firstField: first, fieldCount: rows.fields.count - first, origin: record.origin))
    }

    private func prefix(_ fields: Range<Int>, _ storage: inout ByteBuffer, _ rows: inout Rows) -> Range<Int> {
        let first = rows.fields.count
        for index in fields {
            let field = rows.fields[index]
            let start = storage.count
            storage.append(settings.keyPrefix)
            storage.append(slice: field.key)
            rows.fields.append(
                Field(key: Slice(offset: start, length: storage.count - start), value: field.value))
        }
        return first..<rows.fields.count
    }

    /// All fields as one nested value, which is JSON text from here on.
    private func wrap(
        _ fields: Range<Int>, in name: [UInt8], _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> Range<Int> {
        let record = Record(time: now, firstField: fields.lowerBound, fieldCount: fields.count)
        var text = ByteBuffer()
        text.appendJSONObject(record, rows, storage)
        let key = storage.append(copyOf: name)
        let start = storage.count
        storage.append(text)
        let value = Value(.json, Slice(offset: start, length: storage.count - start))
        rows.fields.append(Field(key: key, value: value))
        return (rows.fields.count - 1)..<rows.fields.count
    }

    // MARK: - Not parsed

    private static let parserError = "Fluent::Plugin::Parser::ParserError"
    /// How much of a line a message quotes.
    private static let quotedBytes = 200

    /// An exception in Fluentd's filter: without a report the record is dropped there, whatever is to be reserved.
    private func raised(_ subject: Subject, _ reason: String, _ rows: inout Rows, _ output: inout [Record]) {
        refuse(subject.record, Self.parserError, reason, &rows)
        if settings.emitsInvalidRecords, subject.raisedGoOn { output.append(subject.record) }
    }

    /// What was refused, behind the reason, if that is to be shown.
    private func quoting(
        _ value: Value, _ storage: borrowing ByteBuffer, _ reason: String = "pattern not matched"
    ) -> String? {
        guard settings.showsRecords, settings.emitsInvalidRecords else { return nil }
        var shown = ByteBuffer()
        if value.kind == .string {
            let length = min(Int(value.length), Self.quotedBytes)
            shown.append(Slice(offset: Int(value.slice.offset), length: length), of: storage)
            if length < Int(value.length) { shown.append("…") }
        } else {
            shown.appendJSON(value, storage)
            shown.truncate(to: Self.quotedBytes)
        }
        return "\(reason) with data '\(shown.text(Slice(offset: 0, length: shown.count)))'"
    }

    private func refuse(_ record: Record, _ kind: String, _ reason: @autoclosure () -> String, _ rows: inout Rows) {
        guard settings.emitsInvalidRecords else { return }
        rows.rejections.append(Rejection(record: record, kind: kind, reason: reason(), stage: stage))
    }

    /// With `reserve_data` a record that was not parsed goes on, with an empty hash where the parsed fields would be.
    private func keepUnparsed(
        _ record: Record, _ storage: inout ByteBuffer, _ rows: inout Rows, _ output: inout [Record]
    ) {
        guard let name = settings.hashValueField else {
            output.append(record)
            return
        }
        let first = rows.copyFields(of: record)
        let key = storage.append(copyOf: name)
        let empty = storage.append(copyOf: Array("{}".utf8))
        var seen = UInt64.max
        rows.set(key, Value(.json, empty), first: first, seen: &seen, storage)
        output.append(
            Record(time: record.time, firstField: first, fieldCount: rows.fields.count - first, origin: record.origin))
    }
}

/// Names the expressions that stop at a limit, at once and then once a minute with how often.
private struct GaveUpReport {
    private static let intervalSeconds: Int64 = 60
    private var counts: [String: Int] = [:]
    private var reportedAt = Int64.min / 2

    mutating func note(_ reason: String, at seconds: Int64, _ log: Log) {
        counts[reason, default: 0] += 1
        guard seconds - reportedAt >= Self.intervalSeconds else { return }
        for (reason, count) in counts.sorted(by: { $0.key < $1.key }) {
            log.warn(
                reason,
                [
                    "lines": count,
                    "limit": "timeout and match_limit of this parser; or make the expression less ambiguous",
                ])
        }
        counts.removeAll(keepingCapacity: true)
        reportedAt = seconds
    }
}
