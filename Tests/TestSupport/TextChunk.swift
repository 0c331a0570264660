package import Events

extension LoadedChunk {
    /// Records `{"n":…}`, each as its JSON.
    package convenience init(texts: Range<Int>, tag: Tag = Tag("a"), time: EventTime = EventTime(seconds: 1)) {
        self.init(texts: texts.map { "{\"n\":\($0)}" }, tag: tag, time: time, id: "c\(texts.lowerBound)")
    }

    /// Items are these texts.
    package convenience init(texts: [String], tag: Tag = Tag("a"), time: EventTime, id: String) {
        var body = ChunkBody(capacity: 256)
        for text in texts {
            let start = body.bytes.count
            body.bytes.append(Array(text.utf8))
            body.endItem(from: start, label: 0, tag: body.tag(tag), time: time)
        }
        self.init(body, id: id)
    }
}

/// Items are the records' own JSON.
package struct TextReader: ItemReader {
    package init() {}

    package func read(
        _ item: Int, of chunk: LoadedChunk, into storage: inout ByteBuffer, rows: inout Rows
    ) -> Bool {
        let entry = chunk.item(item)
        let start = storage.count
        storage.append(entry.source, of: chunk.body.bytes)
        let first = rows.fields.count
        let text = Slice(offset: start, length: storage.count - start)
        guard (try? rows.appendFields(json: text, &storage)) != nil else { return false }
        rows.records.append(Record(time: entry.time, firstField: first, fieldCount: rows.fields.count - first))
        return true
    }
}
