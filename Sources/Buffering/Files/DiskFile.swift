internal import Events
internal import Glibc

/// A file by its descriptor, read and written at offsets; closed with the object.
///
/// Safety: the descriptor is a number that never changes; the kernel takes calls from any thread.
final class DiskFile: Sendable {
    let path: String
    private let disk: any Disk
    private let descriptor: Int

    enum Use {
        case read
        case create
        /// Made where it is not there.
        case append
    }

    init(_ path: String, for use: Use, on disk: any Disk = KernelDisk()) throws(ChunkStoreError) {
        let flags =
            switch use {
            case .read: O_RDONLY
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .append: O_RDWR | O_CREAT
            }
        descriptor = try ChunkStoreError.check(disk.open(path, flags: flags), "open", path)
        self.path = path
        self.disk = disk
    }

    deinit { disk.close(descriptor) }

    var byteCount: Int {
        get throws(ChunkStoreError) { try ChunkStoreError.check(disk.byteCount(descriptor), "stat", path) }
    }

    /// Writes all of both, one behind the other.
    func write(
        _ head: borrowing ByteBuffer, _ body: borrowing ByteBuffer, at offset: Int
    ) throws(ChunkStoreError) {
        let total = head.count + body.count
        var done = 0
        while done < total {
            let written = unsafe head.withUnsafeBytes(Slice(offset: 0, length: head.count)) { first, firstCount in
                unsafe body.withUnsafeBytes(Slice(offset: 0, length: body.count)) { second, secondCount in
                    let skipped = min(done, firstCount)
                    let rest = done - skipped
                    return unsafe disk.write(
                        descriptor, UnsafeRawBufferPointer(start: first + skipped, count: firstCount - skipped),
                        UnsafeRawBufferPointer(start: second + rest, count: secondCount - rest), at: offset + done)
                }
            }
            if written == -Int(EINTR) { continue }
            // A disk that takes nothing, and says nothing against it, is full.
            done += try ChunkStoreError.check(written == 0 ? -Int(ENOSPC) : written, "write", path)
        }
    }

    func write(_ bytes: borrowing ByteBuffer, at offset: Int) throws(ChunkStoreError) {
        try write(bytes, ByteBuffer(capacity: 0), at: offset)
    }

    /// Appends so many bytes of the file to the buffer; fewer where it ends before.
    func read(at offset: Int, count: Int, into buffer: inout ByteBuffer) throws(ChunkStoreError) {
        var done = 0
        while done < count {
            var got = 0
            unsafe buffer.appendUnsafe(room: count - done) { room in
                got = unsafe disk.read(
                    descriptor, into: UnsafeMutableRawBufferPointer(start: room, count: count - done),
                    at: offset + done)
                return max(got, 0)
            }
            if got == -Int(EINTR) { continue }
            if try ChunkStoreError.check(got, "read", path) == 0 { return }
            done += got
        }
    }

    /// All of the file.
    func readAll() throws(ChunkStoreError) -> ByteBuffer {
        let count = try byteCount
        var bytes = ByteBuffer(capacity: count)
        try read(at: 0, count: count, into: &bytes)
        return bytes
    }

    func truncate(to count: Int) throws(ChunkStoreError) {
        _ = try ChunkStoreError.check(disk.truncate(descriptor, to: count), "truncate", path)
    }

    /// Waits until everything written is on the disk; of a folder, the names in it.
    func sync() throws(ChunkStoreError) { _ = try ChunkStoreError.check(disk.sync(descriptor), "fdatasync", path) }

    /// Whether its name still leads to it.
    var hasName: Bool { disk.isFile(descriptor, at: path) }

    /// Whether no other process, and no other part of this one, holds it; it is held until the object goes.
    func lock() -> Bool { disk.lock(descriptor) == 0 }

    /// Others may have it, before the object goes.
    func unlock() { disk.unlock(descriptor) }

    /// One that is not there is removed already.
    static func remove(_ path: String, on disk: any Disk = KernelDisk()) throws(ChunkStoreError) {
        let answer = disk.remove(path)
        if answer != -Int(ENOENT) { _ = try ChunkStoreError.check(answer, "remove", path) }
    }

    /// In place of what has that name.
    static func move(_ path: String, to other: String, on disk: any Disk = KernelDisk()) throws(ChunkStoreError) {
        _ = try ChunkStoreError.check(disk.rename(path, to: other), "rename", path)
    }

    /// A new name is on the disk only when its folder is. Where that cannot be done the file is there all the same.
    static func syncFolder(_ folder: String) { try? DiskFile(folder, for: .read).sync() }

    /// One that is not empty stays.
    static func removeFolder(_ folder: String) { _ = KernelDisk().removeFolder(folder) }

    /// A second name for a file, so that it is still there when its first name goes; false: it has none.
    static func link(_ path: String, as other: String, on disk: any Disk = KernelDisk()) -> Bool {
        [0, -Int(EEXIST)].contains(disk.link(path, as: other))
    }

    /// Makes a folder and those above it.
    static func makeFolder(_ folder: String, on disk: any Disk = KernelDisk()) throws(ChunkStoreError) {
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
            path += part
            if !path.isEmpty {
                let answer = disk.makeFolder(path)
                if answer != -Int(EEXIST) { _ = try ChunkStoreError.check(answer, "mkdir", path) }
            }
            path += "/"
        }
    }

    /// The names in a folder, sorted.
    static func names(in folder: String, on disk: any Disk = KernelDisk()) throws(ChunkStoreError) -> [String] {
        var names: [String] = []
        _ = try ChunkStoreError.check(disk.names(in: folder, &names), "open", folder)
        return names.sorted()
    }
}

extension ChunkStoreError {
    /// What a call answered; an error says what it was, and what to do.
    fileprivate static func check(_ answer: Int, _ call: String, _ path: String) throws(ChunkStoreError) -> Int {
        if answer >= 0 { return answer }
        let code = Int32(-answer)
        let advice =
            switch code {
            case ENOSPC, EDQUOT: "free space, or choose a path on another disk"
            case EACCES, EPERM, EROFS: "let the account that runs sluice write there, or choose another path"
            case EMFILE, ENFILE: "raise the limit of open files"
            default: "look at the disk, or choose another path"
            }
        throw ChunkStoreError(unsafe "cannot \(call) \(path): \(String(cString: strerror(code))); \(advice)")
    }
}
