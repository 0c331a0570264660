internal import Events
internal import Glibc

/// A file by its descriptor, read and written at offsets; closed with the object.
///
/// Safety: the descriptor is a number that never changes; the kernel takes calls from any thread.
final class DiskFile: Sendable {
    let path: String
    private let descriptor: Int32

    enum Use {
        case read
        case create
        /// Made where it is not there.
        case append
    }

    init(_ path: String, for use: Use) throws(ChunkStoreError) {
        let flags =
            switch use {
            case .read: O_RDONLY
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .append: O_RDWR | O_CREAT
            }
        // Other people's log lines: nobody else's to read.
        let opened = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw ChunkStoreError(call: "open", path) }
        descriptor = opened
        self.path = path
    }

    deinit { close(descriptor) }

    var byteCount: Int {
        get throws(ChunkStoreError) {
            var status = stat()
            guard unsafe fstat(descriptor, &status) == 0 else { throw ChunkStoreError(call: "stat", path) }
            return Int(status.st_size)
        }
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
                    var parts = unsafe [
                        iovec(
                            iov_base: UnsafeMutableRawPointer(mutating: first + skipped), iov_len: firstCount - skipped),
                        iovec(iov_base: UnsafeMutableRawPointer(mutating: second + rest), iov_len: secondCount - rest),
                    ]
                    return unsafe pwritev(descriptor, &parts, 2, offset + done)
                }
            }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw ChunkStoreError(call: "write", path) }
            done += written
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
                got = unsafe pread(descriptor, room, count - done, offset + done)
                return max(got, 0)
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw ChunkStoreError(call: "read", path) }
            if got == 0 { return }
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
        guard ftruncate(descriptor, count) == 0 else { throw ChunkStoreError(call: "truncate", path) }
    }

    /// Waits until everything written is on the disk.
    func sync() throws(ChunkStoreError) {
        guard fdatasync(descriptor) == 0 else { throw ChunkStoreError(call: "fdatasync", path) }
    }

    /// Whether its name still leads to it.
    var hasName: Bool {
        var (own, named) = (stat(), stat())
        let isThere = unsafe fstat(descriptor, &own) == 0 && stat(path, &named) == 0
        return isThere && own.st_ino == named.st_ino && own.st_dev == named.st_dev
    }

    /// Whether no other process, and no other part of this one, holds it; it is held until the object goes.
    func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

    /// Others may have it, before the object goes.
    func unlock() { _ = flock(descriptor, LOCK_UN) }

    /// One that is not there is removed already.
    static func remove(_ path: String) throws(ChunkStoreError) {
        if unsafe unlink(path) != 0 && errno != ENOENT { throw ChunkStoreError(call: "remove", path) }
    }

    /// In place of what has that name.
    static func move(_ path: String, to other: String) throws(ChunkStoreError) {
        guard unsafe rename(path, other) == 0 else { throw ChunkStoreError(call: "rename", path) }
    }

    /// A new name is on the disk only when its folder is. Where that cannot be done the file is there all the same.
    static func syncFolder(_ folder: String) { try? DiskFile(folder, for: .read).sync() }

    /// One that is not empty stays.
    static func removeFolder(_ folder: String) { _ = unsafe rmdir(folder) }

    /// A second name for a file, so that it is still there when its first name goes.
    static func link(_ path: String, as other: String) { _ = unsafe Glibc.link(path, other) }

    /// Makes a folder and those above it.
    static func makeFolder(_ folder: String) throws(ChunkStoreError) {
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
            path += part
            if !path.isEmpty, unsafe mkdir(path, 0o700) != 0 && errno != EEXIST {
                throw ChunkStoreError(call: "mkdir", path)
            }
            path += "/"
        }
    }

    /// The names in a folder, sorted.
    static func names(in folder: String) throws(ChunkStoreError) -> [String] {
        guard let stream = unsafe opendir(folder) else { throw ChunkStoreError(call: "open", folder) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            names.append(name)
        }
        return names.sorted()
    }
}

extension ChunkStoreError {
    /// With what the last call said, and what to do.
    fileprivate init(call: String, _ path: String) {
        let code = errno
        let advice =
            switch code {
            case ENOSPC, EDQUOT: "free space, or choose a path on another disk"
            case EACCES, EPERM, EROFS: "let the account that runs sluice write there, or choose another path"
            case EMFILE, ENFILE: "raise the limit of open files"
            default: "look at the disk, or choose another path"
            }
        self.init(unsafe "cannot \(call) \(path): \(String(cString: strerror(code))); \(advice)")
    }
}
