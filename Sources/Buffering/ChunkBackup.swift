package import Events
internal import Glibc
internal import Time

/// The last resort for events that nobody takes: a file for each chunk,
/// `<directory>/backup/worker0/<output>/<chunk id>.log`, in the place where Fluentd puts its own.
///
/// Each line is a whole event, with all that is needed to send it again:
/// ```
/// {"tag":"service.post","time":"2019-12-17T17:55:04.123456789+00:00","record":{"event":"find_all_posts"}}
/// ```
package struct ChunkBackup: Sendable {
    package let folder: String
    private let reader: any ItemReader

    /// - Parameters:
    ///   - directory: `root_dir`.
    ///   - outputFolder: the output's name, as one part of a path.
    package init(directory: String, outputFolder: String, reader: any ItemReader) {
        folder = "\(directory)/backup/worker0/\(outputFolder)"
        self.reader = reader
    }

    package func path(chunkID: String) -> String { "\(folder)/\(chunkID).log" }

    /// Writes the items' events, in place of what the chunk's file held, and waits until they are on the disk. Blocks.
    package func write(_ chunk: LoadedChunk, items: ItemSet) throws(ChunkBackupError) {
        let path = path(chunkID: chunk.id)
        let unfinished = path + ".part"
        try makeFolders()
        // Other people's log lines: nobody else's to read.
        let file = unsafe open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw ChunkBackupError("open", unfinished) }
        do throws(ChunkBackupError) {
            defer { close(file) }
            try writeLines(chunk, items, to: file, unfinished)
            guard fdatasync(file) == 0 else { throw ChunkBackupError("fdatasync", unfinished) }
        } catch {
            _ = unsafe unlink(unfinished)
            throw error
        }
        guard unsafe rename(unfinished, path) == 0 else { throw ChunkBackupError("rename", unfinished) }
        syncFolder()
    }

    /// Takes a chunk's file back: all of it was delivered after all. Blocks.
    package func remove(chunkID: String) throws(ChunkBackupError) {
        let path = path(chunkID: chunkID)
        if unsafe unlink(path) != 0 && errno != ENOENT { throw ChunkBackupError("unlink", path) }
        // The last one takes the folder with it; one that is not empty stays.
        _ = unsafe rmdir(folder)
    }

    private func writeLines(
        _ chunk: LoadedChunk, _ items: ItemSet, to file: Int32, _ path: String
    ) throws(ChunkBackupError) {
        var lines = ByteBuffer(capacity: 64 * 1024)
        var storage = ByteBuffer(capacity: 4096)
        var rows = Rows(fieldCapacity: 64)
        var times = TimeWriter(.iso8601(fractionDigits: 9), offset: 0)
        for item in items {
            storage.clear()
            rows.clear()
            let entry = chunk.item(item)
            lines.append("{\"tag\":")
            lines.appendJSONString(chunk.tag(of: item).bytes)
            lines.append(",\"time\":\"")
            times.write(entry.time, to: &lines)
            lines.append("\",\"record\":")
            if reader.read(item, of: chunk, into: &storage, rows: &rows), let record = rows.records.last {
                lines.appendJSONObject(record, rows, storage)
            } else {
                // Better the output's own bytes than nothing.
                lines.append("{\"unreadable\":")
                lines.appendJSONString(chunk.body.bytes.array(entry.source))
                lines.append("}")
            }
            lines.append("}\n")
            if lines.count >= 1 << 20 { try flush(&lines, to: file, path) }
        }
        try flush(&lines, to: file, path)
    }

    private func flush(_ lines: inout ByteBuffer, to file: Int32, _ path: String) throws(ChunkBackupError) {
        var offset = 0
        while offset < lines.count {
            let slice = Slice(offset: offset, length: lines.count - offset)
            let written = unsafe lines.withUnsafeBytes(slice) { bytes, count in unsafe Glibc.write(file, bytes, count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw ChunkBackupError("write", path) }
            offset += written
        }
        lines.clear()
    }

    private func makeFolders() throws(ChunkBackupError) {
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
            path += part
            if !path.isEmpty, unsafe mkdir(path, 0o700) != 0 && errno != EEXIST {
                throw ChunkBackupError("mkdir", path)
            }
            path += "/"
        }
    }

    /// A new name is on the disk only when its folder is. Where that cannot be done the file is there all the same.
    private func syncFolder() {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// A backup file could not be written.
package struct ChunkBackupError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ call: String, _ path: String) {
        let code = errno
        description =
            unsafe "cannot \(call) \(path): \(String(cString: strerror(code))); free space or choose another root_dir"
    }
}
