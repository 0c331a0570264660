/// A shell that completion scripts are written for.
package enum CompletionShell: String, CaseIterable, Sendable {
    case bash, zsh, fish

    /// The shell that `$SHELL` names by its path, nil when it is none of the three.
    package init?(shellPath: String) {
        self.init(rawValue: shellPath.split(separator: "/").last.map(String.init) ?? "")
    }

    /// The script that makes the shell complete the table's commands and options.
    package func script(for table: CommandTable) -> String {
        switch self {
        case .bash: BashCompletion(root: table.root).script
        case .zsh: ZshCompletion(root: table.root).script
        case .fish: FishCompletion(root: table.root).script
        }
    }
}

extension Command {
    /// What completion offers: everything that help shows.
    var completedOptions: [Option] { allOptions.filter { !$0.isHidden } }
    var completedSubcommands: [Command] { subcommands.filter { !$0.isHidden } }

    /// The names it is called by, with those of the commands above it: `send` and `cat`, `grok match`.
    func labels(below parents: [String]) -> [String] {
        let names = [name] + aliases
        return parents.isEmpty ? names : parents.flatMap { parent in names.map { "\(parent) \($0)" } }
    }

    /// This command and what is below it, with their labels, top down.
    func withDescendants(below parents: [String] = []) -> [(labels: [String], command: Command)] {
        let own = labels(below: parents)
        return [(own, self)] + completedSubcommands.flatMap { $0.withDescendants(below: own) }
    }
}
