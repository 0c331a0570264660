internal import Events
internal import Time

/// Writes what a document says: `{"k":v,…,"@timestamp":"2019-12-17T17:55:04.123456789+00:00","@log_name":"service.post"}`.
///
/// All of it in one value, because each access to a variable of an object is checked, and that costs as much as a field.
struct DocumentWriter: ~Copyable {
    /// Where what a record says ends in its document: its time stands behind it.
    private(set) var contentEnd = 0
    /// Records are written as they are, unless they hold the tag's key.
    let isPlain: Bool
    private let settings: ElasticsearchSettings
    private let timeDigits: Int
    private let tagKey: [UInt8]
    private let isUpdate: Bool
    private let isWrapped: Bool
    private let wrapperEnd: StaticString
    /// Top-level keys that are not sent.
    private let hiddenKeys: [[UInt8]]
    /// Nested fields that are not sent (`remove_keys $.a.b`, `target_index_key a.b`).
    private let hiddenPlaces: [RecordAccessor]
    private let updateKeys: UpdateKeys?
    /// What stands in front of it in the usual case.
    var action = ActionLine()
    private var time: TimeWriter
    /// `"@log_name":"service.post"` of the last tag, and how much of it is the same for all tags.
    private var tagMember = ByteBuffer(capacity: 64)
    private let tagKeyBytes: Int
    private var tagText = ByteBuffer(capacity: 64)
    /// `,"@log_name":"service.post"}` and the line's end; without a tag key only the brace.
    private var ending = ByteBuffer(capacity: 64)
    private var tagID = -1

    init(_ settings: ElasticsearchSettings) {
        self.settings = settings
        timeDigits = min(max(settings.timePrecision, 0), 9)
        tagKey = Array(settings.tagKey.utf8)
        isUpdate = settings.writeOperation == .update || settings.writeOperation == .upsert
        isWrapped = isUpdate && !settings.suppressDocWrap
        wrapperEnd = BulkLabel(operation: settings.writeOperation, index: []).wrapperEnd
        let target = settings.targetIndexKey
        var hidden = settings.removeKeys.map { Array($0.utf8) } + [target?.topLevelKey].compactMap { $0 }
        if isUpdate, let key = settings.removeKeysOnUpdateKey { hidden.append(Array(key.utf8)) }
        hiddenKeys = hidden
        hiddenPlaces = settings.removePlaces + [target].compactMap { $0?.topLevelKey == nil ? $0 : nil }
        updateKeys = isUpdate ? UpdateKeys(settings) : nil
        time = TimeWriter(.iso8601(fractionDigits: timeDigits), offset: settings.timestampOffsetSeconds)
        tagMember.appendJSONString(tagKey)
        tagMember.append(UInt8(ascii: ":"))
        tagKeyBytes = tagMember.count
        isPlain = hidden.isEmpty && hiddenPlaces.isEmpty && !settings.flattenHashes && !isUpdate
    }

    /// Whether the document will lack something of the record because of an option. What the writing itself loses is
    /// noticed by the buffer.
    func hides(_ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) -> Bool {
        if isPlain { return false }
        for key in hiddenKeys where rows.find(key, in: record, storage) != nil { return true }
        for place in hiddenPlaces where rows.value(at: place, in: record, storage) != nil { return true }
        if let updateKeys, !updateKeys.of(record, rows, storage).isEmpty { return true }
        if settings.flattenHashes {
            for index in record.fieldRange where rows.fields[index].value.isNested { return true }
        }
        return false
    }

    /// The flags that say what is put into a document beside the record.
    ///
    /// - Parameter tagField: the record's own field with the tag's key.
    func additions(_ stamp: DocumentStamp, _ tagField: Int?) -> UInt8 {
        (settings.writesTimestamp && stamp.isWritten ? BulkLabel.addsTimestamp : 0)
            | (settings.includeTagKey && tagField == nil ? BulkLabel.addsTag : 0)
    }

    // MARK: - The usual case

    /// With as few calls as may be: the record as it is, then what is the same for all events of a tag.
    mutating func writePlain(
        _ record: Record, _ tag: Tag, _ stamp: DocumentStamp, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer,
        to out: inout ByteBuffer
    ) {
        out.appendJSONObject(record, rows, storage)
        out.truncate(to: out.count - 1)
        contentEnd = out.count
        if tag.id != tagID { prepare(tag) }
        if settings.writesTimestamp && stamp.isWritten { writeTimestamp(stamp, ",\"@timestamp\":\"", to: &out) }
        out.append(ending)
    }

    private mutating func writeTimestamp(_ stamp: DocumentStamp, _ name: StaticString, to out: inout ByteBuffer) {
        out.append(name)
        if let offset = stamp.offset {
            var writer = TimeWriter(.iso8601(fractionDigits: timeDigits), offset: offset)
            writer.write(stamp.time, to: &out)
        } else {
            time.write(stamp.time, to: &out)
        }
        out.append(UInt8(ascii: "\""))
    }

    private mutating func prepare(_ tag: Tag) {
        tagID = tag.id
        ending.clear()
        if settings.includeTagKey {
            tagText.clear()
            tagText.append(tag.bytes)
            tagMember.truncate(to: tagKeyBytes)
            tagMember.appendJSONString(Slice(offset: 0, length: tagText.count), tagText)
            ending.append(UInt8(ascii: ","))
            ending.append(tagMember)
        }
        ending.append("}\n")
    }

