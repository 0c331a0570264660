package import Events

/// Writes records as Loki's entries, `["1570818238000000000","the line"]`, beside the labels of their stream.
///
/// Source: "Loki HTTP API", `POST /loki/api/v1/push`.
package struct LokiWriter: ItemWriter {
    private let settings: LokiSettings
    private let pruning: RecordPruning
    private let kubernetesLabels: RecordAccessor?

    package init(_ settings: LokiSettings) {
        self.settings = settings
        pruning = RecordPruning(settings.labels.map(\.place) + settings.removedKeys)
        kubernetesLabels = settings.extractsKubernetesLabels ? try? RecordAccessor("$.kubernetes.labels") : nil
    }

    package var isWhole: Bool { false }

    package mutating func write(
        _ record: Record, tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, to out: inout ByteBuffer
    ) -> WrittenItem {
        let stream = stream(record, rows, storage)
        var fields = [stream]
        if let tenant = settings.tenant {
            let keys = settings.keys.map { rows.text(at: $0, in: record, storage) }
            fields.append(
                tenant.filled(ChunkTemplate.Values(tag: tag.bytes, fields: keys, seconds: record.time.seconds)))
            if fields[1].contains(where: { $0 < 0x20 || $0 == 0x7F }) {
                return .refused(
                    kind: "Fluent::Plugin::LokiOutput::LogPostError",
                    reason: "the tenant would hold a control character")
            }
        }
        let start = out.count
        out.append("[\"")
        Self.appendNanoseconds(record.time, to: &out)
        out.append("\",")
        let left = pruning.apply(to: record, &storage, &rows)
        var line = ByteBuffer(capacity: 256)
        appendLine(left, rows, storage, to: &line)
        out.appendJSONString(Slice(offset: 0, length: line.count), line)
        out.append(UInt8(ascii: "]"))
        return .item(recordAt: start, fields: fields)
    }

    private static func appendNanoseconds(_ time: EventTime, to out: inout ByteBuffer) {
        if time.seconds != 0 { out.appendDecimal(time.seconds) }
        out.appendDecimal(time.nanoseconds, width: 9)
    }

    // MARK: - Labels

    /// `{"app":"shop","env":"dev"}`
    private func stream(_ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) -> [UInt8] {
        var out = ByteBuffer(capacity: 128)
        var names: Set<String> = []
        func append(_ name: String, _ value: [UInt8]) {
            guard !value.isEmpty, names.insert(name).inserted else { return }
            out.append(out.count == 0 ? "{" : ",")
            out.appendJSONString(name)
            out.append(UInt8(ascii: ":"))
            out.appendJSONString(value)
        }
        for (name, value) in settings.extraLabels { append(name, Array(value.utf8)) }
        for (name, place) in settings.labels { append(name, rows.text(at: place, in: record, storage)) }
        if let kubernetesLabels, let labels = rows.value(at: kubernetesLabels, in: record, storage) {
            var copy = ByteBuffer(capacity: Int(labels.length) + 64)
            copy.appendJSON(labels, storage)
            var members = Rows(fieldCapacity: 16)
            if (try? members.appendFields(json: Slice(offset: 0, length: copy.count), &copy)) != nil {
                for index in 0..<members.fields.count {
                    let field = members.fields[index]
                    var value = ByteBuffer(capacity: 32)
                    value.appendText(field.value, copy)
                    append(Self.labelName(copy.text(field.key)), value.array())
                }
            }
        }
        if out.count == 0 { out.append("{") }
        out.append("}")
        return out.array()
    }

    /// A label's name: letters, digits and `_`, as Prometheus has them.
    package static func labelName(_ name: String) -> String {
        var made = String(
            name.unicodeScalars.map { scalar -> Character in
                let isAllowed =
                    scalar == "_" || scalar == ":" || ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar)
                    || ("A"..."Z").contains(scalar)
                return isAllowed ? Character(scalar) : "_"
            })
        if let first = made.unicodeScalars.first, ("0"..."9").contains(first) { made = "_" + made }
        return made
    }

    // MARK: - The line

    private func appendLine(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        if settings.dropsSingleKey, record.fieldCount == 1 {
            return out.appendRubyText(rows.fields[Int(record.firstField)].value, storage)
        }
        switch settings.lineFormat {
        case .json: out.appendJSONObject(record, rows, storage)
        case .keyValue:
            var value = ByteBuffer(capacity: 64)
            for index in record.fieldRange {
                if index > Int(record.firstField) { out.append(0x20) }
                let field = rows.fields[index]
                out.append(field.key, of: storage)
                out.append(UInt8(ascii: "="))
                value.clear()
                value.appendRubyText(field.value, storage)
                Self.append(value, to: &out)
            }
        }
    }

    /// A value of logfmt: quotes and backslashes get a backslash, and what holds a blank or `=` stands in quotes.
    private static func append(_ value: borrowing ByteBuffer, to out: inout ByteBuffer) {
        var isQuoted = false
        for index in 0..<value.count where value[index] == 0x20 || value[index] == UInt8(ascii: "=") { isQuoted = true }
        if isQuoted { out.append(0x22) }
        for index in 0..<value.count {
            let byte = value[index]
            if byte == 0x22 || byte == 0x5C { out.append(0x5C) }
            out.append(byte)
        }
        if isQuoted { out.append(0x22) }
    }
}
