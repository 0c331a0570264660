package import Events

/// Writes records as what Splunk's HTTP Event Collector takes, a line for each event or metric:
/// `{"host":"a","time":1576605304.123,"event":{…},"fields":{…}}`.
///
/// Source: Splunk's "Format events for HTTP Event Collector" and "Get metrics in from other sources".
package struct SplunkWriter: ItemWriter {
    private let settings: SplunkSettings
    private var format: RecordFormat?
    private let pruning: RecordPruning

    package init(_ settings: SplunkSettings) {
        self.settings = settings
        format = settings.format
        var taken: [RecordAccessor] = []
        if !settings.keepsKeys {
            for origin in [settings.index, settings.host, settings.source, settings.sourcetype] {
                if case .field(let place)? = origin { taken.append(place) }
            }
            if let place = settings.timeKey { taken.append(place) }
            if case .event = settings.dataType { taken += (settings.fields ?? []).map(\.place) }
        }
        if case .metrics(let name?, let value?) = settings.dataType { taken += [name, value] }
        pruning = RecordPruning(taken)
    }

    package var isWhole: Bool { false }

    package mutating func write(
        _ record: Record, tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, to out: inout ByteBuffer
    ) -> WrittenItem {
        let start = out.count
        switch settings.dataType {
        case .event:
            appendFront(record, tag, rows, storage, to: &out)
            out.append(",\"event\":")
            let left = pruning.apply(to: record, &storage, &rows)
            if format != nil {
                var text = ByteBuffer(capacity: 256)
                format?.appendBody(left, tag: tag, rows, storage, to: &text)
                out.appendJSONString(Slice(offset: 0, length: text.count), text)
            } else {
                out.appendJSONObject(left, rows, storage)
            }
            appendFields(record, rows, storage, to: &out)
            out.append("}\n")
        case .metrics(let name?, let value?):
            guard let metric = rows.value(at: name, in: record, storage),
                let number = rows.value(at: value, in: record, storage), Self.isNumber(number, storage)
            else {
                return .refused(
                    kind: "Fluent::Plugin::SplunkHecOutput::MetricError",
                    reason: "the record has no metric: '\(name.text)' names it, and '\(value.text)' is its number")
            }
            let left = pruning.apply(to: record, &storage, &rows)
            appendMetric(record, left, tag, metric, number, rows, storage, to: &out)
        case .metrics:
            let left = pruning.apply(to: record, &storage, &rows)
            for index in left.fieldRange where Self.isNumber(rows.fields[index].value, storage) {
                let field = rows.fields[index]
                appendMetric(record, nil, tag, .string(field.key), field.value, rows, storage, to: &out)
            }
            if out.count == start {
                return .refused(
                    kind: "Fluent::Plugin::SplunkHecOutput::MetricError",
                    reason: "the record has no number that could be a metric")
            }
        }
        return .item(recordAt: start, fields: [])
    }

    /// `{"host":"a","index":"main","time":1576605304.123`
    private func appendFront(
        _ record: Record, _ tag: Tag, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        out.append("{\"time\":")
        if let place = settings.timeKey, let value = rows.value(at: place, in: record, storage),
            Self.isNumber(value, storage)
        {
            out.appendText(value, storage)
        } else {
            Self.append(record.time, to: &out)
        }
        append("host", settings.host, record, tag, rows, storage, to: &out)
        append("index", settings.index, record, tag, rows, storage, to: &out)
        append("source", settings.source, record, tag, rows, storage, to: &out)
        append("sourcetype", settings.sourcetype, record, tag, rows, storage, to: &out)
    }

    private func append(
        _ name: String, _ origin: SplunkSettings.Origin?, _ record: Record, _ tag: Tag, _ rows: borrowing Rows,
        _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        let text: [UInt8]
        switch origin {
        case .template(let template): text = template.filled(ChunkTemplate.Values(tag: tag.bytes))
        case .field(let place): text = rows.text(at: place, in: record, storage)
        case nil: return
        }
        if text.isEmpty { return }
        out.append(",\"\(name)\":")
        out.appendJSONString(text)
    }

    private func appendFields(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        guard let fields = settings.fields else { return }
        var isFirst = true
        for (name, place) in fields {
            guard let value = rows.value(at: place, in: record, storage), value.kind != .null else { continue }
            out.append(isFirst ? ",\"fields\":{" : ",")
            isFirst = false
            out.appendJSONString(name)
            out.append(UInt8(ascii: ":"))
            out.appendJSON(value, storage)
        }
        if !isFirst { out.append("}") }
    }

    /// - Parameter dimensions: the record whose fields are dimensions; nil: those of `<fields>` alone.
    private func appendMetric(
        _ record: Record, _ dimensions: Record?, _ tag: Tag, _ metric: Value, _ number: Value, _ rows: borrowing Rows,
        _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        appendFront(record, tag, rows, storage, to: &out)
        out.append(",\"event\":\"metric\",\"fields\":{\"metric_name\":")
        var name = ByteBuffer(capacity: 32)
        name.appendText(metric, storage)
        out.appendJSONString(Slice(offset: 0, length: name.count), name)
        out.append(",\"_value\":")
        out.appendText(number, storage)
        func append(_ name: [UInt8], _ value: Value) {
            // Dimensions are text.
            if value.isNested || value.kind == .null { return }
            out.append(UInt8(ascii: ","))
            out.appendJSONString(name)
            out.append(UInt8(ascii: ":"))
            var text = ByteBuffer(capacity: 32)
            text.appendText(value, storage)
            out.appendJSONString(Slice(offset: 0, length: text.count), text)
        }
        if let fields = settings.fields {
            for (name, place) in fields {
                if let value = rows.value(at: place, in: record, storage) { append(Array(name.utf8), value) }
            }
        } else if let dimensions {
            for index in dimensions.fieldRange {
                append(storage.array(rows.fields[index].key), rows.fields[index].value)
            }
        }
        out.append("}}\n")
    }

    private static func isNumber(_ value: Value, _ storage: borrowing ByteBuffer) -> Bool {
        switch value.kind {
        case .int, .uint, .double, .number: true
        case .string: Double(storage.text(value.slice)).map { $0.isFinite } ?? false
        default: false
        }
    }

    /// Seconds, with as many digits behind the point as say something.
    private static func append(_ time: EventTime, to out: inout ByteBuffer) {
        out.appendDecimal(time.seconds)
        guard time.nanoseconds > 0 else { return }
        out.append(UInt8(ascii: "."))
        let start = out.count
        out.appendDecimal(time.nanoseconds, width: 9)
        var end = out.count
        while end > start, out[end - 1] == 0x30 { end -= 1 }
        out.truncate(to: end)
    }
}
