import CommandLine
import ConfigFile
import Glibc

/// Files of cases, and what they name.
enum CaseFiles {
    /// A larger one is refused.
    private static let maximumBytes = 16 << 20

    /// Those of the folder `tests` here.
    static func found() -> [String] { expand("tests") }

    /// A folder stands for the YAML files in it.
    static func expand(_ path: String) -> [String] {
        guard let entries = DiskFiles().entries(ofDirectory: path) else { return path == "tests" ? [] : [path] }
        return entries.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted().map { "\(path)/\($0)" }
    }

    static func read(_ path: String) throws(TestCommand.Failure) -> [UInt8] {
        do throws(FileFailure) {
            return try DiskFiles().read(path, maximumBytes: maximumBytes)
        } catch {
            throw TestCommand.Failure(
                description: "cannot read \(path): \(error.reason)", status: ExitStatus.cannotRead)
        }
    }

    /// A path that a file of cases names.
    static func path(_ name: String, beside file: String) -> String {
        if name.hasPrefix("/") { return name }
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        // Stages are named by the paths of their files: `a/tests/../b` would be another one than `a/b`.
        var parts: [Substring] = []
        for part in (folder + name).split(separator: "/", omittingEmptySubsequences: false) {
            if part == "..", let last = parts.last, last != "..", !last.isEmpty {
                parts.removeLast()
            } else if part != "." {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }

    static func configuration(of file: String, _ given: String?) throws(TestCommand.Failure) -> String {
        if let given { return path(given, beside: file) }
        for name in ["fluent.conf", "../fluent.conf"] {
            let candidate = path(name, beside: file)
            if DiskFiles().exists(candidate) { return candidate }
        }
        throw TestCommand.Failure(
            description: "\(file): there is no fluent.conf beside it or one folder up; name one with 'config'",
            status: ExitStatus.configuration)
    }

    /// In place of the old text: another file first, so that a full disk costs nothing.
    static func write(_ text: String, to path: String) throws(TestCommand.Failure) {
        let bytes = Array(text.utf8)
        let fresh = path + ".new"
        let descriptor = unsafe open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        var done = 0
        while descriptor >= 0, done < bytes.count {
            // Within the array.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
            }
            if count <= 0 { break }
            done += count
        }
        let isWritten = descriptor >= 0 && close(descriptor) == 0 && done == bytes.count
        guard isWritten, unsafe rename(fresh, path) == 0 else {
            _ = unsafe unlink(fresh)
            throw TestCommand.Failure(description: "\(path) cannot be written", status: ExitStatus.cannotWrite)
        }
    }
}
