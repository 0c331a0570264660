internal import ConfigFile
package import Events
internal import Glibc
internal import Logging

/// The files of events that nobody took, as `sluice dead-letters`, `sluice replay` and the monitor read them.
package enum KeptFiles {
    /// A file that cannot be read, in a sentence.
    package struct Failure: Error {
        package let sentence: String
    }

    /// Where the daemon of this account keeps its dead letters, unless `root_dir` says otherwise.
    package static var standardFolder: String? { StateDirectory.found().map(folder(in:)) }

    /// Where a daemon with this state directory keeps them.
    static func folder(in stateDirectory: String) -> String { "\(stateDirectory)/dead-letters" }

    /// Files as they are, and of a folder all that are in it or in folders below, in the order of their names.
    package static func expand(_ path: String) -> [String] {
        guard let names = DiskFiles().entries(ofDirectory: path) else { return [path] }
        return names.filter { !$0.hasPrefix(".") }.sorted().flatMap { expand("\(path)/\($0)") }
    }

    package static func open(_ path: String) throws(Failure) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        return descriptor
    }

    /// Calls `body` with each line, without its newline.
    package static func eachLine(of path: String, _ body: (borrowing ByteBuffer) -> Void) throws(Failure) {
        let descriptor = try open(path)
        defer { close(descriptor) }
        var line = ByteBuffer(capacity: 4096)
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // Reads within the array.
            let count = unsafe read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { break }
            for byte in piece[..<count] {
                if byte != 0x0A {
                    line.append(byte)
                    continue
                }
                body(line)
                line.clear()
            }
        }
        if !line.isEmpty { body(line) }
    }

    private static func failure(_ what: String, _ path: String) -> Failure {
        Failure(sentence: "cannot \(what) \(path): \(systemReason(errno))")
    }
}
