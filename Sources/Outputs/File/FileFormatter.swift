package import Events

/// Writes records into the chunk as the bytes that the file will have.
///
/// Where these do not say all of the record, the record itself stands in front of them (`KeptRecord`): what cannot be
/// delivered goes on as the event it was.
package final class FileFormatter: ChunkFormatter {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "file-1"

    private var format: RecordFormat
    private var injection: Injection?
    private let path: FilePath
    private let keys: [RecordAccessor]
    /// Whether a line may say all of its record.
    private let isWhole: Bool

    private var label = FileLabel()
    /// Counts the changes of `label`.
    private var labelNumber = 0
    /// Of the last tag: whether its path can be used.
    private var checkedTag = -1
    private var problem: FilePath.Problem?

    /// - Parameters:
    ///   - path: where the events will go: those whose path cannot be used are refused.
    ///   - keys: the chunk keys that are fields, in the order of the buffer section.
    package init(_ format: RecordFormat, injection: Injection?, path: FilePath, keys: [RecordAccessor]) {
        self.format = format
        self.injection = injection
        self.path = path
        self.keys = path.dependsOnFields ? keys : []
        isWhole = format.content == .json && injection == nil
    }

    package func format(
        _ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody
    ) {
        let fields = keys.map { Self.text(of: $0, record, rows, storage) }
        if let problem = problem(tag, fields, record) {
            rows.rejections.append(
                Rejection(record: record, kind: "Fluent::Plugin::FileOutput::PathError", reason: problem.sentence))
            return
        }
        let start = chunk.bytes.count
        let losses = chunk.bytes.lossCount
        var hasRecord = !isWhole
        if hasRecord { KeptRecord.append(record, rows, storage, to: &chunk.bytes) }
        var line = chunk.bytes.count
        var content = format.appendInjected(record, tag: tag, &injection, &rows, &storage, to: &chunk.bytes)
        if isWhole, chunk.bytes.lossCount != losses {
            hasRecord = true
            chunk.bytes.truncate(to: start)
            KeptRecord.append(record, rows, storage, to: &chunk.bytes)
            line = chunk.bytes.count
            content = format.appendInjected(record, tag: tag, &injection, &rows, &storage, to: &chunk.bytes)
        }
        format.appendNewline(to: &chunk.bytes)
        let number = labelNumber(FileLabel(hasRecord: hasRecord, headBytes: content - line, fields: fields), &chunk)
        chunk.endItem(from: start, label: number, tag: chunk.tag(tag), time: record.time)
    }

    private func labelNumber(_ made: FileLabel, _ chunk: inout ChunkBody) -> UInt32 {
        if made != label || labelNumber == 0 {
            label = made
            labelNumber += 1
        }
        return chunk.label(stamp: labelNumber) ?? chunk.label(label.bytes, stamp: labelNumber)
    }

    /// Why the record's path cannot be used. Without fields in it that depends on the tag alone, as slices of time are
    /// digits.
    private func problem(_ tag: Tag, _ fields: [[UInt8]], _ record: Record) -> FilePath.Problem? {
        if keys.isEmpty, tag.id == checkedTag { return problem }
        checkedTag = tag.id
        problem = nil
        do throws(FilePath.Problem) {
            _ = try path.filled(FilePath.Values(tag: tag.bytes, fields: fields, seconds: record.time.seconds))
        } catch {
            problem = error
        }
        return problem
    }

    private static func text(
        of key: RecordAccessor, _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer
    ) -> [UInt8] {
        guard let value = rows.value(at: key, in: record, storage) else { return [] }
        var text = ByteBuffer(capacity: 32)
        text.appendText(value, storage)
        return text.array()
    }
}

/// What events of one chunk share: how to read them back, and the values in their path.
struct FileLabel: Equatable {
    /// The record stands in front of the line.
    var hasRecord = false
    /// Of the line, before the record's own text.
    var headBytes = 0
    var fields: [[UInt8]] = []

    init(hasRecord: Bool = false, headBytes: Int = 0, fields: [[UInt8]] = []) {
        self.hasRecord = hasRecord
        self.headBytes = headBytes
        self.fields = fields
    }

    /// Flags, the bytes of the head (little-endian), then each value behind its length.
    var bytes: [UInt8] {
        var out: [UInt8] = [hasRecord ? 1 : 0]
        func append(_ number: Int) {
            for shift in [0, 8, 16, 24] { out.append(UInt8(truncatingIfNeeded: number >> shift)) }
        }
        append(headBytes)
        for field in fields {
            append(field.count)
            out += field
        }
        return out
    }

    init?(bytes: [UInt8]) {
        guard let flags = bytes.first else { return nil }
        var place = 1
        func number() -> Int? {
            guard bytes.count - place >= 4 else { return nil }
            defer { place += 4 }
            return (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
        }
        guard let head = number() else { return nil }
        (hasRecord, headBytes) = (flags & 1 != 0, head)
        while place < bytes.count {
            guard let length = number(), bytes.count - place >= length else { return nil }
            fields.append(Array(bytes[place..<(place + length)]))
            place += length
        }
    }
}

/// Where the parts of an item are that `FileFormatter` wrote.
struct FileItem {
    let record: Slice?
    let line: Slice

    init?(_ label: FileLabel, _ source: Slice, _ bytes: borrowing ByteBuffer) {
        guard label.hasRecord else {
            (record, line) = (nil, source)
            return
        }
        guard let kept = KeptRecord.slice(at: Int(source.offset), before: source.end, bytes) else { return nil }
        record = kept
        line = Slice(offset: kept.end, length: source.end - kept.end)
    }
}

/// From an item of a chunk that `FileFormatter` filled to the record that it was given.
package struct FileItemReader: ItemReader {
    package init() {}

    package func read(_ item: Int, of chunk: LoadedChunk, into storage: inout ByteBuffer, rows: inout Rows) -> Bool {
        let entry = chunk.item(item)
        guard chunk.body.labels.indices.contains(Int(entry.label)),
            let label = FileLabel(bytes: chunk.body.labels[Int(entry.label)]),
            let parts = FileItem(label, entry.source, chunk.body.bytes)
        else { return false }
        let first = rows.fields.count
        let start = storage.count
        if let record = parts.record {
            storage.append(record, of: chunk.body.bytes)
            guard
                KeptRecord.appendFields(Slice(offset: start, length: storage.count - start), storage, to: &rows)
            else { return false }
        } else {
            guard label.headBytes <= Int(parts.line.length) else { return false }
            storage.append(
                Slice(
                    offset: Int(parts.line.offset) + label.headBytes, length: Int(parts.line.length) - label.headBytes),
                of: chunk.body.bytes)
            guard
                (try? rows.appendFields(json: Slice(offset: start, length: storage.count - start), &storage)) != nil
            else { return false }
        }
        rows.records.append(Record(time: entry.time, firstField: first, fieldCount: rows.fields.count - first))
        return true
    }
}
