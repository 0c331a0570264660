import Glibc

/// Finds and reads pattern files.
enum PatternFolder {
    /// A pattern file beyond it is refused: the shipped ones have under 64 KiB.
    static let maximumFileBytes = 16 << 20

    /// The folder that holds `legacy/` and `ecs-v1/`: beside the program, in its share folder, in the repository the
    /// program was built in, or installed for the system; nil when there is none.
    static func find() -> String? {
        var candidates: [String] = []
        if let executable = executablePath() {
            var folder = parent(executable)
            candidates += [folder + "/patterns", folder + "/../share/sluice/patterns"]
            while folder.count > 1 {
                folder = parent(folder)
                candidates.append(folder + "/patterns")
            }
        }
        candidates.append("/usr/share/sluice/patterns")
        return candidates.first { isFolder($0 + "/legacy") && isFolder($0 + "/ecs-v1") }
    }

    private static func executablePath() -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe buffer.withUnsafeMutableBytes { bytes in
            guard let path = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return 0 }
            return unsafe readlink("/proc/self/exe", path, bytes.count)
        }
        return length > 0 ? String(decoding: buffer.prefix(length), as: UTF8.self) : nil
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private static func mode(_ path: String) -> mode_t? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode : nil
    }

    private static func isFolder(_ path: String) -> Bool { mode(path).map { $0 & S_IFMT == S_IFDIR } ?? false }

    private static func failure(_ path: String) -> PatternLibraryError {
        PatternLibraryError(path: path, reason: unsafe String(cString: strerror(errno)))
    }

    /// The file itself, or the files of a folder sorted by name; hidden ones and folders inside are passed over.
    static func files(at path: String) throws(PatternLibraryError) -> [String] {
        guard let kind = mode(path) else { throw failure(path) }
        guard kind & S_IFMT == S_IFDIR else { return [path] }
        guard let folder = unsafe opendir(path) else { throw failure(path) }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            // d_name is a NUL-terminated array inside the entry, which stays valid until the next readdir.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    unsafe String(cString: $0)
                }
            }
            if !name.hasPrefix("."), !isFolder(path + "/" + name) { names.append(name) }
        }
        return names.sorted().map { path + "/" + $0 }
    }

    /// What tells that a file is the same as before.
    struct FileState: Equatable, Sendable {
        let path: String
        let inode: UInt64
        let size: Int
        let seconds: Int
        let nanoseconds: Int
    }

    /// The files of a folder as they are now.
    static func state(of path: String) throws(PatternLibraryError) -> [FileState] {
        var states: [FileState] = []
        for file in try files(at: path) {
            var status = stat()
            guard unsafe stat(file, &status) == 0 else { throw failure(file) }
            states.append(
                FileState(
                    path: file, inode: UInt64(status.st_ino), size: Int(status.st_size),
                    seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec)))
        }
        return states
    }

    static func text(of file: String) throws(PatternLibraryError) -> String {
        let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(file) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(file)
            }
            if count == 0 { break }
            bytes.append(contentsOf: chunk.prefix(count))
            if bytes.count > maximumFileBytes {
                throw PatternLibraryError(
                    path: file, reason: "it has more than \(maximumFileBytes) bytes; split the file")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PatternLibraryError(path: file, reason: "it is not valid UTF-8; save it as UTF-8")
        }
        return text
    }
}
