import Glibc

/// What is known about one of the standard descriptors: whether somebody reads along, how wide, in colour or not.
package struct Terminal: Sendable, Equatable {
    package let isTerminal: Bool
    /// Columns to write in.
    package let width: Int
    /// Whether colour is wanted: on a terminal, unless NO_COLOR is set (no-color.org) or TERM is `dumb`.
    package let allowsColour: Bool

    /// The rule itself: COLUMNS goes before what the terminal says, and 80 stands when neither speaks.
    package init(isTerminal: Bool, columns: String?, windowColumns: Int?, noColor: String?, term: String?) {
        self.isTerminal = isTerminal
        let asked = columns.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let window = windowColumns.flatMap { $0 > 0 ? $0 : nil }
        width = asked ?? window ?? 80
        allowsColour = isTerminal && (noColor ?? "").isEmpty && term != "dumb"
    }

    /// Asks about a descriptor: isatty(3), ioctl(TIOCGWINSZ) and the environment. Call it at the start, before there
    /// are threads that could change the environment.
    package init(descriptor: Int32) {
        let isTerminal = isatty(descriptor) == 1
        var window = winsize()
        // The pointer is to a local and does not leave the call.
        let known = unsafe isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0
        self.init(
            isTerminal: isTerminal, columns: Terminal.environment("COLUMNS"),
            windowColumns: known ? Int(window.ws_col) : nil, noColor: Terminal.environment("NO_COLOR"),
            term: Terminal.environment("TERM"))
    }

    package static let standardOutput = Terminal(descriptor: STDOUT_FILENO)
    package static let standardError = Terminal(descriptor: STDERR_FILENO)

    private static func environment(_ name: String) -> String? {
        // Copied at once; see the initialiser about threads.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
