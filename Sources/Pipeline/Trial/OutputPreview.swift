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
    private var line: RecordFormat
    private var injection: Injection?
    private var lines = ByteBuffer()

    init(_ line: RecordFormat, _ injection: Injection?) {
        self.line = line
        self.injection = injection
    }

    func format(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        lines.clear()
        for record in rows.records { line.appendShown(record, tag: batch.tag, &injection, &rows, &storage, to: &lines) }
    }

    func parts(of record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> [OutputPart] {
        var text = ByteBuffer(capacity: 256)
        line.appendShown(record, tag: tag, &injection, &rows, &storage, to: &text)
        return [OutputPart("line", text.lineText(Slice(offset: 0, length: text.count)))]
    }
}

/// An output with a chunk's formatter: what its destination shows of a chunk with one item.
final class ItemPreview: OutputPreview {
    private let formatter: any ChunkFormatter
    private let staging: FormattingAlone
    private let chunkID: String
    private let show: (LoadedChunk) -> [OutputPart]

    /// - Parameter chunkID: what stands where a chunk's name is shown.
    init(
        _ formatter: any ChunkFormatter, chunkID: String = "0123456789abcdef0123456789abcdef",
        _ show: @escaping (LoadedChunk) -> [OutputPart]
    ) {
        self.formatter = formatter
        self.chunkID = chunkID
        staging = FormattingAlone(formatter)
        self.show = show
    }

    func format(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        staging.format(batch, storage: &storage, rows: &rows)
    }

    func parts(of record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> [OutputPart] {
        var body = ChunkBody(capacity: 1024)
        formatter.format(record, tag: tag, storage: &storage, rows: &rows, into: &body)
        return body.items.isEmpty ? [] : show(LoadedChunk(body, id: chunkID))
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

extension ItemPreview {
    /// A file's line, and the file.
    convenience init(
        file format: RecordFormat, _ injection: Injection?, _ settings: FileSettings, keys: [RecordAccessor]
    ) {
        let destination = FileDestination(settings)
        let formatter = FileFormatter(format, injection: injection, path: settings.path, keys: keys)
        self.init(formatter, chunkID: "") { chunk in
            guard let shown = destination.preview(chunk) else { return [] }
            return [OutputPart("file", shown.path), OutputPart("line", shown.line)]
        }
    }

    /// A message of Kafka: its topic, its key, and what it says.
    convenience init(kafka settings: KafkaOutputSettings, _ format: RecordFormat, _ injection: Injection?) {
        self.init(KafkaFormatter(settings, format, injection: injection)) { chunk in
            guard let shown = KafkaDestination.preview(chunk, settings) else { return [] }
            return [OutputPart("topic", shown.topic)] + (shown.key.map { [OutputPart("key", $0)] } ?? [])
                + [OutputPart("message", shown.message)]
        }
    }

    /// A bulk action and its document, as for a present-day server: older ones also get a `_type`.
    convenience init(document formatter: ElasticsearchFormatter) {
        self.init(formatter) { chunk in
            let lines = BulkBody(chunk, items: chunk.allItems, BulkDialect()).lines()
            guard lines.count == 2 else { return [] }
            return [OutputPart("action", lines[0], isJSON: true), OutputPart("document", lines[1], isJSON: true)]
        }
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

extension ByteBuffer {
    /// A line without its end.
    fileprivate func lineText(_ slice: Slice) -> String {
        var end = slice.end
        while end > Int(slice.offset), self[end - 1] == 0x0A || self[end - 1] == 0x0D { end -= 1 }
        return text(Slice(offset: Int(slice.offset), length: end - Int(slice.offset)))
    }
}
