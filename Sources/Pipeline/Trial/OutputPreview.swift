internal import Buffering
internal import Events
internal import Outputs

/// What an output would make of a record, without the output: made by the same formatter.
protocol OutputPreview: AnyObject {
    /// A record that cannot be taken goes to `rows.rejections`, as from the output.
    func parts(of record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> [OutputPart]
}

/// An output of text: the line.
final class LinePreview: OutputPreview {
    private var format: LineFormat

    init(_ format: LineFormat) { self.format = format }

    func parts(of record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> [OutputPart] {
        var line = ByteBuffer(capacity: 256)
        format.append(record, tag: tag, rows, storage, to: &line)
        return [OutputPart("line", line.text(Slice(offset: 0, length: line.count - 1)))]
    }
}

/// A forward output: events travel as they are, with their tag.
final class EventPreview: OutputPreview {
    func parts(of record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> [OutputPart] {
        var text = ByteBuffer(capacity: 256)
        text.appendJSONObject(record, rows, storage)
        return [
            OutputPart("tag", tag.text),
            OutputPart("record", text.text(Slice(offset: 0, length: text.count)), isJSON: true),
        ]
    }
}

/// A bulk action and its document.
final class DocumentPreview: OutputPreview {
    private let formatter: ElasticsearchFormatter
    /// Of a present-day server: older ones also get a `_type`.
    private let dialect = BulkDialect()

    init(_ formatter: ElasticsearchFormatter) { self.formatter = formatter }

    func parts(of record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> [OutputPart] {
        var body = ChunkBody(capacity: 1024)
        formatter.format(record, tag: tag, storage: &storage, rows: &rows, into: &body)
        guard !body.items.isEmpty else { return [] }
        let chunk = LoadedChunk(body, id: "")
        let lines = BulkBody(chunk, items: chunk.allItems, dialect).lines()
        guard lines.count == 2 else { return [] }
        return [OutputPart("action", lines[0], isJSON: true), OutputPart("document", lines[1], isJSON: true)]
    }
}
