internal import Events
internal import Glibc
internal import Logging

/// Why a file could not be written, for the operator.
struct FileError: Error {
    let sentence: String
    let code: Int32

    init(_ what: String, _ path: String, _ code: Int32 = errno) {
        sentence = "cannot \(what) \(path): \(systemReason(code))"
        self.code = code
    }

    init(sentence: String) {
        self.sentence = sentence
        code = 0
    }
}

/// An open file that is written to, and closed with this value.
struct WrittenFile: ~Copyable {
    let path: String
    private let descriptor: Int32

    /// - Parameter mode: of a new file; nil: 0644 less the umask. Given, it is what the file has.
    init(_ path: String, _ flags: Int32, mode: UInt32?) throws(FileError) {
        self.path = path
        // A fifo in the file's place must not make it wait for a reader.
        descriptor = unsafe open(path, flags | O_WRONLY | O_CLOEXEC | O_NONBLOCK, mode ?? 0o644)
        guard descriptor >= 0 else { throw FileError("open", path) }
        if let mode, flags & O_CREAT != 0, (try? status.st_size) == 0 { fchmod(descriptor, mode) }
    }

    deinit { close(descriptor) }

    var status: stat {
        get throws(FileError) {
            var status = stat()
            // The pointer is to a local and does not leave the call.
            guard unsafe fstat(descriptor, &status) == 0 else { throw FileError("look at", path) }
            return status
        }
    }

    /// Waits, not for ever, until no other process has the file locked.
    func lock() throws(FileError) {
        for _ in 0..<Self.lockTries {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw FileError("lock", path) }
            usleep(Self.lockMicroseconds)
        }
        throw FileError(sentence: "another process keeps \(path) locked")
    }

    private static let lockTries = 200
    private static let lockMicroseconds: UInt32 = 10_000

    func write(_ bytes: borrowing ByteBuffer) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let rest = Slice(offset: done, length: bytes.count - done)
            // Reads within the buffer, which stays for the call.
            let count = unsafe bytes.withUnsafeBytes(rest) { start, length in
                unsafe Glibc.write(descriptor, start, length)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw FileError("write", path) }
            done += count
        }
    }

    func truncate(to length: Int) throws(FileError) {
        guard ftruncate(descriptor, length) == 0 else { throw FileError("cut back", path) }
    }

    func sync() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw FileError("sync", path) }
    }
}

/// A path's folders.
enum FileFolders {
    /// Makes those that are missing.
    static func make(for path: String, mode: UInt32?) throws(FileError) {
        let parent = parent(of: path)
        if parent.isEmpty { return }
        // Most often it is there.
        if unsafe access(parent, F_OK) == 0 { return }
        var folder = ""
        for part in parent.split(separator: "/", omittingEmptySubsequences: false) {
            folder += part
            if !folder.isEmpty {
                if unsafe mkdir(folder, mode ?? 0o755) == 0 {
                    if let mode { unsafe chmod(folder, mode) }
                } else if errno != EEXIST {
                    throw FileError("make", folder)
                }
            }
            folder += "/"
        }
    }

    /// Empty for a name alone.
    static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ""
    }

    /// The same place, wherever somebody stands who reads it.
    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let folder = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(folder) }
        return unsafe String(cString: folder) + "/" + path
    }

    /// How an absolute path is named from the folder in which another one's last name stands: `../out/log`.
    static func relative(_ path: String, to place: String) -> String {
        let (names, folders) = (path.split(separator: "/"), place.split(separator: "/").dropLast())
        var shared = 0
        while shared < names.count - 1, shared < folders.count, names[shared] == folders[shared] { shared += 1 }
        return (Array(repeating: Substring(".."), count: folders.count - shared) + names[shared...]).joined(
            separator: "/")
    }

    /// Brings the names in the folder of a path onto the disk.
    static func sync(of path: String) throws(FileError) {
        let parent = parent(of: path)
        let folder = parent.isEmpty ? "." : parent
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError("sync", folder) }
    }
}
