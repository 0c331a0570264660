package import Events

/// From an item of a chunk that `ItemFormatter` filled to the record that it was given.
package struct KeptItemReader: ItemReader {
    package init() {}

    package func read(_ item: Int, of chunk: LoadedChunk, into storage: inout ByteBuffer, rows: inout Rows) -> Bool {
        let entry = chunk.item(item)
        guard let label = chunk.itemLabel(of: item),
            let parts = ItemParts(label, entry.source, chunk.body.bytes)
        else { return false }
        let first = rows.fields.count
        let start = storage.count
        if let record = parts.record {
            storage.append(record, of: chunk.body.bytes)
            guard
                KeptRecord.appendFields(Slice(offset: start, length: storage.count - start), storage, to: &rows)
            else { return false }
        } else {
            guard label.headBytes <= Int(parts.body.length) else { return false }
            storage.append(
                Slice(
                    offset: Int(parts.body.offset) + label.headBytes, length: Int(parts.body.length) - label.headBytes),
                of: chunk.body.bytes)
            guard
                (try? rows.appendFields(json: Slice(offset: start, length: storage.count - start), &storage)) != nil
            else { return false }
        }
        rows.records.append(Record(time: entry.time, firstField: first, fieldCount: rows.fields.count - first))
        return true
    }
}
