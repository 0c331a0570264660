package import Events
package import Logging
internal import Synchronization
internal import Time

/// Chunks in files (`FORMAT.md`): what is acknowledged outlives the process, and memory holds only what is being written
/// and sent.
package final class FileChunkStore: ChunkStore {
    private let path: FileBufferPath
    private let format: String
    /// For chunks that are not formatted yet: Fluentd's own.
    private let makeFormatter: @Sendable () -> any ChunkFormatter
    private let log: Log
    private let disk: any Disk
    private let lock: DiskFile
    private let isReleased = Atomic<Bool>(false)
    private let openFiles = OpenFiles()
    private let syncer: FileSyncer?

    /// Makes the folder and takes the lock.
    ///
    /// - Parameters:
    ///   - format: which formatter's items the chunks hold, with its version.
    ///   - waitsForDisk: `durability power`.
    ///   - fsyncIntervalSeconds: `fsync_interval`.
    ///   - makeFormatter: a formatter of the output's.
    package convenience init(
        _ path: FileBufferPath, format: String, waitsForDisk: Bool = false, fsyncIntervalSeconds: Double = 0, log: Log,
        makeFormatter: @escaping @Sendable () -> any ChunkFormatter
    ) throws(ChunkStoreError) {
        let syncer =
            waitsForDisk
            ? FileSyncer(
                folder: path.folder, intervalSeconds: fsyncIntervalSeconds, log: log, on: KernelDisk(),
                start: FileSyncer.thread()) : nil
        try self.init(path, format: format, on: KernelDisk(), syncer, log: log, makeFormatter: makeFormatter)
    }

    init(
        _ path: FileBufferPath, format: String, on disk: any Disk, _ syncer: FileSyncer?, log: Log,
        makeFormatter: @escaping @Sendable () -> any ChunkFormatter
    ) throws(ChunkStoreError) {
        self.disk = disk
        self.syncer = syncer
        self.makeFormatter = makeFormatter
        self.path = path
        self.format = format
        self.log = log
        try DiskFile.makeFolder(path.folder, on: disk)
        lock = try Self.takeLock(path.lockFile, on: disk)
    }

    /// Whoever had the file removes it when nothing is left: a lock counts on the file that has the name.
    private static func takeLock(_ path: String, on disk: any Disk) throws(ChunkStoreError) -> DiskFile {
        while true {
            let file = try DiskFile(path, for: .append, on: disk)
            guard file.lock() else {
                throw ChunkStoreError(
                    "\(path) is held by another sluice, or by another output: give each buffer a path of its own")
            }
            if file.hasName { return file }
        }
    }

    var isOnDisk: Bool { true }

    func makeWriter(id: String, _ key: ChunkKey) -> any ChunkWriter {
        FileChunkWriter(
            path: path.file(ofChunk: id),
            head: ChunkFileHead(format: format, createdAt: Clock.now().seconds, key: key), on: disk,
            openFiles: openFiles, syncer: syncer)
    }

    func release() {
        // A second time it may be another's.
        if isReleased.exchange(true, ordering: .relaxed) { return }
        let names = (try? DiskFile.names(in: path.folder, on: disk)) ?? []
        if !names.contains(where: { path.chunk(ofFile: $0) != nil }) { try? DiskFile.remove(path.lockFile, on: disk) }
        lock.unlock()
    }

    /// What an earlier process left, the oldest first. Blocks.
    func recover() throws(ChunkStoreError) -> [SealedChunk] {
        var chunks: [SealedChunk] = []
        let names = try DiskFile.names(in: path.folder, on: disk)
        removeDone(names)
        nameSingles(names)
        for name in names {
            do throws(ChunkStoreError) {
                if let id = path.chunk(ofFile: name) {
                    if let chunk = try recover(id) { chunks.append(chunk) }
                } else if let id = path.fluentdChunk(ofFile: name) {
                    if let chunk = try takeOver(id, "\(path.folder)/\(name)") { chunks.append(chunk) }
                }
            } catch {
                log.error(
                    "a chunk of the buffer cannot be taken up; it stays where it is", ["reason": error.description])
            }
        }
        // Names begin with the time, Fluentd's too.
        return chunks.sorted { $0.id < $1.id }
    }

    /// Chunks of Fluentd's `file_single` say neither their events' tag, when the key is a field, nor that it is one.
    private func nameSingles(_ names: [String]) {
        let singles = names.filter { $0.hasPrefix("fsb.") && $0.hasSuffix(".buf") }
        guard let first = singles.min() else { return }
        log.warn(
            "chunks of Fluentd's file_single are not taken up; they stay where they are: let Fluentd deliver them",
            ["files": singles.count, "first": "\(path.folder)/\(first)"])
    }

    /// A crash between the two leaves what was done of a chunk that is not there any more.
    private func removeDone(_ names: [String]) {
        let present = Set(names)
        for name in names where name.hasSuffix(FileBufferPath.doneEnding) {
            let chunk = String(name.dropLast(FileBufferPath.doneEnding.utf8.count))
            guard !present.contains(chunk), path.chunk(ofFile: chunk) != nil || path.fluentdChunk(ofFile: chunk) != nil
            else { continue }
            try? DiskFile.remove("\(path.folder)/\(name)", on: disk)
        }
    }

    private func takeOver(_ id: String, _ path: String) throws(ChunkStoreError) -> SealedChunk? {
        // Fluentd has not written anything into it yet.
        if try DiskFile(path, for: .read, on: disk).byteCount == 0 { return nil }
        return takeUp(id, .none, try FluentdChunkContents(path: path, id: id, makeFormatter: makeFormatter))
    }

    /// A chunk of which nothing is left to send goes.
    private func takeUp(_ id: String, _ key: ChunkKey, _ contents: some ChunkContents) -> SealedChunk? {
        guard contents.parts.contains(where: { !$0.isEmpty }) else {
            contents.remove()
            return nil
        }
        return SealedChunk(id: id, key: key, contents)
    }

    private func recover(_ id: String) throws(ChunkStoreError) -> SealedChunk? {
        let path = path.file(ofChunk: id)
        let file = try DiskFile(path, for: .append, on: disk)
        let size = try file.byteCount
        var front = ByteBuffer(capacity: 4096)
        try file.read(at: 0, count: min(size, 4096), into: &front)
        if case .broken = ChunkFileHead.read(front), size > front.count {
            try file.read(at: front.count, count: min(size, ChunkFileHead.maximumBytes) - front.count, into: &front)
        }
        switch ChunkFileHead.read(front) {
        case .broken:
            if size == 0 {
                try? DiskFile.remove(path, on: disk)
            } else {
                log.error("not a chunk file any more; moved aside", ["file": path + FileBufferPath.corruptEnding])
                try DiskFile.move(path, to: path + FileBufferPath.corruptEnding, on: disk)
            }
            DoneItems(chunkFile: path, on: disk).remove()
            return nil
        case .otherVersion:
            log.error("a chunk file of another version of sluice; it stays where it is", ["file": path])
            return nil
        case .head(let head, let headBytes):
            guard head.format == format else {
                log.error(
                    "a chunk that another kind of output has written; it stays where it is",
                    ["file": path, "format": head.format, "expected": format])
                return nil
            }
            if let (end, dataEnd) = try Self.end(file, size) { return chunk(id, head, end, dataEnd) }
            return try recoverFrames(id, head, headBytes, file, size)
        }
    }

    private func chunk(_ id: String, _ head: ChunkFileHead, _ end: ChunkEnd, _ dataEnd: Int) -> SealedChunk? {
        takeUp(
            id, head.key,
            FileChunkContents(
                id: id, path: path.file(ofChunk: id), end: end, dataEnd: dataEnd, takesUp: true, on: disk, syncer))
    }

    /// The end frame, and where it begins.
    private static func end(_ file: DiskFile, _ size: Int) throws(ChunkStoreError) -> (ChunkEnd, Int)? {
        guard size >= 8 else { return nil }
        var last = ByteBuffer(capacity: 8)
        try file.read(at: size - 8, count: 8, into: &last)
        guard last.count == 8, last.littleEndian(at: 4) == ChunkFrame.endMark else { return nil }
        let payload = Int(last.littleEndian(at: 0, as: UInt32.self))
        let start = size - payload - ChunkFrame.headerBytes
        guard start > 0 else { return nil }
        var frame = ByteBuffer(capacity: size - start)
        try file.read(at: start, count: size - start, into: &frame)
        guard let header = ChunkFrame.header(at: 0, frame), header.isEnd, header.payloadBytes == payload,
            ChunkFrame.isWhole(header, at: 0, frame),
            let end = ChunkEnd(payloadAt: ChunkFrame.headerBytes, count: payload, frame)
        else { return nil }
        return (end, start)
    }

    /// A file without an end: what a crash has left of it.
    private func recoverFrames(
        _ id: String, _ head: ChunkFileHead, _ headBytes: Int, _ file: DiskFile, _ size: Int
    ) throws(ChunkStoreError) -> SealedChunk? {
        let path = path.file(ofChunk: id)
        let front = try ChunkFront(file, from: headBytes, size: size)
        if front.endOffset < size {
            var rest = ByteBuffer(capacity: size - front.endOffset)
            try file.read(at: front.endOffset, count: size - front.endOffset, into: &rest)
            // Whole frames behind something that is none: not the torn end of a crash.
            if !ChunkScan(rest, from: 0).frames.isEmpty { return try rescue(path, head, headBytes, file) }
        }
        guard front.end.itemCount > 0 else {
            try? DiskFile.remove(path, on: disk)
            DoneItems(chunkFile: path, on: disk).remove()
            return nil
        }
        if front.endOffset < size {
            log.warn(
                "the last batch of a chunk was not whole; it was never acknowledged",
                ["file": path, "bytes": size - front.endOffset])
        }
        // Neither is needed to send it: a full disk must not keep it here.
        if (try? file.truncate(to: front.endOffset)) != nil { try? front.end.write(to: file, at: front.endOffset) }
        return chunk(id, head, front.end, front.endOffset)
    }

    /// The whole frames of a corrupt file, in one of their own.
    private func rescue(
        _ old: String, _ head: ChunkFileHead, _ headBytes: Int, _ file: DiskFile
    ) throws(ChunkStoreError) -> SealedChunk? {
        let all = try file.readAll()
        let freshID = ChunkID.next()
        let fresh = try DiskFile(path.file(ofChunk: freshID), for: .create, on: disk)
        var out = ByteBuffer(capacity: all.count)
        var end = ChunkEnd()
        out.append(Slice(offset: 0, length: headBytes), of: all)
        for (offset, header) in ChunkScan(all, from: headBytes).frames {
            end.note(frameAt: out.count, items: header.itemCount, byteCount: header.payloadBytes)
            out.append(Slice(offset: offset, length: header.frameBytes), of: all)
        }
        let dataEnd = out.count
        ChunkFrame.appendEnd(end, to: &out)
        do throws(ChunkStoreError) {
            try fresh.write(out, at: 0)
            // Else a power cut could leave neither of them.
            if syncer != nil {
                try fresh.sync()
                try DiskFile(self.path.folder, for: .read, on: disk).sync()
            }
            try DiskFile.move(old, to: old + FileBufferPath.corruptEnding, on: disk)
        } catch {
            try? DiskFile.remove(fresh.path, on: disk)
            throw error
        }
        DoneItems(chunkFile: old, on: disk).remove()
        log.error(
            "a chunk file is corrupt: moved aside; what is whole in it is sent",
            ["file": old + FileBufferPath.corruptEnding, "events": end.itemCount])
        return chunk(freshID, head, end, dataEnd)
    }
}

/// How many files a store keeps open between two batches.
final class OpenFiles: Sendable {
    private let count = Atomic<Int>(0)
    private static let maximum = 64

    func take() -> Bool {
        if count.wrappingAdd(1, ordering: .relaxed).newValue <= Self.maximum { return true }
        giveBack()
        return false
    }

    func giveBack() { count.wrappingSubtract(1, ordering: .relaxed) }
}
