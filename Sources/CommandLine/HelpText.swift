/// The help of one command, from the table alone.
package struct HelpText: Sendable {
    private let path: [Command]
    private let command: Command
    private let width: Int
    private let includingHidden: Bool

    /// Where descriptions begin.
    static let descriptionColumn = 26
    /// More options than this are not listed in the usage line.
    static let maximumUsageOptions = 12

    /// Help for the last command of a path that begins with the tool.
    package init(path: [Command], width: Int = 80, includingHidden: Bool = false) {
        self.path = path
        command = path[path.count - 1]
        self.width = max(width, 40)
        self.includingHidden = includingHidden
    }

    private var tool: String { path.map(\.name).joined(separator: " ") }

    /// `sluice send [--host <host>] … <tag>`, on one line.
    package var usage: String {
        var parts = [tool]
        let options = command.options.filter { !$0.isHidden }
        if options.count > Self.maximumUsageOptions {
            parts.append("[<options>]")
        } else {
            parts += options.map { $0.isRepeatable ? "[\($0.nameWithValue)]..." : "[\($0.nameWithValue)]" }
        }
        parts += command.arguments.map(\.label)
        if !command.subcommands.isEmpty {
            parts.append(command.defaultSubcommand == nil ? "<subcommand>" : "[<subcommand>]")
        }
        return parts.joined(separator: " ")
    }

    /// The whole text, ending in a newline.
    package var text: String {
        var blocks = [wrapped("OVERVIEW: \(command.abstract)", to: width)]
        for paragraph in paragraphs(command.discussion) { blocks.append(wrapped(paragraph, to: width)) }
        blocks.append(wrapped("USAGE: \(usage)", to: width, indentation: 7))
        if !command.arguments.isEmpty {
            blocks.append("ARGUMENTS:\n" + rows(command.arguments.map { ("<\($0.name)>", $0.description) }))
        }
        let options = command.allOptions.filter { includingHidden || !$0.isHidden }
        let ignored = options.filter { $0.ignoredBecause != nil }
        let listed = options.filter { $0.ignoredBecause == nil }
        blocks.append("OPTIONS:\n" + rows(listed.map { ($0.label, $0.description) }))
        if !ignored.isEmpty {
            blocks.append("OPTIONS OF FLUENTD WITHOUT EFFECT:\n" + rows(ignored.map { ($0.label, $0.description) }))
        }
        let subcommands = command.subcommands.filter { includingHidden || !$0.isHidden }
        if !subcommands.isEmpty {
            blocks.append(
                "SUBCOMMANDS:\n"
                    + rows(
                        subcommands.map { subcommand in
                            let names = ([subcommand.name] + subcommand.aliases).joined(separator: ", ")
                            return (
                                names + (subcommand.name == command.defaultSubcommand ? " (default)" : ""),
                                subcommand.abstract
                            )
                        }))
        }
        if !command.examples.isEmpty {
            let examples = command.examples.map { example in
                "  \(example.line)\n" + wrapped("      " + example.meaning, to: width, indentation: 6)
            }
            blocks.append("EXAMPLES:\n" + examples.joined(separator: "\n"))
        }
        if !subcommands.isEmpty {
            let words = [path[0].name, "help"] + path.dropFirst().map(\.name) + ["<subcommand>"]
            blocks.append("  See '\(words.joined(separator: " "))' for detailed help.")
        }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private func rows(_ rows: [(label: String, text: String)]) -> String {
        rows.map { row in
            let label = "  \(row.label)"
            let column = Self.descriptionColumn
            let text = wrapped(String(repeating: " ", count: column) + row.text, to: width, indentation: column)
            guard label.count < column else { return "\(label)\n\(text)" }
            return label + text.dropFirst(label.count)
        }.joined(separator: "\n")
    }
}

/// The paragraphs of a text: what blank lines separate.
func paragraphs(_ text: String) -> [String] {
    text.split(separator: "\n\n").map { $0.split(separator: "\n").joined(separator: " ") }
}

/// Breaks a text at blanks so that no line is wider than `width`, unless one word is; lines after the first are
/// indented. Blanks at the beginning are kept.
func wrapped(_ text: String, to width: Int, indentation: Int = 0) -> String {
    let margin = String(repeating: " ", count: indentation)
    var line = String(text.prefix { $0 == " " })
    var lineHasWord = false
    var lines: [String] = []
    for word in text.split(separator: " ") {
        if lineHasWord, line.count + 1 + word.count > width {
            lines.append(line)
            line = margin + word
        } else {
            line += lineHasWord ? " \(word)" : String(word)
        }
        lineHasWord = true
    }
    return (lines + [line]).joined(separator: "\n")
}
