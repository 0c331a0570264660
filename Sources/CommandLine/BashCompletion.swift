/// Completion for bash 4 and later: one function that finds the subcommand and offers its words.
struct BashCompletion {
    let root: Command

    var script: String {
        let name = root.name
        let subcommands = root.completedSubcommands
        let commands = subcommands.flatMap { $0.withDescendants() } + helpTopics
        var lines = [
            "# bash completion for \(name), printed by '\(name) completion bash'",
            "_\(name)_configuration() {",
            "    local index",
            "    for ((index = 1; index < COMP_CWORD; index++)); do",
            "        case \"${COMP_WORDS[index]}\" in -c|--config) echo \"${COMP_WORDS[index+1]}\" ;; esac",
            "    done",
            "}",
            "_\(name)() {",
            "    local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"",
            "    local command=\"\" word",
            "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do",
            "        case \"${command:+$command }$word\" in",
            "            \(labels(commands.flatMap(\.labels)))) command=\"${command:+$command }$word\" ;;",
            "        esac",
            "    done",
            "    COMPREPLY=()",
            "    case \"$command:$previous\" in",
        ]
        for (labels, command) in commands {
            for option in command.completedOptions {
                guard let kind = option.kind, case .required = option.value else { continue }
                let names = [option.long.map { "--\($0)" }, option.short.map { "-\($0)" }].compactMap { $0 }
                lines.append("        \(pattern(labels, command, names))) \(reply(kind)); return ;;")
            }
        }
        lines += ["    esac", "    case \"$command\" in"]
        for (commandLabels, command) in commands {
            let options = command.completedOptions.flatMap { option in
                [option.long.map { "--\($0)" }, option.short.map { "-\($0)" }].compactMap { $0 }
            }
            let isDefault = command.name == root.defaultSubcommand && commandLabels.first == command.name
            let words = (isDefault ? subcommands.map(\.name) : []) + options
            lines.append("        \(labels(commandLabels))\(isDefault ? "|\"\"" : ""))")
            if isDefault {
                lines.append("            if [ -z \"$command\" ]; then")
                lines.append(
                    "                COMPREPLY=($(compgen -W '\(words.joined(separator: " "))' -- \"$current\"))")
                lines.append("                return")
                lines.append("            fi")
            }
            lines.append("            case \"$current\" in")
            lines.append(
                "                -*) COMPREPLY=($(compgen -W '\(options.joined(separator: " "))' -- \"$current\")) ;;")
            if let argument = argument(of: command, subcommands), argument != .text {
                lines.append("                *) \(reply(argument)) ;;")
            }
            lines += ["            esac", "            ;;"]
        }
        lines += ["    esac", "}", "complete -o filenames -F _\(name) \(name)"]
        return lines.joined(separator: "\n") + "\n"
    }

    /// `help grok`: a command of commands, as a topic of help.
    private var helpTopics: [(labels: [String], command: Command)] {
        root.completedSubcommands.filter { !$0.completedSubcommands.isEmpty }.map { command in
            let inner = Argument(
                "subcommand", kind: .choice(command.completedSubcommands.map(\.name)), "", isOptional: true)
            return (["help \(command.name)"], Command("topic", "", arguments: [inner]))
        }
    }

    /// What stands where no option does: a subcommand, or the last kind of argument.
    private func argument(of command: Command, _ all: [Command]) -> ValueKind? {
        if command.name == "help" { return .choice(all.map(\.name)) }
        if !command.subcommands.isEmpty { return .choice(command.completedSubcommands.map(\.name)) }
        return command.arguments.last?.kind
    }

    /// Labels as alternatives of a case; those of two words are quoted.
    private func labels(_ labels: [String]) -> String {
        labels.map { $0.contains(" ") ? "\"\($0)\"" : $0 }.joined(separator: "|")
    }

    private func pattern(_ labels: [String], _ command: Command, _ names: [String]) -> String {
        let commands = labels + (labels.first == root.defaultSubcommand ? [""] : [])
        return self.labels(commands.flatMap { command in names.map { "\(command):\($0)" } })
    }

    private func reply(_ kind: ValueKind) -> String {
        switch kind {
        case .file: "COMPREPLY=($(compgen -f -- \"$current\"))"
        case .directory: "COMPREPLY=($(compgen -d -- \"$current\"))"
        case .choice(let values), .choiceOrInteger(let values, _):
            "COMPREPLY=($(compgen -W '\(values.joined(separator: " "))' -- \"$current\"))"
        case .listed(let command, let readsConfiguration):
            // Line by line, as a tag's pattern would be taken for names of files.
            "mapfile -t COMPREPLY < <(compgen -W \"$(\"${COMP_WORDS[0]}\" \(command)"
                + (readsConfiguration ? " $(_\(root.name)_configuration)" : "") + " 2>/dev/null)\" -- \"$current\")"
        case .text, .integer, .seconds, .octal: ":"
        }
    }
}
