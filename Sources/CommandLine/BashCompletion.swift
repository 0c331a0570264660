/// Completion for bash 4 and later: one function that finds the subcommand and offers its words.
struct BashCompletion {
    let root: Command

    var script: String {
        let name = root.name
        let subcommands = root.completedSubcommands
        var lines = [
            "# bash completion for \(name), printed by '\(name) completion bash'",
            "_\(name)() {",
            "    local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"",
            "    local command=\"\" word",
            "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do",
            "        case \"$word\" in",
            "            \(subcommands.flatMap { [$0.name] + $0.aliases }.joined(separator: "|"))) command=\"$word\"; break ;;",
            "        esac",
            "    done",
            "    COMPREPLY=()",
            "    case \"$command:$previous\" in",
        ]
        for command in subcommands {
            for option in command.completedOptions {
                guard let kind = option.kind, case .required = option.value else { continue }
                let names = [option.long.map { "--\($0)" }, option.short.map { "-\($0)" }].compactMap { $0 }
                lines.append("        \(pattern(command, names))) \(reply(kind)); return ;;")
            }
        }
        lines += ["    esac", "    case \"$command\" in"]
        for command in subcommands {
            let options = command.completedOptions.flatMap { option in
                [option.long.map { "--\($0)" }, option.short.map { "-\($0)" }].compactMap { $0 }
            }
            let isDefault = command.name == root.defaultSubcommand
            let labels = ([command.name] + command.aliases).joined(separator: "|") + (isDefault ? "|\"\"" : "")
            let words = (isDefault ? subcommands.map(\.name) : []) + options
            lines.append("        \(labels))")
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
            let argument =
                command.name == "help" ? ValueKind.choice(subcommands.map(\.name)) : command.arguments.first?.kind
            if let argument, argument != .text { lines.append("                *) \(reply(argument)) ;;") }
            lines += ["            esac", "            ;;"]
        }
        lines += ["    esac", "}", "complete -o filenames -F _\(name) \(name)"]
        return lines.joined(separator: "\n") + "\n"
    }

    private func pattern(_ command: Command, _ names: [String]) -> String {
        let commands = [command.name] + command.aliases + (command.name == root.defaultSubcommand ? [""] : [])
        return commands.flatMap { command in names.map { "\(command):\($0)" } }.joined(separator: "|")
    }

    private func reply(_ kind: ValueKind) -> String {
        switch kind {
        case .file: "COMPREPLY=($(compgen -f -- \"$current\"))"
        case .directory: "COMPREPLY=($(compgen -d -- \"$current\"))"
        case .choice(let values), .choiceOrInteger(let values, _):
            "COMPREPLY=($(compgen -W '\(values.joined(separator: " "))' -- \"$current\"))"
        case .text, .integer, .seconds, .octal: ":"
        }
    }
}
