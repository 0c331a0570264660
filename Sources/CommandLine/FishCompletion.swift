/// Completion for fish: one `complete` line for each command and option.
struct FishCompletion {
    let root: Command

    var script: String {
        let name = root.name
        let subcommands = root.completedSubcommands
        let all = subcommands.flatMap { [$0.name] + $0.aliases }.joined(separator: " ")
        var lines = [
            "# fish completion for \(name), printed by '\(name) completion fish'", "complete -c \(name) -f",
            "function __\(name)_configuration",
            "    set -l words (commandline -opc)",
            "    for index in (seq (count $words))",
            "        contains -- $words[$index] -c --config; and echo $words[(math $index + 1)]",
            "    end",
            "end",
        ]
        for command in subcommands {
            lines.append(
                "complete -c \(name) -n 'not __fish_seen_subcommand_from \(all)' -a \(command.name) -d \(quoted(command.abstract))"
            )
        }
        for command in subcommands { describe(command, within: [], all: all, &lines) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The options and arguments of a command, and its subcommands. `within`: the conditions of the commands above it.
    private func describe(_ command: Command, within: [String], all: String, _ lines: inout [String]) {
        let name = root.name
        let labels = ([command.name] + command.aliases).joined(separator: " ")
        let seen = (within + ["__fish_seen_subcommand_from \(labels)"]).joined(separator: "; and ")
        let isDefault = within.isEmpty && command.name == root.defaultSubcommand
        let condition = isDefault ? "\(seen); or not __fish_seen_subcommand_from \(all)" : seen
        let inner = command.completedSubcommands
        let names = inner.flatMap { [$0.name] + $0.aliases }.joined(separator: " ")
        for subcommand in inner {
            lines.append(
                "complete -c \(name) -n '\(seen); and not __fish_seen_subcommand_from \(names)' -a \(subcommand.name)"
                    + " -d \(quoted(subcommand.abstract))")
        }
        for subcommand in inner {
            describe(subcommand, within: within + ["__fish_seen_subcommand_from \(labels)"], all: all, &lines)
        }
        guard inner.isEmpty else { return }
        for option in command.completedOptions {
            var line = "complete -c \(name) -n '\(condition)'"
            if let long = option.long { line += " -l \(long)" }
            if let short = option.short { line += " -s \(short)" }
            if case .required(_, let kind) = option.value { line += " -x\(values(kind))" }
            lines.append(line + " -d \(quoted(option.abstract))")
        }
        let argument =
            command.name == "help"
            ? ValueKind.choice(root.completedSubcommands.map(\.name)) : command.arguments.last?.kind
        if let argument, argument != .text { lines.append("complete -c \(name) -n '\(seen)'\(values(argument))") }
    }

    private func values(_ kind: ValueKind) -> String {
        switch kind {
        case .file: " -a '(__fish_complete_path (commandline -ct))'"
        case .directory: " -a '(__fish_complete_directories (commandline -ct))'"
        case .choice(let values), .choiceOrInteger(let values, _): " -a '\(values.joined(separator: " "))'"
        case .listed(let command, let readsConfiguration):
            " -a '(\(root.name) \(command)\(readsConfiguration ? " (__\(root.name)_configuration)" : "") 2>/dev/null)'"
        case .text, .integer, .seconds, .octal: ""
        }
    }

    private func quoted(_ text: String) -> String {
        var result = "'"
        for character in text {
            if character == "'" || character == "\\" { result.append("\\") }
            result.append(character)
        }
        return result + "'"
    }
}
