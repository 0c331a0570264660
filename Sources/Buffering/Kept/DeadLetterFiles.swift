package import Events
package import KeptEvents
internal import Synchronization

/// Events that nobody will try to deliver again: refused for good, or out of retries. They wait in files for people.
///
/// ```
/// <state directory>/dead-letters/<output>/0000000001.ndjson   the oldest
///                                         0000000002.ndjson   the newest is appended to
/// ```
/// `EventLines` says what is in a line; a call's lines are on the disk when it returns, or none of them is there. A file
/// that would grow beyond a thirty-second of the limit is followed by the next number. All files of an output together take at
/// most `dead_letter_limit_size`: the oldest ones go, and whoever calls is told how many events were in them.
///
/// The newest file is locked while it is written (`flock`), so that two processes with one folder take different files.
/// Nothing is kept open or remembered between calls: files may be moved away at any time.
package final class DeadLetterFiles: Sendable {
    package let folder: String
    package let limitBytes: Int
    private let fileBytes: Int
    private let reader: any ItemReader
    /// One call at a time.
    private let turn = Mutex(())

    package static let fileSuffix = ".ndjson"
    private static let largestFileBytes = 256 << 20
    /// What is written at a time; a single event may be more.
    private let portionBytes: Int

    /// - Parameters:
    ///   - directory: the state directory.
    ///   - outputFolder: the output's name, as one part of a path.
    ///   - limitBytes: `dead_letter_limit_size`.
    package init(directory: String, outputFolder: String, limitBytes: Int, reader: any ItemReader) {
        folder = "\(directory)/dead-letters/\(outputFolder)"
        self.limitBytes = limitBytes
        fileBytes = min(max(limitBytes / 32, 4096), Self.largestFileBytes)
        portionBytes = min(fileBytes, 1 << 20)
        self.reader = reader
    }

    /// What became of other events for these.
    package struct Outcome: Sendable, Equatable {
        /// Events of the oldest files, which had to go.
        package var droppedEvents = 0
        /// Items that are larger than the limit, each alone.
        package var tooLarge = 0
    }

    /// Writes the items' events. Blocks until they are on the disk.
    package func write(
        _ chunk: LoadedChunk, items: ItemSet, cause: (_ item: Int) -> KeptCause
    ) throws(ChunkStoreError) -> Outcome {
        // Typed errors do not pass a lock's closure.
        let result = turn.withLock { _ in
            Result { () throws(ChunkStoreError) in try writeInTurn(chunk, items, cause) }
        }
        return try result.get()
    }

    private func writeInTurn(
        _ chunk: LoadedChunk, _ items: ItemSet, _ cause: (Int) -> KeptCause
    ) throws(ChunkStoreError) -> Outcome {
        try DiskFile.makeFolder(folder)
        var writing = try Writing(self)
        do throws(ChunkStoreError) {
            var lines = EventLines(reader)
            for item in items {
                let start = lines.bytes.count
                lines.append(item, of: chunk, cause(item))
                if lines.bytes.count - start > limitBytes - portionBytes {
                    lines.takeBack(to: start)
                    writing.outcome.tooLarge += 1
                }
                if lines.bytes.count >= portionBytes { try writing.append(&lines) }
            }
            try writing.append(&lines)
            try writing.sync()
        } catch {
            writing.undo()
            throw error
        }
        DiskFile.syncFolder(folder)
        return writing.outcome
    }

    /// One call's way through the files.
    private struct Writing {
        let letters: DeadLetterFiles
        var outcome = Outcome()
        /// The last one is written to; the others are not on the disk yet. All stay locked.
        private var files: [(number: Int, file: DiskFile)]
        private var offset: Int
        /// What the files take, by number: looked at once a call.
        private var sizes: [Int: Int]
        /// Where it began, and which files it has made: all that is undone when it fails.
        private let first: (file: DiskFile, offset: Int)
        private var made: [String] = []

        init(_ letters: DeadLetterFiles) throws(ChunkStoreError) {
            self.letters = letters
            sizes = try letters.sizes()
            let (number, file) = try letters.open(from: sizes.keys.max() ?? 1)
            var offset = try file.byteCount
            // A line that a crash cut short stays a line of its own.
            if offset > 0 {
                var last = ByteBuffer(capacity: 1)
                try file.read(at: offset - 1, count: 1, into: &last)
                if last.count == 1, last[0] != 0x0A {
                    var newline = ByteBuffer(capacity: 1)
                    newline.append(0x0A)
                    try file.write(newline, at: offset)
                    offset += 1
                }
            }
            (files, self.offset, first) = ([(number, file)], offset, (file, offset))
        }

        mutating func append(_ lines: inout EventLines) throws(ChunkStoreError) {
            if lines.bytes.isEmpty { return }
            var (number, file) = files[files.count - 1]
            while offset > 0 && offset + lines.bytes.count > letters.fileBytes {
                (number, file) = try letters.open(from: number + 1)
                files.append((number, file))
                offset = try file.byteCount
                if offset == 0 { made.append(file.path) }
            }
            try makeRoom(for: lines.bytes.count, before: number)
            try file.write(lines.bytes, at: offset)
            offset += lines.bytes.count
            sizes[number] = offset
            lines.clear()
        }

        /// Removes the oldest files until so many bytes more fit.
        private mutating func makeRoom(for bytes: Int, before current: Int) throws(ChunkStoreError) {
            var total = sizes.values.reduce(0, +)
            guard total + bytes > letters.limitBytes else { return }
            for (number, size) in sizes.sorted(by: { $0.key < $1.key })
            where total + bytes > letters.limitBytes && number < current {
                // One that is moved away meanwhile takes no room; one that somebody else writes to stays.
                if let own = files.first(where: { $0.number == number })?.file {
                    outcome.droppedEvents += try letters.lineCount(own)
                } else if let other = try? DiskFile(letters.path(number), for: .read) {
                    guard other.lock() else { continue }
                    outcome.droppedEvents += try letters.lineCount(other)
                }
                try DiskFile.remove(letters.path(number))
                files.removeAll { $0.number == number }
                sizes[number] = nil
                total -= size
            }
        }

        func sync() throws(ChunkStoreError) { for (_, file) in files { try file.sync() } }

        func undo() {
            for path in made { try? DiskFile.remove(path) }
            try? first.file.truncate(to: first.offset)
        }
    }

    // MARK: - Files

    private func path(_ number: Int) -> String {
        let digits = String(number)
        return "\(folder)/\(String(repeating: "0", count: max(10 - digits.utf8.count, 0)))\(digits)\(Self.fileSuffix)"
    }

    /// What the files there are take, by number.
    private func sizes() throws(ChunkStoreError) -> [Int: Int] {
        var sizes: [Int: Int] = [:]
        for name in try DiskFile.names(in: folder) where name.hasSuffix(Self.fileSuffix) {
            guard let number = Int(name.dropLast(Self.fileSuffix.utf8.count)), number > 0, number < Int.max else {
                continue
            }
            // One that is moved away meanwhile takes no room.
            if let bytes = try? DiskFile(path(number), for: .read).byteCount { sizes[number] = bytes }
        }
        return sizes
    }

    /// The file of that number, or of the next that nobody else writes to.
    private func open(from number: Int) throws(ChunkStoreError) -> (number: Int, file: DiskFile) {
        var number = number
        while true {
            let file = try DiskFile(path(number), for: .append)
            if file.lock() { return (number, file) }
            number += 1
        }
    }

    private func lineCount(_ file: DiskFile) throws(ChunkStoreError) -> Int {
        var (offset, lines) = (0, 0)
        var bytes = ByteBuffer(capacity: 1 << 16)
        while true {
            bytes.clear()
            try file.read(at: offset, count: 1 << 16, into: &bytes)
            if bytes.isEmpty { return lines }
            for index in 0..<bytes.count where bytes[index] == 0x0A { lines += 1 }
            offset += bytes.count
        }
    }
}
