package import Events
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
    package func write(_ chunk: LoadedChunk, items: ItemSet) throws(ChunkStoreError) {
        let path = path(chunkID: chunk.id)
        let unfinished = path + ".part"
        try DiskFile.makeFolder(folder)
        try DiskFile.remove(unfinished)
        do throws(ChunkStoreError) {
            let file = try DiskFile(unfinished, for: .create)
            try writeLines(chunk, items, to: file)
            try file.sync()
            try DiskFile.move(unfinished, to: path)
        } catch {
            try? DiskFile.remove(unfinished)
            throw error
        }
        DiskFile.syncFolder(folder)
    }

    /// Takes a chunk's file back: all of it was delivered after all. Blocks.
    package func remove(chunkID: String) throws(ChunkStoreError) {
        try DiskFile.remove(path(chunkID: chunkID))
        // The last one takes the folder with it.
        DiskFile.removeFolder(folder)
    }

    private func writeLines(_ chunk: LoadedChunk, _ items: ItemSet, to file: DiskFile) throws(ChunkStoreError) {
        var offset = 0
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
            if lines.count >= 1 << 20 { try flush(&lines, to: file, &offset) }
        }
        try flush(&lines, to: file, &offset)
    }

    private func flush(_ lines: inout ByteBuffer, to file: DiskFile, _ offset: inout Int) throws(ChunkStoreError) {
        try file.write(lines, at: offset)
        offset += lines.count
        lines.clear()
    }
}
