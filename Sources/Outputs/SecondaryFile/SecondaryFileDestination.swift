internal import Compression
internal import Dispatch
package import Events
internal import Glibc

/// `<secondary> @type secondary_file`: what the destination did not take goes to files, as Fluentd writes them: the chunk's
/// events as MessagePack arrays `[time, record]` one after the other, in one gzip member where that is asked for.
///
/// `DIRECTORY/BASENAME.N` is the first of these names that is free; with `append` it is `DIRECTORY/BASENAME`. A file is
/// whole, and on the disk, or it is not there; one that is appended to is cut back when a write fails.
package final class SecondaryFileDestination: Destination {
    private let settings: SecondaryFileSettings
    private let reader: any ItemReader

    package init(_ settings: SecondaryFileSettings, reader: any ItemReader) {
        self.settings = settings
        self.reader = reader
    }

    package func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: self.write(chunk, items)) }
        }
    }

    /// Blocks.
    private func write(_ chunk: LoadedChunk, _ items: ItemSet) -> DeliveryOutcome {
        var left = items
        for (path, part) in parts(chunk, items) {
            do throws(FileError) {
                try write(try content(chunk, part), to: path)
            } catch {
                let reason = Refusal(.storage, error.sentence)
                return left == items
                    ? .retry(reason: reason, after: nil) : .partial(retry: left, reason: reason, rejected: [])
            }
            left = left.subtracting(part)
        }
        return .delivered
    }

    /// A part for each path, in the order of its first event.
    private func parts(_ chunk: LoadedChunk, _ items: ItemSet) -> [(path: String, items: ItemSet)] {
        guard settings.dependsOnTag else { return [(settings.path(tag: "", chunk: chunk.id), items)] }
        var parts: [(path: String, items: ItemSet)] = []
        var places: [String: Int] = [:]
        for item in items {
            let path = settings.path(tag: chunk.tag(of: item).text, chunk: chunk.id)
            let place = places[path] ?? parts.count
            if place == parts.count {
                places[path] = place
                parts.append((path, ItemSet()))
            }
            parts[place].items.append(item)
        }
        return parts
    }

    private func content(_ chunk: LoadedChunk, _ items: ItemSet) throws(FileError) -> ByteBuffer {
        var out = ByteBuffer(capacity: 64 * 1024)
        var storage = ByteBuffer()
        var rows = Rows(fieldCapacity: 64)
        var kept = ByteBuffer()
        var scratch = ByteBuffer()
        for item in items {
            storage.clear()
            rows.clear()
            kept.clear()
            guard reader.read(item, of: chunk, into: &storage, rows: &rows), let record = rows.records.last else {
                throw FileError(sentence: "an event cannot be read back from its chunk")
            }
            out.appendMessagePack(arrayCount: 2)
            if record.time.nanoseconds == 0 {
                out.appendMessagePack(record.time.seconds)
            } else {
                out.appendMessagePack(record.time)
            }
            KeptRecord.append(record, rows, storage, to: &kept)
            if let slice = KeptRecord.slice(at: 0, before: kept.count, kept) {
                KeptRecord.appendMessagePack(slice, kept, to: &out, &scratch)
            }
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

    // MARK: - Files

    private func write(_ bytes: borrowing ByteBuffer, to path: String) throws(FileError) {
        try FileFolders.make(for: path, mode: nil)
        let suffix = settings.isCompressed ? ".gz" : ""
        if settings.appends { return try append(bytes, to: path + suffix) }
        var number = 0
        while true {
            let name = "\(path).\(number)\(suffix)"
            do throws(FileError) {
                let file = try WrittenFile(name, O_CREAT | O_EXCL, mode: 0o600)
                do throws(FileError) {
                    try file.write(bytes)
                    try file.sync()
                    return
                } catch {
                    unsafe unlink(name)
                    throw error
                }
            } catch  where error.code == EEXIST {
                number += 1
            }
        }
    }

    private func append(_ bytes: borrowing ByteBuffer, to name: String) throws(FileError) {
        let file = try WrittenFile(name, O_CREAT | O_APPEND, mode: 0o600)
        // Nobody else of ours appends meanwhile.
        try file.lock()
        let end = try file.status.st_size
        do throws(FileError) {
            try file.write(bytes)
            try file.sync()
        } catch {
            try file.truncate(to: Int(end))
            throw error
        }
    }
}