    // MARK: - Everything else

    /// Writes a document and the line's end; answers the flags that say what was added.
    mutating func write(
        _ record: Record, _ tag: Tag, _ stamp: DocumentStamp, _ tagField: Int?, _ rows: borrowing Rows,
        _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) -> UInt8 {
        var flags = additions(stamp, tagField)
        if isPlain && record.fieldCount > 0 && tagField == nil {
            writePlain(record, tag, stamp, rows, storage, to: &out)
            return flags
        }
        guard isWrapped else {
            writeObject(record, tag, stamp, tagField, [], rows, storage, to: &out)
            out.append(UInt8(ascii: "\n"))
            return flags
        }
        flags |= BulkLabel.isWrapped
        let keys = updateKeys?.of(record, rows, storage) ?? []
        out.append(BulkLabel.wrapperStart)
        writeObject(record, tag, stamp, tagField, keys, rows, storage, to: &out)
        if settings.writeOperation == .upsert, !keys.isEmpty {
            out.append(",\"upsert\":")
            writeObject(record, tag, stamp, tagField, [], rows, storage, to: &out)
            out.append("}\n")
            return flags
        }
        out.append(wrapperEnd)
        out.append(UInt8(ascii: "\n"))
        return flags
    }

    /// - Parameter without: keys that are left out of this object alone.
    private mutating func writeObject(
        _ record: Record, _ tag: Tag, _ stamp: DocumentStamp, _ tagField: Int?, _ without: [[UInt8]],
        _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        let flags = additions(stamp, tagField)
        out.append(UInt8(ascii: "{"))
        let open = out.count
        // Only where there is something to take out is a field written another way.
        let hidden = hiddenPlaces.filter { rows.value(at: $0, in: record, storage) != nil }
        for index in record.fieldRange {
            let field = rows.fields[index]
            if !hiddenKeys.isEmpty && hiddenKeys.contains(where: { storage.equals(field.key, $0) }) { continue }
            if !without.isEmpty && without.contains(where: { storage.equals(field.key, $0) }) { continue }
            if out.count != open { out.append(UInt8(ascii: ",")) }
            let pruned = hidden.filter { storage.equals(field.key, $0.firstKey) }
            if field.value.isNested && (settings.flattenHashes || !pruned.isEmpty) {
                writeNested(field, pruned, storage, isFirst: out.count == open, to: &out)
                continue
            }
            out.appendJSONString(field.key, storage)
            out.append(UInt8(ascii: ":"))
            if index == tagField { out.appendJSONString(tag.bytes) } else { out.appendJSON(field.value, storage) }
        }
        contentEnd = out.count
        if flags & BulkLabel.addsTimestamp != 0 {
            if out.count != open { out.append(UInt8(ascii: ",")) }
            writeTimestamp(stamp, "\"@timestamp\":\"", to: &out)
        }
        if flags & BulkLabel.addsTag != 0 {
            if out.count != open { out.append(UInt8(ascii: ",")) }
            if tag.id != tagID { prepare(tag) }
            out.append(tagMember)
        }
        out.append(UInt8(ascii: "}"))
    }

    /// A nested field that does not go out as it is: without what is not sent, taken apart, or both.
    private func writeNested(
        _ field: Field, _ pruned: [RecordAccessor], _ storage: borrowing ByteBuffer, isFirst: Bool,
        to out: inout ByteBuffer
    ) {
        var text = ByteBuffer()
        text.appendJSON(field.value, storage)
        for place in pruned { _ = text.removeJSON(at: place.steps.dropFirst()) }
        if settings.flattenHashes {
            FlatJSON.append(
                field.key, text, separator: settings.flattenHashesSeparator, storage, isFirst: isFirst, to: &out)
        } else {
            out.appendJSONString(field.key, storage)
            out.append(UInt8(ascii: ":"))
            out.append(text)
        }
    }
}

/// `remove_keys_on_update` and `remove_keys_on_update_key`: what an update does not change.
private struct UpdateKeys {
    private let keys: [[UInt8]]
    private let listKey: [UInt8]?

    /// Of a record's own list: what is behind that is not read.
    private static let longestList = 100

    /// nil: there are none.
    init?(_ settings: ElasticsearchSettings) {
        keys = settings.removeKeysOnUpdate.map { Array($0.utf8) }
        listKey = settings.removeKeysOnUpdateKey.map { Array($0.utf8) }
        if keys.isEmpty && listKey == nil { return nil }
    }

    /// Those that the record has. Its own list takes the place of the configured one.
    func of(_ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) -> [[UInt8]] {
        var keys = keys
        if let listKey, let field = rows.find(listKey, in: record, storage), rows.fields[field].value.kind != .null {
            keys = []
            let list = rows.fields[field].value
            while keys.count < Self.longestList, let item = storage.child(of: list, .index(keys.count)), item.isText {
                var text = ByteBuffer()
                text.appendText(item, storage)
                keys.append(text.array())
            }
        }
        return keys.filter { rows.find($0, in: record, storage) != nil }
    }
}
