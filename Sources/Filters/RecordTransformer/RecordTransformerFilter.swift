package import Events
package import Expressions
package import Logging
internal import Time

/// `@type record_transformer`: adds, replaces and removes fields, as Fluentd's `lib/fluent/plugin/filter_record_transformer.rb`
/// does. An event for which an expression fails is refused.
package final class RecordTransformerFilter: Filter {
    package struct Settings: Sendable {
        /// `<record>`, in order.
        package var fields: [(key: TextTemplate, value: RecordTemplate)] = []
        /// The new record has only what `<record>` says and `keep_keys`.
        package var renewsRecord = false
        package var keepsKeys: [[UInt8]] = []
        package var removesKeys: [[UInt8]] = []
        /// What is removed from inside of values, after `removesKeys`; places below the top level.
        package var removesNested: [RecordAccessor] = []
        /// The field whose value (seconds) becomes the event's time.
        package var renewsTimeKey: [UInt8]?
        /// A value that is one placeholder keeps the type of what it stands for.
        package var typecasts = true
        /// Fields whose expressions fail are null, and not their events refused.
        package var nullsFailures = false
        /// The tag under which events go on; nil: their own (`@type record_reformer` has one).
        package var newTag: TextTemplate?
        package var context = ExpressionContext()
        package var limits = ExpressionLimits()

        package init() {}
    }

    private let settings: Settings
    private let log: Log
    /// Whether any template looks at parts of the tag: only then is it split.
    private let usesTagParts: Bool
    private var tagID = -1
    private var tagParts: [[UInt8]] = []
    private var out = ByteBuffer()
    private let usesExpressions: Bool
    private var evaluator: ExpressionEvaluator

    package init(_ settings: Settings, log: Log = .discarding) {
        self.settings = settings
        self.log = log
        usesExpressions =
            settings.newTag?.usesExpressions == true
            || settings.fields.contains { $0.key.usesExpressions || $0.value.usesExpressions }
        evaluator = ExpressionEvaluator(settings.context, limits: settings.limits)
        usesTagParts =
            settings.newTag?.usesTagParts == true
            || settings.fields.contains { $0.key.usesTagParts || $0.value.usesTagParts }
    }

    package var takesWholeStreams: Bool { true }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        begin(batch.tag)
        var kept = 0
        for index in 0..<rows.records.count {
            guard let record = transformed(rows.records[index], batch.tag, &storage, &rows) else { continue }
            rows.records[kept] = record
            kept += 1
        }
        rows.records.removeLast(rows.records.count - kept)
    }

    /// Records of a tag come, one by one.
    func begin(_ tag: Tag) {
        guard usesTagParts, tag.id != tagID else { return }
        tagID = tag.id
        tagParts = Self.parts(of: tag.bytes)
    }

    /// The new record; nil: it is refused.
    func transformed(_ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows) -> Record? {
        do throws(Failure) {
            return try transform(record, tag, &storage, &rows)
        } catch {
            refuse(record, error, &rows)
            return nil
        }
    }

    /// The text of `Settings.newTag`, of the record as it came; nil: it is refused.
    func newTag(of record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows) -> Slice? {
        guard let template = settings.newTag else { return storage.append(copyOf: tag.bytes) }
        if template.usesExpressions { evaluator.begin(record, tag, rows) }
        do throws(Failure) {
            return try text(template, record, tag, &storage, rows)
        } catch {
            refuse(record, error, &rows)
            return nil
        }
    }

    /// Whether records of one tag may have several new ones.
    var newTagVaries: Bool { settings.newTag?.dependsOnRecord ?? false }

    private func refuse(_ record: Record, _ failure: Failure, _ rows: inout Rows) {
        rows.rejections.append(Rejection(record: record, kind: "RuntimeError", reason: failure.text))
    }

    /// An expression that has no value for an event.
    private struct Failure: Error {
        var source: String
        var reason: ExpressionFailure

        var text: String { "failed to expand `\(source)` : error = \(reason.message)" }
    }

    /// As Ruby's `split(".")`: empty parts at the end are none.
    private static func parts(of tag: [UInt8]) -> [[UInt8]] {
        var parts = tag.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
        while parts.last?.isEmpty == true { parts.removeLast() }
        return parts
    }

    private func transform(
        _ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(Failure) -> Record {
        if usesExpressions { evaluator.begin(record, tag, rows) }
        // Every template sees the original record, so all values are made before the first field is written.
        var made: [(key: Slice, value: Value)] = []
        made.reserveCapacity(settings.fields.count)
        for field in settings.fields {
            let key = try text(field.key, record, tag, &storage, rows)
            made.append((key, try value(of: field.value, record, tag, &storage, rows)))
        }
        let first = rows.fields.count
        var seen: UInt64 = 0
        for index in record.fieldRange {
            let field = rows.fields[index]
            if settings.renewsRecord && !contains(settings.keepsKeys, field.key, storage) { continue }
            rows.set(field.key, field.value, first: first, seen: &seen, storage)
        }
        for field in made { rows.set(field.key, field.value, first: first, seen: &seen, storage) }
        var result = Record(
            time: record.time, firstField: first, fieldCount: rows.fields.count - first, origin: record.origin)
        if let key = settings.renewsTimeKey, let index = rows.find(key, in: result, storage),
            let time = time(rows.fields[index].value, storage)
        {
            result.time = time
        }
        if !settings.removesKeys.isEmpty { remove(from: &result, &rows, storage) }
        for place in settings.removesNested { removeNested(place, from: result, &rows, &storage) }
        return result
    }

    /// What is not there changes nothing, so a value that is kept keeps its form too.
    private func removeNested(
        _ place: RecordAccessor, from record: Record, _ rows: inout Rows, _ storage: inout ByteBuffer
    ) {
        guard let index = rows.find(place.firstKey, in: record, storage), rows.fields[index].value.isNested else {
            return
        }
        var json = ByteBuffer()
        json.appendJSON(rows.fields[index].value, storage)
        guard json.removeJSON(at: place.steps.dropFirst()) else { return }
        let start = storage.count
        storage.append(json)
        rows.fields[index].value = Value(.json, Slice(offset: start, length: storage.count - start))
    }

    private func remove(from record: inout Record, _ rows: inout Rows, _ storage: borrowing ByteBuffer) {
        let first = rows.fields.count
        for index in record.fieldRange {
            let field = rows.fields[index]
            if !contains(settings.removesKeys, field.key, storage) { rows.fields.append(field) }
        }
        record = Record(
            time: record.time, firstField: first, fieldCount: rows.fields.count - first, origin: record.origin)
    }

    private func contains(_ keys: [[UInt8]], _ key: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        for candidate in keys where storage.equals(key, candidate) { return true }
        return false
    }

    private func time(_ value: Value, _ storage: borrowing ByteBuffer) -> EventTime? {
        value.kind == .string
            ? Double(storage.text(value.slice)).map { EventTime($0) } : storage.eventTime(number: value)
    }

    // MARK: - Templates

    private func value(
        of template: RecordTemplate, _ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: borrowing Rows
    ) throws(Failure) -> Value {
        do throws(Failure) {
            return try value(template, record, tag, &storage, rows)
        } catch {
            guard settings.nullsFailures else { throw error }
            log.limited(
                .warn, kind: error.source, subject: ["tag": tag.text], "a field is null", ["error": error.text])
            return .null
        }
    }

    private func value(
        _ template: RecordTemplate, _ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: borrowing Rows
    ) throws(Failure) -> Value {
        if case .text(let text) = template {
            if settings.typecasts, text.parts.count == 1 {
                switch text.parts[0] {
                case .field(let place): return value(at: place, text, record, storage, rows) ?? .null
                case .unknown: return .null
                case .expression(let expression):
                    do throws(ExpressionFailure) {
                        return try evaluator.value(of: expression, &storage)
                    } catch {
                        throw Failure(source: expression.source, reason: error)
                    }
                case .tagParts, .tagPrefix, .tagSuffix: if range(of: text.parts[0]) == nil { return .null }
                case .text, .tag, .hostname, .time: break
                }
            }
            return .string(try self.text(text, record, tag, &storage, rows))
        }
        var json = ByteBuffer()
        try write(template, record, tag, &storage, rows, to: &json)
        let start = storage.count
        storage.append(json)
        let slice = Slice(offset: start, length: storage.count - start)
        return if case .literal = template { literal(slice, storage) } else { Value(.json, slice) }
    }

    /// A field of the record, unless `record.delete` took it out.
    private func value(
        at place: RecordAccessor, _ template: TextTemplate, _ record: Record, _ storage: borrowing ByteBuffer,
        _ rows: borrowing Rows
    ) -> Value? {
        if template.isRuby, evaluator.hasDeleted(place.firstKey) { return nil }
        return rows.value(at: place, in: record, storage)
    }

    private func literal(_ slice: Slice, _ storage: borrowing ByteBuffer) -> Value {
        storage.equals(slice, Array("true".utf8))
            ? .bool(true)
            : storage.equals(slice, Array("false".utf8))
                ? .bool(false) : storage.equals(slice, Array("null".utf8)) ? .null : Value(.number, slice)
    }

    private func write(
        _ template: RecordTemplate, _ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: borrowing Rows,
        to json: inout ByteBuffer
    ) throws(Failure) {
        switch template {
        case .literal(let text): json.append(text)
        case .text: json.appendJSON(try value(template, record, tag, &storage, rows), storage)
        case .array(let items):
            json.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                try write(item, record, tag, &storage, rows, to: &json)
            }
            json.append(UInt8(ascii: "]"))
        case .object(let members):
            json.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                json.appendJSONString(try text(member.key, record, tag, &storage, rows), storage)
                json.append(UInt8(ascii: ":"))
                try write(member.value, record, tag, &storage, rows, to: &json)
            }
            json.append(UInt8(ascii: "}"))
        }
    }

    private func text(
        _ template: TextTemplate, _ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: borrowing Rows
    ) throws(Failure) -> Slice {
        out.clear()
        for part in template.parts {
            switch part {
            case .text(let bytes): out.append(bytes)
            case .tag: out.append(tag.bytes)
            case .hostname: out.append(settings.context.hostname)
            case .time: appendTime(record.time)
            case .field(let place):
                guard let value = value(at: place, template, record, storage, rows) else { continue }
                if template.isRuby, value.isNested || value.kind == .double {
                    try appendRuby(value, place, &storage)
                } else {
                    out.appendText(value, storage)
                }
            case .expression(let expression):
                do throws(ExpressionFailure) {
                    try evaluator.appendText(of: expression, &storage, to: &out)
                } catch {
                    throw Failure(source: expression.source, reason: error)
                }
            case .tagParts, .tagPrefix, .tagSuffix: if let range = range(of: part) { appendParts(range) }
            case .unknown: break
            }
        }
        let start = storage.count
        storage.append(out)
        return Slice(offset: start, length: storage.count - start)
    }

    /// A hash, an array or a float as Ruby's `to_s` shows it.
    private func appendRuby(
        _ value: Value, _ place: RecordAccessor, _ storage: inout ByteBuffer
    ) throws(Failure) {
        do throws(ExpressionFailure) {
            try evaluator.appendText(value, &storage, to: &out)
        } catch {
            throw Failure(source: "record[\"\(place.text)\"]", reason: error)
        }
    }

    /// The parts of the tag that a placeholder stands for; nil when the tag has none there.
    private func range(of part: TextTemplate.Part) -> Range<Int>? {
        let count = tagParts.count
        func place(_ number: Int) -> Int { number < 0 ? count + number : number }
        switch part {
        case .tagParts(let from, let to):
            let (lower, upper) = (place(from), place(to))
            return lower >= 0 && lower <= upper && lower < count ? lower..<(min(upper, count - 1) + 1) : nil
        case .tagPrefix(let number):
            let last = place(number)
            return last >= 0 && last < count ? 0..<(last + 1) : nil
        case .tagSuffix(let number):
            let first = place(number)
            return first >= 0 && first < count ? first..<count : nil
        default: return nil
        }
    }

    private func appendParts(_ range: Range<Int>) {
        guard range.lowerBound < range.upperBound else { return }
        for index in range {
            if index > range.lowerBound { out.append(UInt8(ascii: ".")) }
            out.append(tagParts[index])
        }
    }

    /// As Ruby's `Time#to_s`: `2019-12-17 17:55:04 +0000`.
    private func appendTime(_ time: EventTime) {
        let offset = LocalZone.offset(at: time.seconds)
        let civil = CivilTime(seconds: time.seconds, offset: offset)
        out.appendDate(civil)
        out.append(0x20)
        out.appendDecimal(UInt32(civil.hour), width: 2)
        out.append(UInt8(ascii: ":"))
        out.appendDecimal(UInt32(civil.minute), width: 2)
        out.append(UInt8(ascii: ":"))
        out.appendDecimal(UInt32(civil.second), width: 2)
        out.append(0x20)
        out.appendZone(offset, colon: false)
    }
}
