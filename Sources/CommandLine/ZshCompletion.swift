/// Completion for zsh: `_arguments` for each subcommand.
struct ZshCompletion {
    let root: Command

    var script: String {
        let name = root.name
        var lines = [
            "#compdef \(name)", "# zsh completion for \(name), printed by '\(name) completion zsh'", "_\(name)() {",
            "    local -a commands", "    local command",
        ]
        lines += dispatch(root, indentation: 4)
        lines += [
            "}", "if [ \"$funcstack[1]\" = \"_\(name)\" ]; then", "    _\(name) \"$@\"", "else",
            "    compdef _\(name) \(name)", "fi",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// Offers the subcommands of a command, or goes on with the one that was named.
    private func dispatch(_ parent: Command, indentation: Int) -> [String] {
        let margin = String(repeating: " ", count: indentation)
        let subcommands = parent.completedSubcommands
        var lines = ["commands=("]
        for command in subcommands {
            for label in [command.name] + command.aliases {
                lines.append("    '\(label):\(quoted(command.abstract))'")
            }
        }
        lines += [
            ")", "if (( CURRENT == 2 )) && [[ \"$words[2]\" != -* ]]; then",
            "    _describe -t commands command commands", "    return", "fi",
            "command=\"$words[2]\"",
            "if [[ \"$command\" == -* ]]; then", "    command=\(parent.defaultSubcommand ?? "")", "else",
            "    shift words", "    (( CURRENT-- ))", "fi", "case \"$command\" in",
        ]
        for command in subcommands {
            lines.append("    \(([command.name] + command.aliases).joined(separator: "|")))")
            if command.subcommands.isEmpty {
                lines.append("        _arguments \\")
                lines.append(arguments(of: command).map { "\(margin)            \($0)" }.joined(separator: " \\\n"))
            } else {
                lines += dispatch(command, indentation: 8)
            }
            lines.append("        ;;")
        }
        lines.append("esac")
        return lines.map { $0.hasPrefix("\(margin)            '") ? $0 : margin + $0 }
    }

    private func arguments(of command: Command) -> [String] {
        var specifications = command.completedOptions.flatMap(specifications)
        if command.name == "help" {
            specifications.append("'1:command:(\(root.completedSubcommands.map(\.name).joined(separator: " ")))'")
            let topics = root.completedSubcommands.filter { !$0.completedSubcommands.isEmpty }.map { command in
                "\(command.name)) compadd \(command.completedSubcommands.map(\.name).joined(separator: " ")) ;;"
            }
            specifications.append("'2:subcommand:{ case \"$words[2]\" in \(topics.joined(separator: " ")) esac }'")
        } else {
            for (index, argument) in command.arguments.enumerated() {
                let place = argument.isRepeatable ? "*" : "\(index + 1)"
                let label = argument.isOptional && !argument.isRepeatable ? "::" : ":"
                specifications.append("'\(place)\(label)\(argument.name):\(action(argument.kind))'")
            }
        }
        return specifications
    }

    private func specifications(_ option: Option) -> [String] {
        let repeated = option.isRepeatable ? "*" : ""
        let description = "[\(quoted(option.abstract))]"
        let names = [option.short.map { "-\($0)" }, option.long.map { "--\($0)" }].compactMap { $0 }
        return names.map { label in
            switch option.value {
            case .none: "'\(repeated)\(label)\(description)'"
            case .required(let name, let kind):
                "'\(repeated)\(label)\(label.hasPrefix("--") ? "=" : "+")\(description):\(name):\(action(kind))'"
            case .optional(let name, let kind, _):
                "'\(repeated)\(label)\(label.hasPrefix("--") ? "=-" : "-")\(description)::\(name):\(action(kind))'"
            }
        }
    }

    private func action(_ kind: ValueKind) -> String {
        switch kind {
        case .file: "_files"
        case .directory: "_files -/"
        case .choice(let values), .choiceOrInteger(let values, _): "(\(values.joined(separator: " ")))"
        case .listed(let command, let readsConfiguration):
            "{ local -a names; names=(${(f)\"$(\(root.name) \(command)"
                + (readsConfiguration ? " $opt_args[-c] $opt_args[--config]" : "")
                + " 2>/dev/null)\"}); compadd -a names }"
        case .text, .integer, .seconds, .octal: " "
        }
    }

    /// What stands inside single quotes and brackets, where `]`, `:` and `\` are special.
    private func quoted(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "'": result += "'\\''"
            case "[", "]", ":", "\\": result += "\\\(character)"
            default: result.append(character)
            }
        }
        return result
    }
}
