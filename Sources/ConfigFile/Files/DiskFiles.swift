import Glibc

/// The file system.
package struct DiskFiles: FileSource {
    package init() {}

    package func read(_ path: String, maximumBytes: Int) throws(FileFailure) -> [UInt8] {
        // Opening a fifo waits for a writer: not before it is known to be none. What stands below /dev was meant
        // (/dev/stdin, /dev/fd/63 of a shell's `<(…)`).
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw Self.failure() }
        let kind = status.st_mode & S_IFMT
        if kind == S_IFDIR { throw FileFailure(reason: "is a directory") }
        if kind != S_IFREG, !path.hasPrefix("/dev/") { throw FileFailure(reason: "is no regular file") }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            // Safe: the kernel writes at most the block's own size.
            let count = unsafe block.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure()
            }
            if count == 0 { return bytes }
            bytes += block[..<count]
            if bytes.count > maximumBytes { throw .tooLarge(maximumBytes) }
        }
    }

    package func entries(ofDirectory path: String) -> [String]? {
        guard let directory = unsafe opendir(path.isEmpty ? "." : path) else { return nil }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            // Safe: readdir ends the name with a zero byte inside the entry, which lives until the next call.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    package func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    package func identity(of path: String) -> String {
        // Safe: realpath with no buffer returns memory that is ours to free.
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    private static func failure() -> FileFailure {
        let code = errno
        // Safe: strerror's text is copied before any other call can change it.
        let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return FileFailure(reason: text.prefix(1).lowercased() + text.dropFirst())
    }
}
