package import Events
internal import Glibc

/// The last resort for events that nobody takes: a file of JSON lines,
/// `<directory>/backup/worker0/<plugin id>/<chunk id>.log`, where Fluentd puts them.
package struct ChunkBackup: Sendable {
    private let folder: String

    package init(directory: String, pluginID: String) {
        let forbidden = Set(" \"/\\:;|*<>?".utf8)
        let safe = String(
            decoding: pluginID.utf8.map { forbidden.contains($0) ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
        folder = "\(directory)/backup/worker0/\(safe)"
    }

    package func path(of chunk: SealedChunk) -> String { "\(folder)/\(chunk.id).log" }

    /// Appends the items' bytes, each on its line, and waits until they are on the disk. Blocks.
    package func write(_ chunk: SealedChunk, items: ItemSet) throws(ChunkBackupError) {
        let path = path(of: chunk)
        try makeFolders()
        var lines = ByteBuffer(capacity: 64 * 1024)
        for item in items {
            let source = chunk.body.items[item].source
            lines.append(source, of: chunk.body.bytes)
            if lines.isEmpty || lines[lines.count - 1] != 0x0A { lines.append(0x0A) }
        }
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw ChunkBackupError("open", path) }
        defer { close(file) }
        var offset = 0
        while offset < lines.count {
            let slice = Slice(offset: offset, length: lines.count - offset)
            let written = unsafe lines.withUnsafeBytes(slice) { bytes, count in unsafe Glibc.write(file, bytes, count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw ChunkBackupError("write", path) }
            offset += written
        }
        guard fdatasync(file) == 0 else { throw ChunkBackupError("fdatasync", path) }
    }

    private func makeFolders() throws(ChunkBackupError) {
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
            path += part
            if !path.isEmpty, unsafe mkdir(path, 0o755) != 0 && errno != EEXIST {
                throw ChunkBackupError("mkdir", path)
            }
            path += "/"
        }
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
