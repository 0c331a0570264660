/// The man page, sluice(1), in the `man` macros of roff (man(7)).
package struct ManPage: Sendable {
    private let root: Command
    private let version: String

    /// The page of a whole table; the version stands in its foot.
    package init(table: CommandTable, version: String) {
        root = table.root
        self.version = version
    }

    /// The page's source, ending in a newline.
    package var text: String {
        let name = root.name
        var lines = [
            ".TH \(name.uppercased()) 1 \"\" \"\(name) \(version)\" \"User Commands\"", ".SH NAME",
            "\(name) \\- \(escaped(sentence(root.abstract)))", ".SH SYNOPSIS", ".nf",
        ]
        let subcommands = root.subcommands.filter { !$0.isHidden }
        lines.append(escaped(HelpText(path: [root]).usage))
        let paths = subcommands.flatMap { leaves(of: $0, path: [root]) }
        lines += paths.map { escaped(HelpText(path: $0).usage) }
        lines += [".fi", ".SH DESCRIPTION"]
        lines += body(paragraphs(root.discussion))
        lines.append(".SH COMMANDS")
        for path in paths {
            let command = path[path.count - 1]
            let aliases = command.aliases.isEmpty ? "" : " (\(command.aliases.joined(separator: ", ")))"
            lines.append(".SS \"\(path.map(\.name).joined(separator: " "))\(aliases)\"")
            lines += body([command.abstract] + paragraphs(command.discussion))
            for argument in command.arguments { lines += entry("<\(argument.name)>", argument.description) }
            for option in command.options where !option.isHidden { lines += entry(option.label, option.description) }
        }
        lines.append(".SH OPTIONS OF FLUENTD WITHOUT EFFECT")
        for option in subcommands.flatMap(\.options) {
            if option.ignoredBecause != nil { lines += entry(option.label, option.description) }
        }
        lines.append(".SH EXAMPLES")
        for example in (root.examples + paths.flatMap { $0[$0.count - 1].examples }) {
            lines += entry(example.line, example.meaning)
        }
        lines += [".SH EXIT STATUS"]
        lines += entry("\(ExitStatus.success)", "Done, or stopped after everything was delivered or kept.")
        lines += entry("\(ExitStatus.failure)", "Something failed while running.")
        lines += entry("\(ExitStatus.configuration)", "The configuration is wrong.")
        lines += entry("\(ExitStatus.usage)", "The command line is wrong.")
        lines += entry("\(ExitStatus.cannotRead)", "A file of lines cannot be read.")
        lines += entry("\(ExitStatus.cannotWrite)", "Standard output cannot be written.")
        lines += [".SH ENVIRONMENT"]
        lines += entry("FLUENT_CONF", "The configuration, when --config is not given.")
        lines += entry("NO_COLOR", "No colours when set, as with TERM=dumb.")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The commands that do something: those below a command of commands, or the command itself.
    private func leaves(of command: Command, path: [Command]) -> [[Command]] {
        let inner = command.subcommands.filter { !$0.isHidden }
        return inner.isEmpty ? [path + [command]] : inner.flatMap { leaves(of: $0, path: path + [command]) }
    }

    private func body(_ paragraphs: [String]) -> [String] {
        paragraphs.enumerated().flatMap { index, paragraph in (index == 0 ? [] : [".PP"]) + [escaped(paragraph)] }
    }

    private func entry(_ label: String, _ text: String) -> [String] {
        [
            ".TP",
            ".B \"\(escaped(label).split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\(dq"))\"",
            escaped(text),
        ]
    }

    private func sentence(_ text: String) -> String { text.hasSuffix(".") ? String(text.dropLast()) : text }

    /// Dashes stay ASCII so that options can be copied; a dot or quote at the beginning would be a request.
    private func escaped(_ text: String) -> String {
        var result = ""
        for (index, character) in text.enumerated() {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case ".", "'": result += index == 0 ? "\\&\(character)" : String(character)
            default: result.append(character)
            }
        }
        return result
    }
}
