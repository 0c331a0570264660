/// Completion for fish: one `complete` line for each command and option.
struct FishCompletion {
    let root: Command

    var script: String {
        let name = root.name
        let subcommands = root.completedSubcommands
        let all = subcommands.flatMap { [$0.name] + $0.aliases }.joined(separator: " ")
        var lines = ["# fish completion for \(name), printed by '\(name) completion fish'", "complete -c \(name) -f"]
        for command in subcommands {
            lines.append(
                "complete -c \(name) -n 'not __fish_seen_subcommand_from \(all)' -a \(command.name) -d \(quoted(command.abstract))"
            )
        }
        for command in subcommands {
            let labels = ([command.name] + command.aliases).joined(separator: " ")
            let seen = "__fish_seen_subcommand_from \(labels)"
            let isDefault = command.name == root.defaultSubcommand
            let condition = isDefault ? "\(seen); or not __fish_seen_subcommand_from \(all)" : seen
            for option in command.completedOptions {
                var line = "complete -c \(name) -n '\(condition)'"
                if let long = option.long { line += " -l \(long)" }
                if let short = option.short { line += " -s \(short)" }
                if case .required(_, let kind) = option.value { line += " -x\(values(kind))" }
                lines.append(line + " -d \(quoted(option.abstract))")
            }
            let argument =
                command.name == "help" ? ValueKind.choice(subcommands.map(\.name)) : command.arguments.first?.kind
            if let argument, argument != .text { lines.append("complete -c \(name) -n '\(seen)'\(values(argument))") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func values(_ kind: ValueKind) -> String {
        switch kind {
        case .file: " -a '(__fish_complete_path (commandline -ct))'"
        case .directory: " -a '(__fish_complete_directories (commandline -ct))'"
        case .choice(let values), .choiceOrInteger(let values, _): " -a '\(values.joined(separator: " "))'"
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
