import ConfigFile
import Events
import Glibc
import Logging
import Pipeline

/// The files that `sluice dead-letters` and `sluice replay` are given.
enum KeptFiles {
    /// A file that cannot be read, in a sentence.
    struct Failure: Error {
        let sentence: String
    }

    /// Where the daemon of this account keeps its dead letters, unless `root_dir` says otherwise.
    static var standardFolder: String? { StateDirectory.found().map { "\($0)/dead-letters" } }

    /// Files as they are, and of a folder all that are in it or in folders below, in the order of their names.
    static func expand(_ path: String) -> [String] {
        guard let names = DiskFiles().entries(ofDirectory: path) else { return [path] }
        return names.filter { !$0.hasPrefix(".") }.sorted().flatMap { expand("\(path)/\($0)") }
    }

    static func open(_ path: String) throws(Failure) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        return descriptor
    }

    /// Calls `body` with each line, without its newline.
    static func eachLine(of path: String, _ body: (borrowing ByteBuffer) -> Void) throws(Failure) {
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
