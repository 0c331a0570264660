/// A command with the values it was given: checked against the table, so that reading them cannot fail.
///
/// ```swift
/// let path = parsed.value(RunOptions.config)
/// let port = parsed.integer(SendOptions.port) ?? 24224
/// ```
package struct ParsedCommand: Sendable, Equatable {
    /// The command that was named, or the default one.
    package let command: Command
    /// The positional arguments, in the order of `command.arguments`.
    package let arguments: [String]
    /// One sentence for each option that was accepted without meaning.
    package let warnings: [String]
    /// Every option given, in order. Flags have an empty value.
    let given: [Given]

    struct Given: Sendable, Equatable {
        let name: String
        let value: String
    }

    /// Which command it is: `run`.
    package var name: String { command.name }

    /// Whether an option was given.
    package func has(_ option: Option) -> Bool { given.contains { $0.name == option.name } }

    /// How often an option was given: `-vv` is 2.
    package func count(_ option: Option) -> Int { given.count { $0.name == option.name } }

    /// The value of an option; the last one counts.
    package func value(_ option: Option) -> String? { given.last { $0.name == option.name }?.value }

    /// All values of a repeatable option, in order.
    package func values(_ option: Option) -> [String] { given.filter { $0.name == option.name }.map(\.value) }

    /// The value of an option of kind `.integer`.
    package func integer(_ option: Option) -> Int? { value(option).flatMap { Int($0) } }

    /// The value of an option of kind `.seconds`.
    package func seconds(_ option: Option) -> Double? { value(option).flatMap { Double($0) } }

    /// The value of an option of kind `.octal`.
    package func octal(_ option: Option) -> UInt32? { value(option).flatMap { UInt32($0, radix: 8) } }

    /// The argument at a position, nil when an optional one was left out.
    package func argument(_ index: Int) -> String? { arguments.indices.contains(index) ? arguments[index] : nil }
}

/// What a command line asks for.
package enum CommandLineRequest: Sendable, Equatable {
    case command(ParsedCommand)
    /// Help for a command (by its path below the tool's name), to standard output, exit status 0.
    case help(path: [Command], includingHidden: Bool)
    /// `--version` or `version`.
    case version
}
