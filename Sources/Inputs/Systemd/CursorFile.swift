internal import Events
internal import Glibc

/// The position in a journal on disk, `{"journal":"s=…;i=…"}`, as Fluentd's `<storage> @type local` writes it. A file
/// with a cursor alone (`pos_file` of older plugins) is read, too.
final class CursorFile {
    let path: String

    /// Makes the folders above it.
    init(_ path: String) throws(PositionFile.Failure) {
        self.path = path
        try PositionFile.makeFolders(above: path)
    }

    /// nil: there is none yet.
    func read() throws(PositionFile.Failure) -> String? {
        let text = try PositionFile.read(path)
        let trimmed = text.filter { !$0.isWhitespace }
        guard trimmed.hasPrefix("{") else { return trimmed.isEmpty ? nil : trimmed }
        var storage = ByteBuffer(capacity: 512)
        var rows = Rows(fieldCapacity: 16)
        storage.append(text)
        guard (try? rows.appendFields(json: Slice(offset: 0, length: storage.count), &storage)) != nil else {
            throw PositionFile.Failure(description: "\(path) is no JSON object")
        }
        let record = Record(time: EventTime(seconds: 0, nanoseconds: 0), firstField: 0, fieldCount: rows.fields.count)
        guard let place = rows.find(Array("journal".utf8), in: record, storage) else { return nil }
        var cursor = ByteBuffer(capacity: 256)
        cursor.appendText(rows.fields[place].value, storage)
        return cursor.text(Slice(offset: 0, length: cursor.count))
    }

    /// Whole under another name, then renamed: whatever ends the process leaves the old file or the new one.
    func write(_ cursor: String) throws(PositionFile.Failure) {
        var out = ByteBuffer(capacity: 256)
        out.append("{\"journal\":")
        out.appendJSONString(cursor)
        out.append("}")
        let temporary = path + ".new"
        let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw PositionFile.failure("write", temporary) }
        let bytes = out.array()
        let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
        let isWritten = written == bytes.count
        Glibc.close(file)
        guard isWritten, unsafe rename(temporary, path) == 0 else { throw PositionFile.failure("write", path) }
    }
}
