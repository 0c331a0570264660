package import Events

/// What an output makes of a record: the bytes that it sends, and what decides where they go.
package protocol ItemWriter: SendableMetatype {
    /// Whether what is written after `WrittenItem.item`'s beginning is the whole record as JSON, and white space.
    var isWhole: Bool { get }

    /// Appends what is sent for a record. Storage and fields may be added to.
    mutating func write(
        _ record: Record, tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, to out: inout ByteBuffer
    ) -> WrittenItem
}

package enum WrittenItem {
    /// Where the record's own text begins, and what is the same for all items that go one way.
    case item(recordAt: Int, fields: [[UInt8]])
    /// The record cannot be sent: Fluentd's name for the kind of error, and a sentence.
    case refused(kind: String, reason: String)
}

/// Writes records into the chunk as a writer makes them.
///
/// Where that does not say all of the record, the record itself stands in front of it (`KeptRecord`): what cannot be
/// delivered goes on as the event it was.
package final class ItemFormatter<Writer: ItemWriter>: ChunkFormatter {
    private var writer: Writer
    private var label = ItemLabel()
    /// Counts the changes of `label`.
    private var labelNumber = 0

    package init(_ writer: Writer) { self.writer = writer }

    package func format(
        _ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody
    ) {
        let start = chunk.bytes.count
        let losses = chunk.bytes.lossCount
        let (bytes, fields) = (storage.count, rows.fields.count)
        var hasRecord = !writer.isWhole
        if hasRecord { KeptRecord.append(record, rows, storage, to: &chunk.bytes) }
        var body = chunk.bytes.count
        var written = writer.write(record, tag: tag, &storage, &rows, to: &chunk.bytes)
        if !hasRecord, chunk.bytes.lossCount != losses {
            hasRecord = true
            chunk.bytes.truncate(to: start)
            KeptRecord.append(record, rows, storage, to: &chunk.bytes)
            body = chunk.bytes.count
            written = writer.write(record, tag: tag, &storage, &rows, to: &chunk.bytes)
        }
        storage.truncate(to: bytes)
        rows.fields.truncate(to: fields)
        switch written {
        case .item(let recordAt, let fields):
            let number = labelNumber(
                ItemLabel(hasRecord: hasRecord, headBytes: recordAt - body, fields: fields), &chunk)
            chunk.endItem(from: start, label: number, tag: chunk.tag(tag), time: record.time)
        case .refused(let kind, let reason):
            chunk.bytes.truncate(to: start)
            rows.rejections.append(Rejection(record: record, kind: kind, reason: reason))
        }
    }

    private func labelNumber(_ made: ItemLabel, _ chunk: inout ChunkBody) -> UInt32 {
        if made != label || labelNumber == 0 {
            label = made
            labelNumber += 1
        }
        return chunk.label(stamp: labelNumber) ?? chunk.label(label.bytes, stamp: labelNumber)
    }
}
