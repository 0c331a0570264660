/// Where the parser gets its files: the disk, or a table in memory for tests and fuzzing.
package protocol FileSource: Sendable {
    /// The bytes of a file of at most `maximumBytes`.
    func read(_ path: String, maximumBytes: Int) throws(FileFailure) -> [UInt8]
    /// The names in a directory, without `.` and `..`; nil when there is no such directory.
    func entries(ofDirectory path: String) -> [String]?
    /// Whether a file or directory is there.
    func exists(_ path: String) -> Bool
    /// One spelling for one file, so that an include cycle is seen through links.
    func identity(of path: String) -> String
    /// false: nothing of the machine is to be read, whatever a configuration names; it says so where it does.
    var isRead: Bool { get }
}

extension FileSource {
    package var isRead: Bool { true }
}

/// Why a file could not be read.
package struct FileFailure: Error, Hashable {
    /// Lower-case, for the end of a sentence: `no such file or directory`.
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// Files that exist only as text.
package struct MemoryFiles: FileSource {
    private let files: [String: [UInt8]]

    /// Paths and contents.
    package init(_ files: [String: String]) {
        self.files = files.mapValues { Array($0.utf8) }
    }

    package init(bytes: [String: [UInt8]]) {
        self.files = bytes
    }

    package func read(_ path: String, maximumBytes: Int) throws(FileFailure) -> [UInt8] {
        guard let bytes = files[path] else { throw FileFailure(reason: "no such file") }
        if bytes.count > maximumBytes { throw .tooLarge(maximumBytes) }
        return bytes
    }

    package func entries(ofDirectory path: String) -> [String]? {
        let prefix = path == "." || path.isEmpty ? "" : path.hasSuffix("/") ? path : path + "/"
        var names: Set<String> = []
        for file in files.keys where file.hasPrefix(prefix) {
            let rest = file.dropFirst(prefix.count)
            if let name = rest.split(separator: "/").first, !(prefix.isEmpty && rest.hasPrefix("/")) {
                names.insert(String(name))
            }
        }
        return names.isEmpty ? nil : names.sorted()
    }

    package func exists(_ path: String) -> Bool {
        files[path] != nil || entries(ofDirectory: path) != nil
    }

    package func identity(of path: String) -> String { path }
}

extension FileFailure {
    static func tooLarge(_ maximumBytes: Int) -> FileFailure {
        FileFailure(reason: "larger than \(maximumBytes) bytes, the limit for such a file; split it")
    }
}
