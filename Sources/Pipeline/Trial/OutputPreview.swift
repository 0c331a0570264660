internal import Buffering
internal import Events
internal import Outputs

/// What an output would make of a record, without the output: made by the same formatter.
protocol OutputPreview: AnyObject {
    /// A record that cannot be taken goes to `rows.rejections`, as from the output.
    func parts(of record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> [OutputPart]
    /// Formats a batch as into a chunk, and lets it go.
    func format(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows)
}

/// An output of text: the line.
final class LinePreview: OutputPreview {
    private var line: LineFormat
    private var lines = ByteBuffer()

    init(_ line: LineFormat) { self.line = line }

    func format(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        lines.clear()
        for record in rows.records { line.append(record, tag: batch.tag, rows, storage, to: &lines) }
    }

    func parts(of record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> [OutputPart] {
        var text = ByteBuffer(capacity: 256)
        line.append(record, tag: tag, rows, storage, to: &text)
        return [OutputPart("line", text.text(Slice(offset: 0, length: text.count - 1)))]
    }
}

/// A forward output: events travel as they are, with their tag.
final class EventPreview: OutputPreview {
    private let staging = FormattingAlone(ForwardFormatter())

    func format(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        staging.format(batch, storage: &storage, rows: &rows)
    }

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
    private let staging: FormattingAlone
    /// Of a present-day server: older ones also get a `_type`.
    private let dialect = BulkDialect()

    init(_ formatter: ElasticsearchFormatter) {
        self.formatter = formatter
        staging = FormattingAlone(formatter)
    }

    func format(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        staging.format(batch, storage: &storage, rows: &rows)
    }

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

/// A formatter that fills one chunk again and again.
private final class FormattingAlone {
    private let formatter: any ChunkFormatter
    private var chunk = ChunkBody(capacity: FormattingAlone.chunkBytes)
    /// Of Fluentd's default for chunks in memory.
    private static let chunkBytes = 8 << 20

    init(_ formatter: any ChunkFormatter) { self.formatter = formatter }

    func format(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        if chunk.bytes.count > Self.chunkBytes / 2 { chunk = ChunkBody(capacity: Self.chunkBytes) }
        for record in rows.records {
            formatter.format(record, tag: batch.tag, storage: &storage, rows: &rows, into: &chunk)
        }
    }
}
