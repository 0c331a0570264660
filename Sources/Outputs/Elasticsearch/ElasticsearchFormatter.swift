package import Events
internal import Parsing
internal import Time

/// Something about a record that its document or its index has to do without.
package enum DocumentProblem: Sendable, Equatable {
    /// A time that could not be read; the event's own is used in its place.
    case time(value: String, reason: String, eventTime: EventTime)
    /// A placeholder of the index's name that nothing stands for.
    case emptyPlaceholder(String, index: String)
}

/// Writes records as Elasticsearch documents, straight into the chunk:
/// `{"k":v,…,"@timestamp":"2019-12-17T17:55:04.123456789+00:00","@log_name":"service.post"}`.
///
/// Nothing is allocated for a record as long as its tag and its day are those of the one before.
package final class ElasticsearchFormatter: ChunkFormatter {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "elasticsearch-1"

    private let settings: ElasticsearchSettings
    private var ids = GeneratedIDs()
    /// Of the record that is written now.
    private var unfinishedID: GeneratedIDs.Unfinished?
    /// Where what a record says ends in its document: its time stands behind it.
    private var contentEnd = 0
    private let onProblem: ((DocumentProblem, Tag) -> Void)?
    private let writesTimestamp: Bool
    /// `"@timestamp"` is looked for in records, and maybe `timeKey`.
    private let timestampKey = Array("@timestamp".utf8)
    private let timeKey: [UInt8]?
    private let tagKey: [UInt8]
    /// Documents have two members of one name: read back, they are one.
    private let isTagKeyTimestamp: Bool
    /// Top-level keys that are not sent.
    private let hiddenKeys: [[UInt8]]
    /// A nested field that is not sent (`target_index_key a.b`).
    private let hiddenPlace: RecordAccessor?
    private let hasMetadata: Bool
    private let isUpdate: Bool
    private let timeReader: TimeReader
    private var ending: DocumentEnding

    private var indexName: IndexName
    private var label: [UInt8] = []
    private var labelFlags: UInt8 = 0
    /// Counts the changes of `label`.
    private var labelNumber = 0
    private var labelTag = -1
    private var labelFrom = Int64.max
    private var labelUntil = Int64.min
    private var scratch = ByteBuffer(capacity: 128)

    /// `,"@log_name":"service.post"` of the last tag.
    private var tail = ByteBuffer(capacity: 64)
    private var tailTag = -1
    /// Records are written as they are, unless they hold the tag's key.
    private let isPlain: Bool

    package init(
        _ settings: ElasticsearchSettings, onProblem: ((DocumentProblem, Tag) -> Void)? = nil
    ) throws(SettingError) {
        self.settings = settings
        self.onProblem = onProblem
        writesTimestamp = settings.writesTimestamp
        timeKey = settings.timeKey.map { Array($0.utf8) }
        tagKey = Array(settings.tagKey.utf8)
        isTagKeyTimestamp = settings.includeTagKey && writesTimestamp && settings.tagKey == "@timestamp"
        let target = settings.targetIndexKey
        hiddenKeys = settings.removeKeys.map { Array($0.utf8) } + [target?.topLevelKey].compactMap { $0 }
        hiddenPlace = target.flatMap { $0.topLevelKey == nil ? $0 : nil }
        isUpdate = settings.writeOperation == .update || settings.writeOperation == .upsert
        hasMetadata =
            settings.idKey != nil || settings.routingKey != nil || settings.parentKey != nil || settings.generatesIDs
        // Ruby reads times without a zone as UTC.
        timeReader = TimeReader(settings.timeKeySource, zone: .utc)
        let digits = min(max(settings.timePrecision, 0), 9)
        ending = DocumentEnding(
            time: TimeWriter(.iso8601(fractionDigits: digits), offset: settings.timestampOffsetSeconds))
        isPlain = hiddenKeys.isEmpty && hiddenPlace == nil && !settings.flattenHashes && !isUpdate
        indexName = try IndexName(settings)
    }

    package func format(
        _ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody
    ) {
        var stamp = Stamp(time: record.time)
        if writesTimestamp { findTimestamp(record, tag, &storage, rows, &stamp) }
        let start = chunk.bytes.count
        let losses = chunk.bytes.lossCount
        let tagField = settings.includeTagKey ? rows.find(tagKey, in: record, storage) : nil
        var flags: UInt8
        if isPlain, tagField == nil, !hasMetadata, !isTagKeyTimestamp, record.fieldCount > 0 {
            // The usual case: the document says all of the record.
            writePlainDocument(record, tag, stamp, rows, storage, to: &chunk.bytes)
            flags = additions(stamp, tagField)
        } else {
            let isHiding = hides(record, tagField, rows, storage)
            flags = write(record, tag, stamp, tagField, rows, storage, keepsRecord: isHiding, &chunk.bytes)
        }
        if isUpdate, flags & BulkLabel.hasID == 0 {
            chunk.bytes.truncate(to: start)
            rows.rejections.append(
                Rejection(
                    record: record, kind: "Fluent::ElasticsearchErrorHandler::ElasticsearchError",
                    reason: "write_operation \(settings.writeOperation.rawValue) needs an id, and the record has no "
                        + "'\(settings.idKey?.text ?? "id_key")'"))
            return
        }
        if chunk.bytes.lossCount != losses, flags & BulkLabel.hasRecord == 0 {
            chunk.bytes.truncate(to: start)
            flags = write(record, tag, stamp, tagField, rows, storage, keepsRecord: true, &chunk.bytes)
        }
        prepareLabel(record, tag, stamp.time, flags, rows, storage)
        let number = chunk.label(stamp: labelNumber) ?? chunk.label(label, stamp: labelNumber)
        chunk.endItem(from: start, label: number, tag: chunk.tag(tag), time: record.time)
    }

    /// Writes an item; answers the flags of its label.
    ///
    /// - Parameter tagField: the record's own field with the tag's key.
    private func write(
        _ record: Record, _ tag: Tag, _ stamp: Stamp, _ tagField: Int?, _ rows: borrowing Rows,
        _ storage: borrowing ByteBuffer, keepsRecord: Bool, _ out: inout ByteBuffer
    ) -> UInt8 {
        var flags: UInt8 = 0
        if keepsRecord {
            flags = BulkLabel.hasRecord
            KeptRecord.append(record, rows, storage, to: &out)
        }
        unfinishedID = nil
        if hasMetadata { flags |= writeMetadata(record, rows, storage, to: &out) }
        let start = out.count
        flags |= writeDocument(record, tag, stamp, tagField, rows, storage, to: &out)
        if let id = unfinishedID {
            GeneratedIDs.finish(id, content: Slice(offset: start, length: contentEnd - start), in: &out)
        }
        return flags
    }

    /// Whether the document will lack something of the record because of an option. What the writing itself loses is
    /// noticed by the buffer.
    private func hides(
        _ record: Record, _ tagField: Int?, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer
    ) -> Bool {
        if tagField != nil || isTagKeyTimestamp { return true }
        if isPlain { return false }
        for key in hiddenKeys where rows.find(key, in: record, storage) != nil { return true }
        if let hiddenPlace, rows.value(at: hiddenPlace, in: record, storage) != nil { return true }
        if settings.flattenHashes {
            for index in record.fieldRange where rows.fields[index].value.isNested { return true }
        }
        return false
    }

    // MARK: - The time

    /// What `@timestamp` says and whether it has to be written.
    private struct Stamp {
        /// Decides the index.
        var time: EventTime
        var isOwn = false
        var isWritten = true
        /// Of the text it was read from; nil: the daemon's own.
        var offset: Int?
    }

    /// The record's own `@timestamp`, else its `time_key`, else the event's time.
    private func findTimestamp(
        _ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: borrowing Rows, _ stamp: inout Stamp
    ) {
        if let field = rows.find(timestampKey, in: record, storage) {
            stamp.isOwn = true
            stamp.isWritten = false
            // It stands as it is; only an index by date wants to know what it says.
            if indexName.stableSeconds != .max { read(rows.fields[field].value, tag, &storage, &stamp) }
        } else if let timeKey, let field = rows.find(timeKey, in: record, storage) {
            stamp.isWritten = !settings.timeKeyExcludesTimestamp
            read(rows.fields[field].value, tag, &storage, &stamp)
        }
    }

    private func read(_ value: Value, _ tag: Tag, _ storage: inout ByteBuffer, _ stamp: inout Stamp) {
        if let time = storage.eventTime(number: value) {
            stamp.time = time
            return
        }
        switch timeReader.read(value, &storage) {
        case .time(let time):
            stamp.offset = value.kind == .string ? storage.zoneOffset(endOf: value.slice) ?? 0 : nil
            stamp.time = time
        case .invalid(let reason):
            guard let onProblem else { return }
            var text = ByteBuffer()
            text.appendText(value, storage)
            let shown = text.text(Slice(offset: 0, length: min(text.count, 200)))
            onProblem(.time(value: shown, reason: reason, eventTime: stamp.time), tag)
        }
    }

    // MARK: - The document

    /// The flags that say what is put into a document beside the record.
    private func additions(_ stamp: Stamp, _ tagField: Int?) -> UInt8 {
        (writesTimestamp && stamp.isWritten ? BulkLabel.addsTimestamp : 0)
            | (settings.includeTagKey && tagField == nil ? BulkLabel.addsTag : 0)
    }

    /// Answers the flags that say what was added.
    private func writeDocument(
        _ record: Record, _ tag: Tag, _ stamp: Stamp, _ tagField: Int?, _ rows: borrowing Rows,
        _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) -> UInt8 {
        var flags = additions(stamp, tagField)
        let (addsTimestamp, addsTag) = (flags & BulkLabel.addsTimestamp != 0, flags & BulkLabel.addsTag != 0)
        if isPlain && record.fieldCount > 0 && tagField == nil {
            writePlainDocument(record, tag, stamp, rows, storage, to: &out)
            return flags
        }
        let wrapper = BulkLabel(operation: settings.writeOperation, index: [])
        let isWrapped = isUpdate && !settings.suppressDocWrap
        if isWrapped {
            flags |= BulkLabel.isWrapped
            out.append(BulkLabel.wrapperStart)
        }
        out.append(UInt8(ascii: "{"))
        let open = out.count
        // Only where there is something to take out is the record kept beside the document.
        let hidden = hiddenPlace.flatMap { rows.value(at: $0, in: record, storage) == nil ? nil : $0 }
        for index in record.fieldRange {
            let field = rows.fields[index]
            if !hiddenKeys.isEmpty && isHidden(field.key, storage) { continue }
            if out.count != open { out.append(UInt8(ascii: ",")) }
            let isPruned = hidden.map { storage.equals(field.key, $0.firstKey) } ?? false
            if field.value.isNested && (settings.flattenHashes || isPruned) {
                writeNested(field, isPruned ? hidden : nil, storage, isFirst: out.count == open, to: &out)
                continue
            }
            out.appendJSONString(field.key, storage)
            out.append(UInt8(ascii: ":"))
            if index == tagField { out.appendJSONString(tag.bytes) } else { out.appendJSON(field.value, storage) }
        }
        contentEnd = out.count
        if addsTimestamp {
            if out.count != open { out.append(UInt8(ascii: ",")) }
            writeTimestamp(stamp, "\"@timestamp\":\"", to: &out)
        }
        if addsTag {
            if out.count != open { out.append(UInt8(ascii: ",")) }
            if tag.id != tailTag { prepareTail(tag) }
            out.append(tail)
        }
        out.append(UInt8(ascii: "}"))
        if isWrapped { out.append(wrapper.wrapperEnd) }
        out.append(0x0A)
        return flags
    }

    /// A nested field that does not go out as it is: without what names the index, taken apart, or both.
    private func writeNested(
        _ field: Field, _ hidden: RecordAccessor?, _ storage: borrowing ByteBuffer, isFirst: Bool,
        to out: inout ByteBuffer
    ) {
        var text = ByteBuffer()
        text.appendJSON(field.value, storage)
        if let hidden { _ = text.removeJSON(at: hidden.steps.dropFirst()) }
        if settings.flattenHashes {
            FlatJSON.append(
                field.key, text, separator: settings.flattenHashesSeparator, storage, isFirst: isFirst, to: &out)
        } else {
            out.appendJSONString(field.key, storage)
            out.append(UInt8(ascii: ":"))
            out.append(text)
        }
    }

    /// The usual case, with as few calls as may be: the record as it is, then what is the same for all events of a tag.
    private func writePlainDocument(
        _ record: Record, _ tag: Tag, _ stamp: Stamp, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer,
        to out: inout ByteBuffer
    ) {
        out.appendJSONObject(record, rows, storage)
        out.truncate(to: out.count - 1)
        if hasMetadata { contentEnd = out.count }
        if tag.id != tailTag { prepareTail(tag) }
        if writesTimestamp && stamp.isWritten && stamp.offset == nil {
            ending.write(stamp.time, to: &out)
            return
        }
        if writesTimestamp && stamp.isWritten { writeTimestamp(stamp, ",\"@timestamp\":\"", to: &out) }
        out.append(ending.tail)
    }

    private func writeTimestamp(_ stamp: Stamp, _ name: StaticString, to out: inout ByteBuffer) {
        out.append(name)
        if let offset = stamp.offset {
            let digits = min(max(settings.timePrecision, 0), 9)
            var writer = TimeWriter(.iso8601(fractionDigits: digits), offset: offset)
            writer.write(stamp.time, to: &out)
        } else {
            ending.time.write(stamp.time, to: &out)
        }
        out.append(UInt8(ascii: "\""))
    }

    private func isHidden(_ key: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        for hidden in hiddenKeys where storage.equals(key, hidden) { return true }
        return false
    }

    private func prepareTail(_ tag: Tag) {
        tailTag = tag.id
        tail.clear()
        tail.appendJSONString(tagKey)
        tail.append(UInt8(ascii: ":"))
        tail.appendJSONString(tag.bytes)
        ending.tail.clear()
        if settings.includeTagKey {
            ending.tail.append(UInt8(ascii: ","))
            ending.tail.append(tail)
        }
        ending.tail.append("}\n")
    }

    // MARK: - The action

    private func writeMetadata(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) -> UInt8 {
        var flags: UInt8 = 0
        func write(_ accessor: RecordAccessor?, _ flag: UInt8) {
            guard let accessor, let value = rows.value(at: accessor, in: record, storage), value.kind != .null else {
                return
            }
            flags |= flag
            if value.isNested {
                out.append("\"\"")  // no id; the server says so
            } else {
                out.appendJSON(value, storage)
            }
            out.append(0x0A)
        }
        write(settings.idKey, BulkLabel.hasID)
        // An update names a document that is there.
        if settings.generatesIDs, !isUpdate, flags & BulkLabel.hasID == 0 {
            flags |= BulkLabel.hasID
            unfinishedID = ids.append(of: record, rows, storage, to: &out)
            out.append(0x0A)
        }
        write(settings.parentKey, BulkLabel.hasParent)
        write(settings.routingKey, BulkLabel.hasRouting)
        return flags
    }

    /// Makes `label` that of this record; does nothing while tag, day and kind stay the same.
    private func prepareLabel(
        _ record: Record, _ tag: Tag, _ time: EventTime, _ flags: UInt8, _ rows: borrowing Rows,
        _ storage: borrowing ByteBuffer
    ) {
        if time.seconds >= labelFrom, time.seconds < labelUntil, tag.id == labelTag, labelFlags == flags { return }
        scratch.clear()
        var isNamed = false
        if let key = settings.targetIndexKey, let value = rows.value(at: key, in: record, storage) {
            scratch.appendText(value, storage)
            scratch.lowerCase(from: 0)
            isNamed = !scratch.isEmpty
        }
        if !isNamed, let empty = indexName.write(record, time, tag, rows, storage, to: &scratch) {
            onProblem?(.emptyPlaceholder(empty, index: scratch.text(Slice(offset: 0, length: scratch.count))), tag)
        }
        label = BulkLabel(operation: settings.writeOperation, flags: flags, index: scratch.array()).bytes
        labelFlags = flags
        labelNumber &+= 1
        labelTag = tag.id
        if indexName.dependsOnRecord || settings.targetIndexKey != nil {
            (labelFrom, labelUntil) = (.max, .min)
        } else if indexName.stableSeconds == .max {
            (labelFrom, labelUntil) = (.min, .max)
        } else {
            let rest = time.seconds % indexName.stableSeconds
            labelFrom = time.seconds - (rest < 0 ? rest + indexName.stableSeconds : rest)
            labelUntil = labelFrom + indexName.stableSeconds
        }
    }
}

