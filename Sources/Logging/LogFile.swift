import Glibc

/// Why a log file could not be opened.
package struct LogFileError: Error, Equatable, CustomStringConvertible {
    package let path: String
    /// The errno.
    package let code: Int32

    package init(path: String, code: Int32) {
        self.path = path
        self.code = code
    }

    package var description: String { "cannot open log file \"\(path)\": \(systemReason(code))" }
}

/// A log file, created with mode 0644 and the umask, always appended to; rotated here if that is asked for.
///
/// `@unchecked Sendable`: made before the writer's thread knows it, and used on that thread alone from then on.
final class LogFile: WriteTarget, @unchecked Sendable {
    private(set) var descriptor: Int32
    private(set) var mayBlock: Bool
    private let path: String
    private let rotation: LogRotation?
    private var byteCount: Int64
    /// When the file was last written to, in seconds of the wall clock.
    private var lastSeconds: Int64

    init(path: String, rotation: LogRotation?) throws(LogFileError) {
        let opened = try LogFile.open(path)
        self.path = path
        self.rotation = rotation
        (descriptor, mayBlock) = (opened.descriptor, NonBlockingWrite.mayBlock(opened.descriptor))
        (byteCount, lastSeconds) = (opened.byteCount, opened.lastSeconds)
    }

    deinit { close(descriptor) }

    /// Why the path could not be opened, without making the file.
    static func obstacle(path: String) -> LogFileError? {
        // The path lives for the length of the call.
        let descriptor = unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK)
        if descriptor >= 0 { close(descriptor) }
        // ENXIO: a named pipe without a reader, which may come later.
        if descriptor >= 0 || errno == ENXIO { return nil }
        guard errno == ENOENT else { return LogFileError(path: path, code: errno) }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        return unsafe access(folder, W_OK | X_OK) == 0 ? nil : LogFileError(path: path, code: errno)
    }

    var takesSingleLines: Bool { rotation != nil }

    func prepare(adding lineBytes: Int, seconds: Int64) {
        // A note about the log itself has no time of its own.
        guard seconds != 0 else { return }
        if let rotation,
            rotation.isDue(byteCount: byteCount, adding: lineBytes, lastSeconds: lastSeconds, now: seconds)
        {
            rotation.rotate(path, lastSeconds: lastSeconds)
            // When the new file cannot be opened, the old one is written on.
            try? reopen()
        }
        lastSeconds = seconds
    }

    func wrote(_ count: Int) { byteCount += Int64(count) }

    /// Opens the path anew and closes the old descriptor; on failure the old one stays in use.
    func reopen() throws(LogFileError) {
        let fresh = try LogFile.open(path)
        close(descriptor)
        (descriptor, mayBlock) = (fresh.descriptor, NonBlockingWrite.mayBlock(fresh.descriptor))
        byteCount = fresh.byteCount
    }

    private static func open(
        _ path: String
    ) throws(LogFileError) -> (descriptor: Int32, byteCount: Int64, lastSeconds: Int64) {
        // The path lives for the length of the call.
        let descriptor = unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LogFileError(path: path, code: errno) }
        var status = stat()
        // The pointer is to a local and does not leave the call.
        guard unsafe fstat(descriptor, &status) == 0 else { return (descriptor, 0, 0) }
        return (descriptor, Int64(status.st_size), Int64(status.st_mtim.tv_sec))
    }
}
