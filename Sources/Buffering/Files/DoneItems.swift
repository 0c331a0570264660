internal import Events
internal import Synchronization

/// Which items of a chunk's file need not be sent again: a file beside it, there only while a chunk is delivered in part
/// (`FORMAT.md`, names). Safe from any thread.
final class DoneItems: Sendable {
    private let path: String
    private let disk: any Disk
    /// What the file holds. It is opened each time: chunks that wait for one item of theirs may be many.
    private let byteCount = Mutex(0)
    private static let recordBytes = 12

    init(chunkFile: String, on disk: any Disk = KernelDisk()) {
        path = chunkFile + FileBufferPath.doneEnding
        self.disk = disk
    }

    /// What stands in the file, up to the first record that is not whole.
    func read() -> ItemSet {
        var bytes = ByteBuffer(capacity: 16)
        do { bytes = try DiskFile(path, for: .read, on: disk).readAll() } catch { return ItemSet() }
        var items = ItemSet()
        var offset = 0
        while bytes.count - offset >= Self.recordBytes,
            bytes.littleEndian(at: offset + 8) == CRC32C.of(Slice(offset: offset, length: 8), bytes)
        {
            let first: UInt32 = bytes.littleEndian(at: offset)
            let number: UInt32 = bytes.littleEndian(at: offset + 4)
            items = items.union(ItemSet(Int(first)..<(Int(first) + Int(number))))
            offset += Self.recordBytes
        }
        let end = offset
        byteCount.withLock { $0 = end }
        return items
    }

    /// These too. What cannot be written is sent once more after a crash.
    func add(_ items: ItemSet) {
        var bytes = ByteBuffer(capacity: items.ranges.count * Self.recordBytes)
        for range in items.ranges {
            let start = bytes.count
            bytes.append(littleEndian: UInt32(range.lowerBound))
            bytes.append(littleEndian: UInt32(range.count))
            bytes.append(littleEndian: CRC32C.of(Slice(offset: start, length: 8), bytes))
        }
        byteCount.withLock { byteCount in
            guard let file = try? DiskFile(path, for: .append, on: disk),
                (try? file.write(bytes, at: byteCount)) != nil
            else { return }
            byteCount += bytes.count
        }
    }

    func remove() { try? DiskFile.remove(path, on: disk) }
}