/// What ends a document whose record is written as it is. In one value, because each access to a variable of an object
/// is checked, and that costs as much as a field.
private struct DocumentEnding: ~Copyable {
    var time: TimeWriter
    /// `,"@log_name":"service.post"}` and the line's end; without a tag key only the brace.
    var tail = ByteBuffer(capacity: 64)

    init(time: TimeWriter) { self.time = time }

    mutating func write(_ stamp: EventTime, to out: inout ByteBuffer) {
        out.append(",\"@timestamp\":\"")
        time.write(stamp, to: &out)
        out.append(UInt8(ascii: "\""))
        out.append(tail)
    }
}

extension ByteBuffer {
    /// The offset from UTC that a time's text ends with: `Z`, `+09:00`, `+0900`.
    func zoneOffset(endOf text: Slice) -> Int? {
        let length = Int(text.length)
        guard length > 8 else { return nil }
        let end = text.end
        if self[end - 1] == UInt8(ascii: "Z") { return 0 }
        let hasColon = self[end - 3] == UInt8(ascii: ":")
        let start = end - (hasColon ? 6 : 5)
        let sign = self[start]
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        var digits: [Int] = []
        for offset in (start + 1)..<end where self[offset] &- 0x30 < 10 { digits.append(Int(self[offset] - 0x30)) }
        guard digits.count == 4 else { return nil }
        let seconds = (digits[0] * 10 + digits[1]) * 3600 + (digits[2] * 10 + digits[3]) * 60
        return sign == UInt8(ascii: "-") ? -seconds : seconds
    }
}
