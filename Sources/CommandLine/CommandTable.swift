/// The tool: its commands, and how its command line is read.
package struct CommandTable: Sendable {
    package let root: Command

    package init(root: Command) { self.root = root }

    /// Reads a command line, without the tool's own name. Touches nothing outside.
    ///
    /// `--x v`, `--x=v`, `-xv`, `-abc` for three flags, and `--` before words that are no options. `help` and `-h`
    /// win over whatever else is wrong.
    package func parse(_ words: [String]) -> Result<CommandLineRequest, UsageError> {
        do throws(UsageError) {
            return .success(try request(words))
        } catch {
            let options = words.prefix { $0 != "--" }
            if options.contains("--help") || options.contains("-h") {
                return .success(.help(path: error.path, includingHidden: false))
            }
            return .failure(error)
        }
    }

    /// The commands along a path of names, as `help a b` needs them.
    package func path(_ names: [String]) -> Result<[Command], UsageError> {
        var path = [root]
        for name in names where !name.hasPrefix("-") {
            guard let next = path[path.count - 1].subcommand(name) else {
                return .failure(unknownSubcommand(name, path))
            }
            path.append(next)
        }
        return .success(path)
    }

    private func request(_ words: [String]) throws(UsageError) -> CommandLineRequest {
        var path = [root]
        var index = 0
        while let command = path.last, !command.subcommands.isEmpty {
            if index < words.count, let next = command.subcommand(words[index]) {
                path.append(next)
                index += 1
                continue
            }
            let word = index < words.count ? words[index] : nil
            switch word {
            case "-h", "--help": return .help(path: path, includingHidden: false)
            case "--help-hidden": return .help(path: path, includingHidden: true)
            case "--version": return .version
            default: break
            }
            if let word, !word.hasPrefix("-") || word == "-" { throw unknownSubcommand(word, path) }
            guard let name = command.defaultSubcommand, let next = command.subcommand(name) else {
                throw UsageError("Missing required subcommand.", path: path, showsWholeHelp: word == nil)
            }
            path.append(next)
        }
        let rest = Array(words[index...])
        switch path.dropFirst().map(\.name) {
        case ["help"]: return .help(path: try self.path(rest).get(), includingHidden: rest.contains("--help-hidden"))
        case ["version"] where rest.isEmpty: return .version
        default: break
        }
        var reader = OptionReader(path: path, words: rest)
        return try reader.read()
    }

    private func unknownSubcommand(_ name: String, _ path: [Command]) -> UsageError {
        let known = path[path.count - 1].subcommands.filter { !$0.isHidden }
        // One of a group, without the group's name: `explain` of `grok`.
        let inGroup = known.first { $0.subcommand(name) != nil }.map { "\($0.name) \(name)" }
        let meant = inGroup ?? Suggestion.nearest(to: name, in: known.flatMap { [$0.name] + $0.aliases })
        let hint = meant.map { " Did you mean '\($0)'?" } ?? ""
        return UsageError("Unknown subcommand '\(name)'.\(hint)", path: path)
    }
}
