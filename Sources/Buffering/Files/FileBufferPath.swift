/// `path` of a file buffer: where its files are and what they are called (Fluentd's `buf_file.rb`, and `FORMAT.md`, names).
package struct FileBufferPath: Sendable, Equatable {
    package let folder: String
    /// In front of a chunk's name, and behind it.
    let prefix: String
    let suffix: String

    static let ending = ".chunk"
    static let doneEnding = ".done"
    static let corruptEnding = ".corrupt"

    /// - Parameters:
    ///   - path: as written: a folder, or a name with `.*` where the chunk's name goes.
    ///   - pathSuffix: `path_suffix`.
    ///   - isFolder: whether a folder of this name exists; nil: nothing does.
    package init(_ path: String, pathSuffix: String = ".log", isFolder: Bool?) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let name = String(path.split(separator: "/").last ?? "")
        if isFolder ?? !path.contains(".*") {
            path += "/buffer.*\(pathSuffix)"
        } else if name.contains(".*.") {
            // As it is.
        } else if name.hasSuffix(".*") {
            path += pathSuffix
        } else {
            path += ".*\(pathSuffix)"
        }
        let slash = path.lastIndex(of: "/")
        folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let file = slash.map { path[path.index(after: $0)...] } ?? path[...]
        let star = file.lastIndex(of: "*") ?? file.endIndex
        prefix = String(file[..<star])
        suffix = star < file.endIndex ? String(file[file.index(after: star)...]) : ""
    }

    func file(ofChunk id: String) -> String { "\(folder)/\(prefix)s\(id)\(suffix)\(Self.ending)" }

    /// Held while a process works on the files.
    var lockFile: String { "\(folder)/\(prefix.hasSuffix(".") ? prefix : prefix + ".")lock" }

    /// The chunk whose file it is; nil: another file.
    func chunk(ofFile name: String) -> String? {
        let ending = suffix + Self.ending
        guard name.hasPrefix(prefix + "s"), name.hasSuffix(ending) else { return nil }
        let id = name.dropFirst(prefix.count + 1).dropLast(ending.count)
        guard id.utf8.count == 32, id.utf8.allSatisfy({ isHexDigit($0) }) else { return nil }
        return String(id)
    }

    /// The chunk that Fluentd keeps in a file of this name: `b` while it is filled, `q` when it waits.
    func fluentdChunk(ofFile name: String) -> String? {
        guard name.hasPrefix(prefix + "b") || name.hasPrefix(prefix + "q"), name.hasSuffix(suffix) else { return nil }
        let id = name.dropFirst(prefix.count + 1).dropLast(suffix.count)
        return !id.isEmpty && id.utf8.allSatisfy({ isHexDigit($0) }) ? String(id) : nil
    }

    private func isHexDigit(_ letter: UInt8) -> Bool {
        (0x30...0x39).contains(letter) || (0x61...0x66).contains(letter)
    }
}
