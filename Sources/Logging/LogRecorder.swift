import Synchronization

/// Keeps entries in memory: a test runs a component with it and asks what the operator was told.
package final class LogRecorder: LogHandler {
    private let kept = Mutex<[LogEntry]>([])

    package init() {}

    package func handle(_ entry: LogEntry) { kept.withLock { $0.append(entry) } }

    /// All entries so far, in order.
    package var entries: [LogEntry] { kept.withLock { $0 } }

    /// The entries as `[warn]: message key=value`, without their time.
    package var lines: [String] {
        entries.map { entry in
            let line = LogFormat.text.line(entry)
            let start = line.firstIndex(of: "[") ?? line.startIndex
            return String(line[start...].dropLast())
        }
    }

    /// Forgets what was kept.
    package func clear() { kept.withLock { $0.removeAll() } }
}
