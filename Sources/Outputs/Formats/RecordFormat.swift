package import Events

/// How a record becomes bytes: what a `<format>` section says, for every output that writes text (Fluentd's
/// `plugin/formatter_*.rb`). Compiled when the plan is made; nothing is allocated for a record.
///
/// What stands for a value that is not text is what Ruby's `to_s` makes of it, wherever the format is none of JSON.
package struct RecordFormat: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// `2024-05-06T12:53:20+00:00<tab>tag<tab>{"a":1}`
        case outFile = "out_file"
        /// `{"a":1}`
        case json
        /// `a:1<tab>b:2` (ltsv.org)
        case ltsv
        /// `"1","2"`: the fields that are named (RFC 4180)
        case csv
        /// `1<tab>2`: the keys that are named
        case tsv
        /// The value of one key.
        case singleValue = "single_value"
        /// The record as Ruby shows a hash: `{"a"=>1}`
        case hash
        /// A MessagePack map.
        case msgpack
        /// `2019-12-17 17:55:04.123456789 +0000 tag: {"a":1}`; what stands behind the colon is a format of its own.
        case stdout
    }

    package enum Newline: Sendable { case lf, crlf }

    package var kind: Kind
    package var newline = Newline.lf
    /// `add_newline`: whether an event ends its line.
    package var addsNewline = true
    /// Between fields; of out_file also behind time and tag.
    package var delimiter: [UInt8] = [0x09]
    /// Between key and value (ltsv).
    package var labelDelimiter: [UInt8] = [UInt8(ascii: ":")]
    /// What takes the place of a delimiter inside of a key or value (ltsv).
    package var replacement: [UInt8] = [0x20]
    /// Whether every field stands in quotes (csv).
    package var forcesQuotes = true
    /// The fields of csv, the keys of tsv, the key of single_value.
    package var fields: [RecordAccessor] = []
    /// Whether time and tag are written (out_file).
    package var writesTime = true
    package var writesTag = true
    /// Of out_file and stdout.
    package var time = TimeText.iso8601
    /// What stdout writes behind its colon (`output_type`): json, ltsv or hash.
    package var body = Kind.json

    package init(_ kind: Kind) {
        self.kind = kind
        if kind == .csv { delimiter = [UInt8(ascii: ",")] }
        if kind == .singleValue { fields = [RecordAccessor(key: "message")] }
        if kind == .stdout { time = .fluentd }
    }

    /// Whether its bytes are text, which can be shown.
    package var isText: Bool { kind != .msgpack && (kind != .stdout || body != .msgpack) }

    /// What writes the record itself.
    var content: Kind { kind == .stdout ? body : kind == .outFile ? .json : kind }

    /// Appends the record, without the end of its line.
    ///
    /// - Returns: where the record itself begins, behind its time and tag.
    @discardableResult
    package mutating func appendBody(
        _ record: Record, tag: Tag, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) -> Int {
        switch kind {
        case .outFile:
            if writesTime {
                time.write(record.time, to: &out)
                out.append(delimiter)
            }
            if writesTag {
                out.append(text: tag)
                out.append(delimiter)
            }
        case .stdout:
            time.write(record.time, to: &out)
            out.append(0x20)
            out.append(text: tag)
            out.append(": ")
        default: break
        }
        let start = out.count
        switch content {
        case .json, .outFile, .stdout: out.appendJSONObject(record, rows, storage)
        case .ltsv: appendLTSV(record, rows, storage, to: &out)
        case .csv: appendCSV(record, rows, storage, to: &out)
        case .tsv, .singleValue: appendValues(record, rows, storage, to: &out)
        case .hash: out.appendRubyHash(record, rows, storage)
        case .msgpack: out.appendMessagePackMap(record, rows, storage)
        }
        return start
    }

    /// The end of a line.
    package func appendNewline(to out: inout ByteBuffer) {
        guard addsNewline, content != .msgpack else { return }
        if newline == .crlf { out.append(0x0D) }
        out.append(0x0A)
    }

    /// Appends a record and the end of its line; answers where the record itself begins.
    @discardableResult
    package mutating func append(
        _ record: Record, tag: Tag, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) -> Int {
        let start = appendBody(record, tag: tag, rows, storage, to: &out)
        appendNewline(to: &out)
        return start
    }

    // MARK: - Formats of fields

    private func appendLTSV(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        for index in record.fieldRange {
            if index > Int(record.firstField) { out.append(delimiter) }
            let field = rows.fields[index]
            var start = out.count
            out.append(field.key, of: storage)
            out.replace(delimiter, by: replacement, from: start)
            out.append(labelDelimiter)
            start = out.count
            out.appendRubyText(field.value, storage)
            out.replace(delimiter, by: replacement, from: start)
        }
    }

    private func appendCSV(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        for (number, field) in fields.enumerated() {
            if number > 0 { out.append(delimiter) }
            let value = rows.value(at: field, in: record, storage) ?? .null
            if !forcesQuotes, value.kind == .null { continue }
            let start = out.count
            out.append(0x22)
            out.appendRubyText(value, storage)
            out.closeQuotes(from: start, isForced: forcesQuotes, delimiter: delimiter)
        }
    }

    private func appendValues(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        for (number, field) in fields.enumerated() {
            if number > 0 { out.append(delimiter) }
            if let value = rows.value(at: field, in: record, storage) { out.appendRubyText(value, storage) }
        }
    }
}

extension ByteBuffer {
    /// A tag in a line: what breaks lines, what terminals obey and what is no UTF-8 does not stand there as it is.
    fileprivate mutating func append(text tag: Tag) {
        let start = count
        append(tag.bytes)
        makeSafe(from: start)
    }

    /// Replaces every occurrence from an offset on.
    fileprivate mutating func replace(_ wanted: [UInt8], by replacement: [UInt8], from start: Int) {
        guard let first = wanted.first, count - start >= wanted.count else { return }
        var place = start
        while place < count, self[place] != first { place += 1 }
        if place == count { return }
        let old = array(Slice(offset: place, length: count - place))
        truncate(to: place)
        var index = 0
        while index < old.count {
            if old[index] == first, old[index...].starts(with: wanted) {
                append(replacement)
                index += wanted.count
            } else {
                append(old[index])
                index += 1
            }
        }
    }

    /// Ends a field of csv that began with a quote at `start`: quotes inside are doubled, and those around it go where none
    /// are needed.
    fileprivate mutating func closeQuotes(from start: Int, isForced: Bool, delimiter: [UInt8]) {
        var quotes = 0
        var isQuoted = isForced || count == start + 1
        for place in (start + 1)..<count {
            let byte = self[place]
            if byte == 0x22 { quotes += 1 }
            if byte == 0x22 || byte == 0x0A || byte == 0x0D || delimiter.contains(byte) { isQuoted = true }
        }
        if quotes > 0 || !isQuoted {
            let content = array(Slice(offset: start + 1, length: count - start - 1))
            truncate(to: isQuoted ? start + 1 : start)
            for byte in content {
                if byte == 0x22 { append(0x22) }
                append(byte)
            }
        }
        if isQuoted { append(0x22) }
    }

    /// The record as a MessagePack map, for readers that know nothing of how records are kept.
    fileprivate mutating func appendMessagePackMap(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer
    ) {
        var kept = ByteBuffer(capacity: 256)
        KeptRecord.append(record, rows, storage, to: &kept)
        var scratch = ByteBuffer(capacity: 16)
        if let slice = KeptRecord.slice(at: 0, before: kept.count, kept) {
            KeptRecord.appendMessagePack(slice, kept, to: &self, &scratch)
        }
    }
}
