/// Exit statuses of the tool.
package enum ExitStatus {
    package static let success: Int32 = 0
    /// Something went wrong while running.
    package static let failure: Int32 = 1
    /// The configuration is wrong.
    package static let configuration: Int32 = 2
    /// The command line is wrong (EX_USAGE of sysexits.h).
    package static let usage: Int32 = 64
    /// A file or standard input could not be read (EX_NOINPUT).
    package static let cannotRead: Int32 = 66
    /// Standard output could not be written (EX_IOERR).
    package static let cannotWrite: Int32 = 74
}

/// What is wrong with a command line, in one sentence; to standard error, exit status 64.
package struct UsageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `Unknown option '--x'. Did you mean '--y'?`
    package let message: String
    /// What the missing or wrong thing is for.
    package let help: String?
    /// The commands from the tool to the one that was used.
    package let path: [Command]
    /// Nothing at all was given where something is needed: show the whole help.
    package let showsWholeHelp: Bool

    init(_ message: String, help: String? = nil, path: [Command], showsWholeHelp: Bool = false) {
        self.message = message
        self.help = help
        self.path = path
        self.showsWholeHelp = showsWholeHelp
    }

    package var description: String { message }

    /// The error with what to do about it, ending in a newline.
    package func text(width: Int = 80) -> String {
        let tool = path.map(\.name).joined(separator: " ")
        var text = "Error: \(message)\n"
        if let help { text += "Help:  \(help)\n" }
        if showsWholeHelp { return text + "\n" + HelpText(path: path, width: width).text }
        text += "Usage: \(HelpText(path: path, width: width).usage)\n"
        return text + "  See '\(tool) --help' for more information.\n"
    }
}
