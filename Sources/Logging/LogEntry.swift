/// One thing the daemon said: what a handler gets, before it is text.
package struct LogEntry: Sendable, Equatable {
    package let time: LogTime
    package let level: LogLevel
    package let message: String
    /// The component's fields first (`log.with`), then those of this line.
    package let fields: [LogField]
    /// The operator's own text of several lines (a configuration), shown indented below the message.
    package let block: String

    package init(time: LogTime, level: LogLevel, message: String, fields: [LogField] = [], block: String = "") {
        self.time = time
        self.level = level
        self.message = message
        self.fields = fields
        self.block = block
    }
}

/// Where entries go: a file descriptor (`LogWriter`), a test's memory (`LogRecorder`), or nowhere.
///
/// Called from every thread; it must not call back into the log.
package protocol LogHandler: Sendable {
    func handle(_ entry: LogEntry)
    /// Opens the destination anew, after a rotation by somebody else (SIGUSR1). Nothing to do for most.
    func reopen() throws(LogFileError)
}

extension LogHandler {
    package func reopen() throws(LogFileError) {}
}

/// Drops everything: the log of a component under test that is not asked about.
package struct LogDiscard: LogHandler {
    package init() {}
    package func handle(_ entry: LogEntry) {}
}
