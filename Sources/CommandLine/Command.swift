/// A command line that shows what a command is for; a test parses each one.
package struct Example: Sendable, Equatable {
    /// As typed in a shell, possibly behind a pipe: the part from the tool's name on is parsed by the test.
    package let line: String
    package let meaning: String

    package init(_ line: String, _ meaning: String) {
        self.line = line
        self.meaning = meaning
    }
}

/// A command of the tool: an entry of the one table that parsing, help, completion and man page read.
package struct Command: Sendable, Equatable {
    package let name: String
    package let aliases: [String]
    /// One sentence.
    package let abstract: String
    /// Paragraphs, separated by blank lines; wrapped when shown.
    package let discussion: String
    package let examples: [Example]
    package let arguments: [Argument]
    package let options: [Option]
    package let subcommands: [Command]
    /// The subcommand that runs when none is named.
    package let defaultSubcommand: String?
    package let isHidden: Bool

    package init(
        _ name: String, aliases: [String] = [], _ abstract: String, discussion: String = "", examples: [Example] = [],
        arguments: [Argument] = [], options: [Option] = [], subcommands: [Command] = [],
        defaultSubcommand: String? = nil, isHidden: Bool = false
    ) {
        self.name = name
        self.aliases = aliases
        self.abstract = abstract
        self.discussion = discussion
        self.examples = examples
        self.arguments = arguments
        self.options = options
        self.subcommands = subcommands
        self.defaultSubcommand = defaultSubcommand
        self.isHidden = isHidden
    }

    /// The subcommand of that name or alias.
    package func subcommand(_ name: String) -> Command? {
        subcommands.first { $0.name == name || $0.aliases.contains(name) }
    }

    /// The options every command has.
    package static let builtInOptions: [Option] = [
        Option("version", "Show the version."),
        Option("help", short: "h", "Show help information."),
        Option("help-hidden", "Show help information, with hidden options and commands.", isHidden: true),
    ]

    /// Own options, then the built-in ones.
    package var allOptions: [Option] { options + Command.builtInOptions }
}
