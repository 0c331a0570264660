package import Events

/// Writes records into the chunk as the bytes that the file will have.
package final class FileFormatter: ChunkFormatter {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "file-1"

    private let lines: ItemFormatter<LineWriter>

    /// - Parameters:
    ///   - path: where the events will go: those whose path cannot be used are refused.
    ///   - keys: the chunk keys that are fields, in the order of the buffer section.
    package init(_ format: RecordFormat, injection: Injection?, path: FilePath, keys: [RecordAccessor]) {
        let keys = path.dependsOnFields ? keys : []
        lines = ItemFormatter(
            LineWriter(format, injection: injection, keys: keys) { values in
                do throws(FilePath.Problem) {
                    _ = try path.filled(values)
                    return nil
                } catch {
                    return LineWriter.Problem(
                        kind: "Fluent::Plugin::FileOutput::PathError", reason: error.sentence)
                }
            })
    }

    package func format(
        _ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody
    ) {
        lines.format(record, tag: tag, storage: &storage, rows: &rows, into: &chunk)
    }
}
