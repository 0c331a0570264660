import Glibc
import Synchronization

/// Why a log file could not be opened.
package struct LogFileError: Error, Equatable, CustomStringConvertible {
    package let path: String
    /// The errno.
    package let code: Int32

    package init(path: String, code: Int32) {
        self.path = path
        self.code = code
    }

    package var description: String { "cannot open log file \"\(path)\": \(reason)" }
}

/// Writes each entry as one line with one write(2), to standard error or to a file opened for appending, so that lines
/// of several threads and processes never mix.
///
/// A line that cannot be written (disk full, closed pipe) is dropped and counted: the log must not stop the daemon.
/// The next line that can be written is preceded by the count.
package final class LogWriter: LogHandler {
    private struct State: ~Copyable {
        var descriptor: Int32
        var byteCount: Int64
        /// When the file was last written to, in seconds of the wall clock.
        var lastSeconds: Int64 = 0
        var lostLines = 0
        var lastError: Int32 = 0
    }

    /// The file, or nil for a descriptor that was given.
    package let path: String?
    private let format: LogFormat
    private let coloured: Bool
    private let rotation: LogRotation?
    private let state: Mutex<State>

    /// To an open descriptor, which stays the caller's to close.
    package init(descriptor: Int32, format: LogFormat = .text, coloured: Bool = false) {
        path = nil
        self.format = format
        self.coloured = coloured
        rotation = nil
        state = Mutex(State(descriptor: descriptor, byteCount: 0))
    }

    /// To standard error; the caller knows whether it is a terminal that wants colour (`Terminal.allowsColour`).
    package static func standardError(format: LogFormat = .text, coloured: Bool = false) -> LogWriter {
        LogWriter(descriptor: STDERR_FILENO, format: format, coloured: coloured)
    }

    /// To a file, created with mode 0644 and the umask, always appended to; rotated here if `rotation` asks for it.
    package init(path: String, format: LogFormat = .text, rotation: LogRotation? = nil) throws(LogFileError) {
        let file = try LogWriter.open(path)
        self.path = path
        self.format = format
        coloured = false
        self.rotation = rotation
        state = Mutex(file)
    }

    deinit {
        guard path != nil else { return }
        state.withLock { _ = close($0.descriptor) }
    }

    package func handle(_ entry: LogEntry) {
        let line = format.line(entry, coloured: coloured)
        state.withLock { state in
            if let path, let rotation,
                rotation.isDue(
                    byteCount: state.byteCount, adding: line.utf8.count, lastSeconds: state.lastSeconds,
                    now: entry.time.seconds)
            {
                rotation.rotate(path, lastSeconds: state.lastSeconds)
                // When the new file cannot be opened, the old one is written on.
                try? LogWriter.reopen(path, &state)
            }
            state.lastSeconds = entry.time.seconds
            if state.lostLines > 0 {
                let error = LogFileError(path: path ?? "", code: state.lastError)
                let note = LogEntry(
                    time: entry.time, level: .error, message: "log lines were lost",
                    fields: [LogField("count", state.lostLines), LogField("error", error.reason)])
                guard LogWriter.write(format.line(note, coloured: coloured), to: &state) else {
                    state.lostLines += 1
                    return
                }
                state.lostLines = 0
            }
            if !LogWriter.write(line, to: &state) { state.lostLines += 1 }
        }
    }

    /// Opens the file's path anew and closes the old descriptor; on failure the old one stays in use.
    package func reopen() throws(LogFileError) {
        guard let path else { return }
        try state.withLock { state throws(LogFileError) in try LogWriter.reopen(path, &state) }
    }

    private static func reopen(_ path: String, _ state: inout State) throws(LogFileError) {
        let fresh = try open(path)
        _ = close(state.descriptor)
        state.descriptor = fresh.descriptor
        state.byteCount = fresh.byteCount
    }

    private static func open(_ path: String) throws(LogFileError) -> State {
        // The path lives for the length of the call.
        let descriptor = unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LogFileError(path: path, code: errno) }
        var status = stat()
        // The pointer is to a local and does not leave the call.
        guard unsafe fstat(descriptor, &status) == 0 else { return State(descriptor: descriptor, byteCount: 0) }
        return State(
            descriptor: descriptor, byteCount: Int64(status.st_size), lastSeconds: Int64(status.st_mtim.tv_sec))
    }

    /// One write(2); more only when the kernel took a part. False when the line is lost.
    private static func write(_ line: String, to state: inout State) -> Bool {
        let bytes = Array(line.utf8)
        var offset = 0
        while offset < bytes.count {
            let start = offset
            // The array outlives the call and the count is what is left of it.
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(state.descriptor, buffer.baseAddress.map { unsafe $0 + start }, buffer.count - start)
            }
            if count < 0 {
                if errno == EINTR { continue }
                state.lastError = errno
                return false
            }
            offset += count
            state.byteCount += Int64(count)
        }
        return true
    }
}

extension LogFileError {
    /// The system's words for the code.
    package var reason: String {
        // strerror's text is static or thread-local; it is copied before anything else can run on this thread.
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}
