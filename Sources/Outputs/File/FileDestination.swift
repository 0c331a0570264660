internal import Compression
internal import Dispatch
package import Events
internal import Glibc
package import Logging
internal import Synchronization

/// `@type file`: chunks go to files as `FileFormatter` wrote them, one gzip member for each where that is asked for.
///
/// A file with a number is whole or it is not there; one that is appended to is cut back when a write fails, or when the
/// process dies on the way. What cannot be written waits in the buffer. A chunk that was written whole just before a process
/// died is written again by the next one, as by Fluentd.
package final class FileDestination: Destination {
    private let settings: FileSettings
    private let log: Log
    /// Held while a file is written: which number is free, and where a chunk's other parts went, is decided there.
    private let placed: Mutex<PlacedChunks>

    package init(_ settings: FileSettings, log: Log = .discarding) {
        self.settings = settings
        self.log = log
        placed = Mutex(PlacedChunks())
    }

    /// Makes a folder beside the files, with those around it, as the files' own are made. What cannot be made is told by
    /// whoever needs it.
    package static func makeFolder(_ folder: String, _ settings: FileSettings) {
        try? FileFolders.make(for: folder + "/", mode: settings.folderMode)
    }

    package func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: self.write(chunk, items)) }
        }
    }

    /// Blocks.
    private func write(_ chunk: LoadedChunk, _ items: ItemSet) -> DeliveryOutcome {
        var left = items
        do throws(FileError) {
            for part in try parts(chunk, items) {
                let bytes = try content(chunk, part.items)
                try placed.withLock { placed throws(FileError) in
                    let file = try write(bytes, part.path, chunk.id, &placed)
                    if part.slice >= placed.newestSlice {
                        placed.newestSlice = part.slice
                        pointLink(to: file)
                    }
                }
                left = left.subtracting(part.items)
            }
        } catch {
            let reason = Refusal(.storage, error.sentence)
            return left == items
                ? .retry(reason: reason, after: nil) : .partial(retry: left, reason: reason, rejected: [])
        }
        return .delivered
    }

    // MARK: - What goes where

    private struct Part {
        let path: FilePath.Filled
        let slice: Int64
        var items: ItemSet
    }

    /// A part for each path, in the order of its first event: nearly always one, as events that differ in a chunk key are in
    /// chunks of their own.
    private func parts(_ chunk: LoadedChunk, _ items: ItemSet) throws(FileError) -> [Part] {
        var parts: [Part] = []
        var places: [FilePath.Filled: Int] = [:]
        var last: (label: UInt32, tag: UInt32, slice: Int64)?
        var place = 0
        for item in items {
            let entry = chunk.item(item)
            let tag = settings.path.dependsOnTag ? entry.tag : 0
            let label = settings.path.dependsOnFields ? entry.label : 0
            let slice = settings.slice(entry.time.seconds)
            if last == nil || last! != (label, tag, slice) {
                last = (label, tag, slice)
                let path = try path(of: item, chunk, slice)
                place = places[path] ?? parts.count
                if place == parts.count {
                    places[path] = place
                    parts.append(Part(path: path, slice: slice, items: ItemSet()))
                }
            }
            parts[place].items.append(item)
        }
        return parts
    }

    private func path(of item: Int, _ chunk: LoadedChunk, _ slice: Int64) throws(FileError) -> FilePath.Filled {
        let label = try label(of: item, chunk)
        do throws(FilePath.Problem) {
            return try settings.path.filled(
                FilePath.Values(
                    tag: chunk.tag(of: item).bytes, fields: label.fields, seconds: slice, chunkID: chunk.id))
        } catch {
            throw FileError(sentence: error.sentence)
        }
    }

    private func label(of item: Int, _ chunk: LoadedChunk) throws(FileError) -> ItemLabel {
        guard let label = chunk.itemLabel(of: item) else {
            throw FileError(sentence: "an event cannot be read back from its chunk")
        }
        return label
    }

    private func content(_ chunk: LoadedChunk, _ items: ItemSet) throws(FileError) -> ByteBuffer {
        var out = ByteBuffer(capacity: 64 * 1024)
        var label = (number: UInt32.max, value: ItemLabel())
        for item in items {
            let entry = chunk.item(item)
            if entry.label != label.number { label = (entry.label, try self.label(of: item, chunk)) }
            guard let parts = ItemParts(label.value, entry.source, chunk.body.bytes) else {
                throw FileError(sentence: "an event cannot be read back from its chunk")
            }
            out.append(parts.body, of: chunk.body.bytes)
        }
        guard settings.isCompressed else { return out }
        var packed = ByteBuffer(capacity: out.count / 4 + 64)
        do throws(CompressionError) {
            try Gzip.compress(Slice(offset: 0, length: out.count), of: out, into: &packed)
        } catch {
            throw FileError(sentence: "cannot compress: \(error)")
        }
        return packed
    }

    /// What would be written for a chunk's first event: into the first file of its name, as text for people.
    package func preview(_ chunk: LoadedChunk) -> (path: String, line: String)? {
        guard let item = chunk.allItems.first, let part = try? parts(chunk, chunk.allItems).first,
            let label = try? label(of: item, chunk),
            let line = ItemParts(label, chunk.item(item).source, chunk.body.bytes)?.body
        else { return nil }
        var text = ByteBuffer(capacity: Int(line.length))
        text.append(line, of: chunk.body.bytes)
        while text.count > 0, [0x0A, 0x0D].contains(text[text.count - 1]) { text.truncate(to: text.count - 1) }
        text.makeSafe(from: 0) { $0 == 0x09 ? "\t" : UnsafeScalar.escape($0) }
        return (part.path.numbered(settings.appends ? nil : 0), text.text(Slice(offset: 0, length: text.count)))
    }

    // MARK: - Files

    /// Answers the file.
    private func write(
        _ bytes: borrowing ByteBuffer, _ path: FilePath.Filled, _ chunk: String, _ placed: inout PlacedChunks
    ) throws(FileError) -> String {
        let name = path.numbered(nil)
        try FileFolders.make(for: name, mode: settings.folderMode)
        if settings.appends {
            try append(bytes, to: name, mayCreate: true)
            return name
        }
        // Parts of one chunk stay in one file.
        if let file = placed.file(of: chunk, path) {
            do throws(FileError) {
                try append(bytes, to: file, mayCreate: false)
                return file
            } catch  where error.code == ENOENT {
                // Somebody has moved it away.
            }
        }
        let file = try create(bytes, path, chunk)
        placed.note(chunk, path, file)
        return file
    }

    /// The link is another one, or it stays as it was.
    private func pointLink(to file: String) {
        guard let place = settings.linkPath else { return }
        let parent = FileFolders.parent(of: place)
        let draft = (parent.isEmpty ? "" : parent == "/" ? "/" : parent + "/") + ".sluice-\(getpid()).link"
        unsafe unlink(draft)
        do throws(FileError) {
            try FileFolders.make(for: place, mode: settings.folderMode)
            let target = FileFolders.absolute(file)
            let text = settings.linkIsRelative ? FileFolders.relative(target, to: FileFolders.absolute(place)) : target
            guard unsafe symlink(text, draft) == 0, unsafe rename(draft, place) == 0 else {
                let problem = FileError("link", place)
                unsafe unlink(draft)
                throw problem
            }
        } catch {
            log.limited(.warn, "the file is written, and symlink_path does not lead to it: \(error.sentence)")
        }
    }

    /// The file gets its name when it is whole. Answers the name.
    private func create(
        _ bytes: borrowing ByteBuffer, _ path: FilePath.Filled, _ chunk: String
    ) throws(FileError) -> String {
        let parent = FileFolders.parent(of: path.numbered(nil))
        let draft = (parent.isEmpty ? "" : parent == "/" ? "/" : parent + "/") + ".sluice-\(chunk).tmp"
        defer { unsafe unlink(draft) }
        let file = try WrittenFile(draft, O_CREAT | O_TRUNC, mode: settings.fileMode)
        try file.write(bytes)
        if settings.waitsForDisk { try file.sync() }
        var number = 0
        while true {
            let name = path.numbered(number)
            if unsafe link(draft, name) == 0 {
                if settings.waitsForDisk { try FileFolders.sync(of: name) }
                return name
            }
            switch errno {
            case EEXIST: number += 1
            // File systems without hard links: the name is taken first.
            case EPERM, ENOTSUP, ENOSYS, EMLINK:
                do throws(FileError) {
                    _ = try WrittenFile(name, O_CREAT | O_EXCL, mode: settings.fileMode)
                } catch  where error.code == EEXIST {
                    number += 1
                    continue
                }
                guard unsafe rename(draft, name) == 0 else {
                    let problem = FileError("name", name)
                    unsafe unlink(name)
                    throw problem
                }
                if settings.waitsForDisk { try FileFolders.sync(of: name) }
                return name
            default: throw FileError("name", name)
            }
        }
    }

    private func append(_ bytes: borrowing ByteBuffer, to path: String, mayCreate: Bool) throws(FileError) {
        let file = try WrittenFile(path, O_APPEND | (mayCreate ? O_CREAT : 0), mode: settings.fileMode)
        // Nobody else of ours appends meanwhile.
        try file.lock()
        let mark = AppendMark(for: path)
        if let length = try mark.length(of: file.status) {
            try file.truncate(to: length)
            log.warn(
                "an earlier process had not ended what it appended to a file: cut back, it is written again",
                ["file": path, "bytes": length])
        }
        let status = try file.status
        try mark.make(status, waitsForDisk: settings.waitsForDisk)
        do throws(FileError) {
            try file.write(bytes)
            if settings.waitsForDisk {
                try file.sync()
                if status.st_size == 0 { try FileFolders.sync(of: path) }
            }
        } catch {
            // Where it cannot be cut back now, the mark stays, and the next append does it.
            try file.truncate(to: Int(status.st_size))
            mark.remove()
            throw error
        }
        mark.remove()
    }
}

/// In which files the last chunks were put: a large one is delivered in parts.
private struct PlacedChunks {
    private struct Place: Equatable {
        let chunk: String
        let path: FilePath.Filled
    }

    /// The beginning of the newest slice that was written.
    var newestSlice = Int64.min
    private var files: [(place: Place, file: String)] = []
    private static let kept = 256

    func file(of chunk: String, _ path: FilePath.Filled) -> String? {
        files.last { $0.place == Place(chunk: chunk, path: path) }?.file
    }

    mutating func note(_ chunk: String, _ path: FilePath.Filled, _ file: String) {
        files.removeAll { $0.place == Place(chunk: chunk, path: path) }
        files.append((Place(chunk: chunk, path: path), file))
        if files.count > Self.kept { files.removeFirst(files.count - Self.kept) }
    }
}
