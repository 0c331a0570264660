package import Events

/// Writes records into the chunk as MessagePack maps, which is how they are sent; their times stand in the chunk's
/// table.
///
/// An item is a `KeptRecord`. One label says that its map is sent as it stands, the other that it holds what
/// MessagePack does not have (JSON text of numbers and nested data), which is translated when it is sent: so nothing of
/// a record is lost for whoever reads it back, and MessagePack that came in goes out as it was.
package final class ForwardFormatter: ChunkFormatter {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "forward-1"

    static let plainLabel: [UInt8] = [0]
    static let textLabel: [UInt8] = [1]

    package init() {}

    package func format(
        _ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody
    ) {
        let start = chunk.bytes.count
        KeptRecord.append(record, rows, storage, to: &chunk.bytes)
        let hasText = record.fieldRange.contains { index in
            switch rows.fields[index].value.kind {
            case .number, .json, .jsonString: true
            default: false
            }
        }
        let stamp = hasText ? 1 : 0
        let label =
            chunk.label(stamp: stamp) ?? chunk.label(hasText ? Self.textLabel : Self.plainLabel, stamp: stamp)
        chunk.endItem(from: start, label: label, tag: chunk.tag(tag), time: record.time)
    }
}

/// From an item of a chunk that `ForwardFormatter` filled to the record that it was given.
package struct ForwardItemReader: ItemReader {
    package init() {}

    package func read(_ item: Int, of chunk: LoadedChunk, into storage: inout ByteBuffer, rows: inout Rows) -> Bool {
        let entry = chunk.item(item)
        guard let kept = KeptRecord.slice(at: Int(entry.source.offset), before: entry.source.end, chunk.body.bytes)
        else { return false }
        let start = storage.count
        storage.append(kept, of: chunk.body.bytes)
        let first = rows.fields.count
        guard
            KeptRecord.appendFields(Slice(offset: start, length: storage.count - start), storage, to: &rows)
        else { return false }
        rows.records.append(Record(time: entry.time, firstField: first, fieldCount: rows.fields.count - first))
        return true
    }
}
