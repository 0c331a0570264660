import Glibc

/// Writes each entry as one line, to standard error or to a file, from the writer's thread: whoever logs never waits.
///
/// Lines that find no room, because nobody reads or the disk is full, are dropped and counted: the log must not stop the
/// daemon. When there is room again, a line says how many.
package final class LogWriter: LogHandler {
    /// Bytes of lines that wait for a reader or a disk.
    package static let defaultLimitBytes = 1 << 20

    private let format: LogFormat
    private let coloured: Bool
    private let queue: OutputQueue
    private let writer: WriterThread

    /// To an open descriptor, which stays the caller's to close.
    package convenience init(
        descriptor: Int32, format: LogFormat = .text, coloured: Bool = false, limitBytes: Int = defaultLimitBytes,
        writer: WriterThread
    ) {
        self.init(
            OpenDescriptor(descriptor), format: format, coloured: coloured, limitBytes: limitBytes, writer: writer)
    }

    /// To standard error; the caller knows whether it is a terminal that wants colour (`Terminal.allowsColour`).
    package static func standardError(
        format: LogFormat = .text, coloured: Bool = false, writer: WriterThread
    ) -> LogWriter {
        LogWriter(descriptor: STDERR_FILENO, format: format, coloured: coloured, writer: writer)
    }

    /// To a file, created with mode 0644 and the umask, always appended to; rotated here if `rotation` asks for it.
    package convenience init(
        path: String, format: LogFormat = .text, rotation: LogRotation? = nil, writer: WriterThread
    ) throws(LogFileError) {
        let file = try LogFile(path: path, rotation: rotation)
        self.init(file, format: format, coloured: false, limitBytes: Self.defaultLimitBytes, writer: writer)
    }

    private init(
        _ target: any WriteTarget, format: LogFormat, coloured: Bool, limitBytes: Int, writer: WriterThread
    ) {
        self.format = format
        self.coloured = coloured
        self.writer = writer
        queue = OutputQueue(to: target, limitBytes: limitBytes, writer: writer) { notice in
            guard let note = LogWriter.note(on: notice) else { return [] }
            return Array(format.line(note, coloured: coloured).utf8)
        }
    }

    /// Why a file could not be opened for the log, without making it; nil when nothing stands in the way.
    package static func obstacle(path: String) -> LogFileError? { LogFile.obstacle(path: path) }

    package func handle(_ entry: LogEntry) {
        let line = format.line(entry, coloured: coloured)
        _ = queue.offer(Array(line.utf8), lines: 1, seconds: entry.time.seconds, as: .droppable)
    }

    /// Opens the file's path anew once what was logged so far is written; on failure the old one stays in use, and a line
    /// in it says so.
    package func reopen() { queue.reopen() }

    /// What the log has to say about itself.
    private static func note(on notice: OutputQueue.Notice) -> LogEntry? {
        let message: String
        switch notice {
        case .dropped(let lines, let code):
            message =
                "\(lines) log \(lines == 1 ? "line was" : "lines were") dropped: "
                + (code.map(systemReason) ?? "nobody reads")
        case .notReopened(let error): message = error.description
        // There is nowhere to say it while it lasts, and nothing is lost when it is over.
        case .failing, .recovered, .closed: return nil
        }
        return LogEntry(time: LogClock.system.wall(), level: .error, message: message)
    }
}
