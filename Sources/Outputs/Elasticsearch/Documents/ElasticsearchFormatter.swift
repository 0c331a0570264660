package import Events
internal import Expressions
internal import Parsing

/// Writes records as Elasticsearch documents, straight into the chunk.
///
/// Nothing is allocated for a record as long as its tag and its day are those of the one before.
package final class ElasticsearchFormatter: ChunkFormatter {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "elasticsearch-1"

    private let settings: ElasticsearchSettings
    /// What each document needs is in it, and it is lent once for all records of a batch: an access to a variable of an
    /// object is checked each time, which costs as much as a field.
    private var document: DocumentWriter
    private let stamps: StampReader
    private var ids = GeneratedIDs()
    private let onProblem: ((DocumentProblem, Tag) -> Void)?
    private let writesTimestamp: Bool
    private let tagKey: [UInt8]
    /// Keys of records that have to do with what is put into their documents.
    private let addedKeys: KeySet
    /// Documents have two members of one name: read back, they are one.
    private let isTagKeyTimestamp: Bool
    private let hasMetadata: Bool
    /// Whether a record that has not the tag's key is the usual case.
    private let mayBeUsual: Bool
    private let isUpdate: Bool

    private var indexName: IndexName
    private let nameDependsOnTag: Bool
    private var label: [UInt8] = []
    private var labelFlags: UInt8 = 0
    /// Counts the changes of `label`.
    private var labelNumber = 0
    private var labelTag = -1
    private var labelFrom = Int64.max
    private var labelUntil = Int64.min
    private var scratch = ByteBuffer(capacity: 128)
    private let forms: BulkForms?

    /// - Parameter forms: nil: chunks get no action lines, as those in files, which other servers may read.
    package init(
        _ settings: ElasticsearchSettings, forms: BulkForms? = nil,
        onProblem: ((DocumentProblem, Tag) -> Void)? = nil
    ) throws(SettingError) {
        self.settings = settings
        self.forms = forms
        self.onProblem = onProblem
        writesTimestamp = settings.writesTimestamp
        tagKey = Array(settings.tagKey.utf8)
        isTagKeyTimestamp = settings.includeTagKey && writesTimestamp && settings.tagKey == "@timestamp"
        isUpdate = settings.writeOperation == .update || settings.writeOperation == .upsert
        hasMetadata =
            settings.idKey != nil || settings.routingKey != nil || settings.parentKey != nil || settings.generatesIDs
        let indexName = try IndexName(settings)
        nameDependsOnTag = indexName.dependsOnTag
        let namesTime = indexName.stableSeconds != .max
        self.indexName = indexName
        document = DocumentWriter(settings)
        mayBeUsual = document.isPlain && !hasMetadata && !isTagKeyTimestamp
        stamps = StampReader(settings, namesIndex: namesTime)
        addedKeys = KeySet((writesTimestamp ? stamps.keys : []) + (settings.includeTagKey ? [tagKey] : []))
    }

    package func format(
        _ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody
    ) {
        write(record, tag, &document, &storage, &rows, to: &chunk)
    }

    package func fill(
        _ chunk: inout ChunkBody, upTo limit: ChunkLimit, from index: inout Int, to end: Int, tag: Tag,
        storage: inout ByteBuffer, rows: inout Rows
    ) -> Bool {
        fill(&chunk, upTo: limit, from: &index, to: end, tag, &document, &storage, &rows)
    }

    private func fill(
        _ chunk: inout ChunkBody, upTo limit: ChunkLimit, from index: inout Int, to end: Int, _ tag: Tag,
        _ document: inout DocumentWriter, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> Bool {
        while index < end {
            let record = rows.records[index]
            index &+= 1
            write(record, tag, &document, &storage, &rows, to: &chunk)
            if limit.isReached(by: chunk) { return true }
        }
        return false
    }

    private func write(
        _ record: Record, _ tag: Tag, _ document: inout DocumentWriter, _ storage: inout ByteBuffer,
        _ rows: inout Rows, to chunk: inout ChunkBody
    ) {
        var stamp = DocumentStamp(time: record.time)
        var tagField: Int?
        if rows.hasAny(of: addedKeys, in: record, storage) {
            if writesTimestamp, let problem = stamps.find(record, &storage, rows, &stamp) { onProblem?(problem, tag) }
            if settings.includeTagKey { tagField = rows.find(tagKey, in: record, storage) }
        }
        if mayBeUsual, tagField == nil, record.fieldCount > 0,
            writeUsual(record, tag, stamp, &document, &storage, rows, &chunk)
        {
            return
        }
        let start = chunk.bytes.count
        let losses = chunk.bytes.lossCount
        let isHiding = tagField != nil || isTagKeyTimestamp || document.hides(record, rows, storage)
        var flags = write(
            record, tag, stamp, tagField, &document, rows, storage, keepsRecord: isHiding, &chunk.bytes)
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
            flags = write(record, tag, stamp, tagField, &document, rows, storage, keepsRecord: true, &chunk.bytes)
        }
        do throws(ExpressionFailure) {
            try prepareLabel(record, tag, stamp.time, flags, rows, &storage)
        } catch {
            chunk.bytes.truncate(to: start)
            rows.rejections.append(
                Rejection(
                    record: record, kind: error.kind, reason: "the index has no name for it: \(error.message)"))
            return
        }
        let number = chunk.label(stamp: labelNumber) ?? chunk.label(label, stamp: labelNumber)
        chunk.endItem(from: start, label: number, tag: chunk.tag(tag), time: record.time)
    }

    /// The usual case: a document that says all of the record, behind an action line that many share where it is known how
    /// servers want that. Answers false, and has written nothing, when the record is another case.
    private func writeUsual(
        _ record: Record, _ tag: Tag, _ stamp: DocumentStamp, _ document: inout DocumentWriter,
        _ storage: inout ByteBuffer, _ rows: borrowing Rows, _ chunk: inout ChunkBody
    ) -> Bool {
        let flags = document.additions(stamp, nil)
        do throws(ExpressionFailure) {
            try prepareLabel(record, tag, stamp.time, flags, rows, &storage)
        } catch {
            return false
        }
        let form = forms?.form ?? ChunkBody.bare
        if document.action.label != labelNumber || document.action.form != form {
            document.action.write(label, number: labelNumber, form: form, forms?.dialect(form))
        }
        let front = chunk.bytes.count
        let losses = chunk.bytes.lossCount
        chunk.bytes.append(document.action.bytes)
        let start = chunk.bytes.count
        document.writePlain(record, tag, stamp, rows, storage, to: &chunk.bytes)
        if chunk.bytes.lossCount != losses {
            chunk.bytes.truncate(to: front)
            return false
        }
        let number = chunk.label(stamp: labelNumber) ?? chunk.label(label, stamp: labelNumber)
        chunk.endItem(from: start, label: number, tag: chunk.tag(tag), time: record.time, form: form)
        return true
    }

    /// Writes an item; answers the flags of its label.
    ///
    /// - Parameter tagField: the record's own field with the tag's key.
    private func write(
        _ record: Record, _ tag: Tag, _ stamp: DocumentStamp, _ tagField: Int?, _ document: inout DocumentWriter,
        _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, keepsRecord: Bool, _ out: inout ByteBuffer
    ) -> UInt8 {
        var flags: UInt8 = 0
        if keepsRecord {
            flags = BulkLabel.hasRecord
            KeptRecord.append(record, rows, storage, to: &out)
        }
        var unfinishedID: GeneratedIDs.Unfinished?
        if hasMetadata { flags |= writeMetadata(record, rows, storage, &unfinishedID, to: &out) }
        let start = out.count
        flags |= document.write(record, tag, stamp, tagField, rows, storage, to: &out)
        if let unfinishedID {
            let content = Slice(offset: start, length: document.contentEnd - start)
            GeneratedIDs.finish(unfinishedID, content: content, in: &out)
        }
        return flags
    }

    // MARK: - The action

    private func writeMetadata(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer,
        _ unfinishedID: inout GeneratedIDs.Unfinished?, to out: inout ByteBuffer
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

    /// Makes `label` that of this record; does nothing while day, kind and, where it is in the name, tag stay the same.
    private func prepareLabel(
        _ record: Record, _ tag: Tag, _ time: EventTime, _ flags: UInt8, _ rows: borrowing Rows,
        _ storage: inout ByteBuffer
    ) throws(ExpressionFailure) {
        let isSameTag = tag.id == labelTag || !nameDependsOnTag
        if time.seconds >= labelFrom, time.seconds < labelUntil, isSameTag, labelFlags == flags { return }
        scratch.clear()
        var isNamed = false
        if let key = settings.targetIndexKey, let value = rows.value(at: key, in: record, storage) {
            scratch.appendText(value, storage)
            scratch.lowerCase(from: 0)
            isNamed = !scratch.isEmpty
        }
        if !isNamed, let empty = try indexName.write(record, time, tag, rows, &storage, to: &scratch) {
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
