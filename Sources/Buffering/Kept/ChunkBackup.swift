package import Events
internal import KeptEvents

/// What a stop could not deliver: a file for each chunk, `<state directory>/backup/worker0/<output>/<chunk id>.log`, as
/// Fluentd places its own. `EventLines` says what is in it.
package struct ChunkBackup: Sendable {
    package let folder: String
    private let reader: any ItemReader
    private let cause: KeptCause

    /// - Parameters:
    ///   - directory: the state directory.
    ///   - output: what the lines call the output.
    ///   - outputFolder: the output's name, as one part of a path.
    package init(directory: String, output: String, outputFolder: String, reader: any ItemReader) {
        folder = "\(directory)/backup/worker0/\(outputFolder)"
        cause = KeptCause(
            output: output, type: Refusal.Kind.stopping.rawValue, reason: "the daemon stopped before it was delivered")
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
        var lines = EventLines(reader)
        for item in items {
            lines.append(item, of: chunk, cause)
            if lines.bytes.count >= 1 << 20 { try flush(&lines, to: file, &offset) }
        }
        try flush(&lines, to: file, &offset)
    }

    private func flush(_ lines: inout EventLines, to file: DiskFile, _ offset: inout Int) throws(ChunkStoreError) {
        try file.write(lines.bytes, at: offset)
        offset += lines.bytes.count
        lines.clear()
    }
}
