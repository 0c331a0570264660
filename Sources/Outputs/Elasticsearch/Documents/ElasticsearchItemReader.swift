package import Events

/// From an item of a chunk that `ElasticsearchFormatter` filled to the record that it was given.
///
/// Where the document says all of the record, it is read and what was added to it (`@timestamp`, the tag, the wrapper of an
/// update) is taken off: the label says what that was. Where it does not, the formatter has kept the record itself.
package struct ElasticsearchItemReader: ItemReader {
    package init() {}

    package func read(_ item: Int, of chunk: LoadedChunk, into storage: inout ByteBuffer, rows: inout Rows) -> Bool {
        let entry = chunk.item(item)
        let place = Int(entry.label)
        guard chunk.body.labels.indices.contains(place), let label = BulkLabel(bytes: chunk.body.labels[place]) else {
            return false
        }
        let first = rows.fields.count
        let front = BulkItemFront(flags: label.flags, entry.source, chunk.body.bytes)
        if label.flags & BulkLabel.hasRecord != 0 {
            guard let kept = front.record else { return false }
            let copy = storage.appendCopy(of: kept, in: chunk.body.bytes)
            guard KeptRecord.appendFields(copy, storage, to: &rows) else { return false }
        } else {
            guard let source = Self.source(in: front.document, label) else { return false }
            let copy = storage.appendCopy(of: source, in: chunk.body.bytes)
            guard (try? rows.appendFields(json: copy, &storage)) != nil else { return false }
            // The tag stands behind the time.
            for added in [BulkLabel.addsTag, BulkLabel.addsTimestamp] where label.flags & added != 0 {
                guard rows.fields.count > first else { return false }
                rows.fields.truncate(to: rows.fields.count - 1)
            }
        }
        rows.records.append(Record(time: entry.time, firstField: first, fieldCount: rows.fields.count - first))
        return true
    }

    /// The document without the wrapper of an update: `{"doc":…}`, `{"doc":…,"doc_as_upsert":true}`.
    private static func source(in document: Slice, _ label: BulkLabel) -> Slice? {
        guard label.flags & BulkLabel.isWrapped != 0 else { return document }
        let before = BulkLabel.wrapperStart.utf8CodeUnitCount
        let after = label.wrapperEnd.utf8CodeUnitCount + 1  // the line's end
        let length = Int(document.length) - before - after
        return length < 2 ? nil : Slice(offset: Int(document.offset) + before, length: length)
    }
}

extension ByteBuffer {
    fileprivate mutating func appendCopy(of slice: Slice, in other: borrowing ByteBuffer) -> Slice {
        let start = count
        append(slice, of: other)
        return Slice(offset: start, length: count - start)
    }
}
