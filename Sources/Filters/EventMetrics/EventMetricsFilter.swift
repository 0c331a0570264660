package import Events
package import Logging

/// `@type prometheus` as a filter: records pass unchanged, and numbers of theirs become metrics of the monitor
/// (github.com/fluent/fluent-plugin-prometheus, "prometheus output/filter plugin").
///
/// A value that is missing or null is passed over; one that is no number is refused for its metric, and the record goes
/// on, as there.
package final class EventMetricsFilter: Filter {
    private let rules: [(rule: EventMetricRule, metric: EventMetric)]
    private let hostname: [UInt8]
    private let log: Log
    /// Whether some label is made from parts of the tag.
    private let needsTagParts: Bool
    private var key = SeriesKey()
    private var text = ByteBuffer(capacity: 128)

    /// What a label may have of a value; the rest is cut off.
    package static let maximumLabelBytes = 1024

    package init(_ rules: [(rule: EventMetricRule, metric: EventMetric)], hostname: [UInt8], log: Log) {
        self.rules = rules
        self.hostname = hostname
        self.log = log
        needsTagParts = rules.contains { entry in
            entry.rule.labels.contains { if case .template(let template) = $0 { template.usesTagParts } else { false } }
        }
        for (rule, metric) in rules {
            for labels in rule.begun { metric.begin(labels) }
        }
    }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        let parts =
            needsTagParts
            ? batch.tag.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init) : []
        for record in rows.records {
            for (rule, metric) in rules {
                guard let value = value(of: record, rule, storage, rows) else { continue }
                guard let number = value.number(storage), number.isFinite else {
                    refuse(record, metric, "the value must be a number", &rows)
                    continue
                }
                writeKey(record, rule, batch.tag, parts, storage, rows)
                switch metric.observe(number, key, limit: rule.maximumSeries) {
                case .observed: break
                case .negative: refuse(record, metric, "a counter takes no negative number", &rows)
                case .tooManySeries:
                    log.limited(
                        .warn, kind: "series", subject: ["metric": metric.definition.name],
                        "a metric has no room for more labels: events that would begin a series are not counted",
                        ["max_series_per_metric": rule.maximumSeries])
                }
            }
        }
    }

    private func refuse(_ record: Record, _ metric: EventMetric, _ reason: String, _ rows: inout Rows) {
        rows.rejections.append(
            Rejection(record: record, kind: "ArgumentError", reason: "metric \(metric.definition.name): \(reason)"))
    }

    /// nil: there is none to look at.
    private func value(
        of record: Record, _ rule: EventMetricRule, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) -> Value? {
        guard let place = rule.value else { return .int(1) }
        guard let value = rows.value(at: place, in: record, storage), value.kind != .null else { return nil }
        // Ruby passes false over where it asks whether there is a value.
        return value.kind == .false && rule.definition.kind != .counter ? nil : value
    }

    private func writeKey(
        _ record: Record, _ rule: EventMetricRule, _ tag: Tag, _ parts: [[UInt8]], _ storage: borrowing ByteBuffer,
        _ rows: borrowing Rows
    ) {
        key.clear()
        for label in rule.labels {
            text.clear()
            switch label {
            case .place(let place):
                if let value = rows.value(at: place, in: record, storage) { text.appendRubyText(value, storage) }
            case .template(let template): fill(template, record, tag, parts, storage, rows)
            }
            let whole = Slice(offset: 0, length: text.count)
            if text.kind(of: whole) == .invalid {
                // Two texts that look alike must be one series.
                let repaired = text.appendRepaired(whole)
                text.removePrefix(Int(repaired.offset))
            }
            if text.count > Self.maximumLabelBytes {
                var end = Self.maximumLabelBytes
                while end > 0, text.span[end] & 0xC0 == 0x80 { end -= 1 }
                text.truncate(to: end)
            }
            key.add(text)
        }
    }

    private func fill(
        _ template: TextTemplate, _ record: Record, _ tag: Tag, _ parts: [[UInt8]], _ storage: borrowing ByteBuffer,
        _ rows: borrowing Rows
    ) {
        for part in template.parts {
            switch part {
            case .text(let bytes): text.append(bytes)
            case .tag: text.append(tag.bytes)
            case .tagParts(let from, let to): appendParts(parts, from, to)
            case .tagPrefix(let number): appendParts(parts, 0, number)
            case .tagSuffix(let number): appendParts(parts, -1 - number, -1)
            case .hostname: text.append(hostname)
            case .field(let place):
                if let value = rows.value(at: place, in: record, storage) { text.appendRubyText(value, storage) }
            case .time:
                let place = RecordAccessor(key: "time")
                if let value = rows.value(at: place, in: record, storage) { text.appendRubyText(value, storage) }
            case .expression, .unknown: break
            }
        }
    }

    /// From one part to another, both counted from 0, or from behind with -1; nothing where either is not there.
    private func appendParts(_ parts: [[UInt8]], _ from: Int, _ to: Int) {
        let first = from < 0 ? parts.count + from : from
        let last = to < 0 ? parts.count + to : to
        guard first >= 0, first <= last, last < parts.count else { return }
        for index in first...last {
            if index > first { text.append(UInt8(ascii: ".")) }
            text.append(parts[index])
        }
    }
}

/// `@type prometheus` as an output: the same, and the events end there.
package final class EventMetricsEmitter: Emitter {
    private let filter: EventMetricsFilter

    package init(_ filter: EventMetricsFilter) { self.filter = filter }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        filter.apply(batch, storage: &storage, rows: &rows)
        return .accepted
    }
}

extension Value {
    fileprivate func number(_ storage: borrowing ByteBuffer) -> Double? {
        switch kind {
        case .int: Double(intValue)
        case .uint: Double(payload)
        case .double: doubleValue
        case .number: storage.double(number: slice)
        default: nil
        }
    }
}
