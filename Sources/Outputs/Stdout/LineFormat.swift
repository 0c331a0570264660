package import Events
internal import Logging
internal import Time

/// How a record becomes a line (`<format>` of an output that writes text).
///
/// A record is one line whatever a client put into its tag, keys and values, and no byte of it is obeyed by a terminal:
/// what `UnsafeScalar` names is written as JSON escapes it (which changes no value), and as a blank in ltsv.
package struct LineFormat: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// `2019-12-17 17:55:04.123456789 +0000 service.post: {"a":1}`, Fluentd's formatter of that name.
        case stdout
        /// `{"a":1}`
        case json
        /// `a:1<tab>b:2`
        case ltsv
    }

    private let kind: Kind
    private var time: TimeWriter

    /// `offset`: seconds ahead of UTC; nil: the process's zone.
    package init(_ kind: Kind, offset: Int? = nil) {
        self.kind = kind
        time = TimeWriter(.fluentd, offset: offset)
    }

    /// Appends the line with its newline.
    package mutating func append(
        _ record: Record, tag: Tag, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        let start = out.count
        switch kind {
        case .stdout:
            time.write(record.time, to: &out)
            out.append(0x20)
            out.append(tag.bytes)
            out.append(": ")
            out.appendJSONObject(record, rows, storage)
            out.makeSafe(from: start, UnsafeScalar.escape)
        case .json:
            out.appendJSONObject(record, rows, storage)
            out.makeSafe(from: start, UnsafeScalar.escape)
        case .ltsv:
            appendLTSV(record, rows, storage, to: &out)
            out.makeSafe(from: start) { $0 == 0x09 ? "\t" : " " }
        }
        out.append(0x0A)
    }

    /// Labelled tab-separated values (ltsv.org). Tabs and line breaks inside a value become blanks, as in Fluentd.
    private func appendLTSV(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        for index in record.fieldRange {
            if index > Int(record.firstField) { out.append(0x09) }
            let field = rows.fields[index]
            let start = out.count
            out.append(field.key, of: storage)
            out.append(UInt8(ascii: ":"))
            switch field.value.kind {
            case .null: break
            case .string: out.append(field.value.slice, of: storage)
            case .jsonString:
                var text = ByteBuffer(capacity: Int(field.value.length))
                text.append(field.value.slice, of: storage)
                let decoded = text.appendUnescaped(Slice(offset: 0, length: text.count))
                out.append(decoded, of: text)
            default: out.appendJSON(field.value, storage)
            }
            for offset in start..<out.count where out[offset] == 0x09 || out[offset] == 0x0A { out[offset] = 0x20 }
        }
    }
}
