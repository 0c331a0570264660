internal import Compression
internal import Dispatch
package import Events
internal import Glibc
internal import Logging

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
            do throws(WriteError) {
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

    private func content(_ chunk: LoadedChunk, _ items: ItemSet) throws(WriteError) -> [UInt8] {
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
                throw WriteError(sentence: "an event cannot be read back from its chunk")
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
        guard settings.isCompressed else { return out.array() }
        var packed = ByteBuffer(capacity: out.count / 4 + 64)
        do throws(CompressionError) {
            try Gzip.compress(Slice(offset: 0, length: out.count), of: out, into: &packed)
        } catch {
            throw WriteError(sentence: "cannot compress: \(error)")
        }
        return packed.array()
    }

    // MARK: - Files

    private struct WriteError: Error {
        let sentence: String
    }

    private func write(_ bytes: [UInt8], to path: String) throws(WriteError) {
        try makeFolder(of: path)
        let suffix = settings.isCompressed ? ".gz" : ""
        if settings.appends { return try append(bytes, to: path + suffix) }
        var number = 0
        while true {
            let name = "\(path).\(number)\(suffix)"
            let descriptor = unsafe open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if descriptor < 0 && errno == EEXIST {
                number += 1
                continue
            }
            guard descriptor >= 0 else { throw failure("open", name) }
            defer { close(descriptor) }
            do throws(WriteError) {
                return try writeAll(bytes, descriptor, name)
            } catch {
                unsafe unlink(name)
                throw error
            }
        }
    }

    private func append(_ bytes: [UInt8], to name: String) throws(WriteError) {
        let descriptor = unsafe open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", name) }
        defer { close(descriptor) }
        // Nobody else of ours appends meanwhile.
        flock(descriptor, LOCK_EX)
        let end = lseek(descriptor, 0, SEEK_END)
        do throws(WriteError) {
            try writeAll(bytes, descriptor, name)
        } catch {
            ftruncate(descriptor, end)
            throw error
        }
    }

    private func writeAll(_ bytes: [UInt8], _ descriptor: Int32, _ name: String) throws(WriteError) {
        var done = 0
        while done < bytes.count {
            // Reads within the array, which stays for the call.
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("write", name) }
            done += count
        }
        guard fsync(descriptor) == 0 else { throw failure("sync", name) }
    }

    private func makeFolder(of path: String) throws(WriteError) {
        var folder = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
            folder += part
            if !folder.isEmpty, unsafe mkdir(folder, 0o755) != 0, errno != EEXIST { throw failure("make", folder) }
            folder += "/"
        }
    }

    private func failure(_ what: String, _ path: String) -> WriteError {
        WriteError(sentence: "cannot \(what) \(path): \(systemReason(errno))")
    }
}
