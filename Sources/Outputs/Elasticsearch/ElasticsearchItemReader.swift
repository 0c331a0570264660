package import Events

/// Placeholder until the formatter's own reader lands.
package struct ElasticsearchItemReader: ItemReader {
    package init() {}

    package func read(
        _ item: Int, of chunk: SealedChunk, into storage: inout ByteBuffer, rows: inout Rows
    ) -> Bool {
        let entry = chunk.body.items[item]
        let text = storage.append(copyOf: chunk.body.bytes.array(entry.source))
        let start = rows.fields.count
        guard (try? rows.appendFields(json: text, &storage)) != nil else { return false }
        rows.records.append(Record(time: entry.time, firstField: start, fieldCount: rows.fields.count - start))
        return true
    }
}
