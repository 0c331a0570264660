/// Reads the options and arguments of one command.
struct OptionReader {
    private let path: [Command]
    private let command: Command
    private let words: [String]
    private var next = 0
    private var given: [ParsedCommand.Given] = []
    private var arguments: [String] = []
    private var warnings: [String] = []

    init(path: [Command], words: [String]) {
        self.path = path
        command = path[path.count - 1]
        self.words = words
    }

    mutating func read() throws(UsageError) -> CommandLineRequest {
        while next < words.count {
            let word = words[next]
            next += 1
            if word == "--" {
                arguments += words[next...]
                break
            }
            if word.hasPrefix("--") {
                if let request = try readLong(word) { return request }
            } else if word.hasPrefix("-"), word != "-" {
                if let request = try readShort(word) { return request }
            } else {
                arguments.append(word)
            }
        }
        try checkArguments()
        return .command(
            ParsedCommand(command: command, arguments: arguments, warnings: warnings, given: given))
    }

    private mutating func readLong(_ word: String) throws(UsageError) -> CommandLineRequest? {
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let attached = parts.count == 2 ? String(parts[1]) : nil
        guard let option = command.allOptions.first(where: { $0.long == name }) else { throw unknown("--\(name)") }
        if case .none = option.value, let attached {
            throw error("The option '--\(name)' does not take any value, but '\(attached)' was specified.", option)
        }
        return try take(option, attached: attached)
    }

    private mutating func readShort(_ word: String) throws(UsageError) -> CommandLineRequest? {
        let body = word.dropFirst()
        // `-config` is no cluster of letters but a long option with a dash too few.
        if body.count > 1,
            command.allOptions.contains(where: { $0.long == body.split(separator: "=").first.map(String.init) })
        {
            throw error("Unknown option '\(word)'. Did you mean '-\(word)'?", nil)
        }
        var rest = body
        while let letter = rest.popFirst() {
            guard let option = command.allOptions.first(where: { $0.short == letter }) else {
                throw unknown("-\(letter)")
            }
            var attached: String?
            if option.kind != nil, !rest.isEmpty {
                attached = String(rest.first == "=" ? rest.dropFirst() : rest)
                rest = ""
            }
            if let request = try take(option, attached: attached) { return request }
        }
        return nil
    }

    private mutating func take(_ option: Option, attached: String?) throws(UsageError) -> CommandLineRequest? {
        switch option.long {
        case "help": return .help(path: path, includingHidden: false)
        case "help-hidden": return .help(path: path, includingHidden: true)
        case "version": return .version
        default: break
        }
        var value = attached
        let following = next < words.count ? words[next] : nil
        switch option.value {
        case .none: value = ""
        case .required:
            if value == nil, let following, !following.hasPrefix("-") || following == "-" || isNegative(following) {
                value = following
                next += 1
            }
        case .optional(_, _, let assumed):
            if value == nil {
                if let following, !following.hasPrefix("-") {
                    value = following
                    next += 1
                } else {
                    value = assumed
                }
            }
        }
        guard let value else { throw error("Missing value for '\(option.nameWithValue)'", option) }
        if let kind = option.kind, let problem = Self.problem(with: value, kind) {
            throw error("The value '\(value)' is invalid for '\(option.nameWithValue)'. \(problem)", option)
        }
        if let reason = option.ignoredBecause { warnings.append("Option '\(option.name)' is ignored: \(reason)") }
        given.append(ParsedCommand.Given(name: option.name, value: value))
        return nil
    }

    private func checkArguments() throws(UsageError) {
        let wanted = command.arguments
        let takesAll = wanted.last?.isRepeatable == true
        if arguments.count > wanted.count, !takesAll {
            let extra = arguments[wanted.count...].map { "'\($0)'" }
            throw error(
                extra.count == 1
                    ? "Unexpected argument \(extra[0])"
                    : "\(extra.count) unexpected arguments: \(extra.joined(separator: ", "))", nil)
        }
        if let missing = wanted.dropFirst(arguments.count).first(where: { !$0.isOptional }) {
            throw UsageError(
                "Missing expected argument '\(missing.label)'", help: "\(missing.label)  \(missing.description)",
                path: path, showsWholeHelp: words.isEmpty)
        }
        for (index, value) in arguments.enumerated() {
            let argument = wanted[min(index, wanted.count - 1)]
            if let problem = Self.problem(with: value, argument.kind) {
                throw error("The value '\(value)' is invalid for '<\(argument.name)>'. \(problem)", nil)
            }
        }
    }

    private func unknown(_ name: String) -> UsageError {
        let names = command.allOptions.filter { !$0.isHidden }.compactMap { $0.long.map { "--\($0)" } }
        let hint = name.hasPrefix("--") ? Suggestion.nearest(to: name, in: names) : nil
        return error("Unknown option '\(name)'\(hint.map { ". Did you mean '\($0)'?" } ?? "")", nil)
    }

    private func error(_ message: String, _ option: Option?) -> UsageError {
        UsageError(message, help: option.map { "\($0.label)  \($0.description)" }, path: path)
    }

    private func isNegative(_ word: String) -> Bool { Double(word) != nil }

    /// What to give instead, or nil when the value is of its kind.
    private static func problem(with value: String, _ kind: ValueKind) -> String? {
        switch kind {
        case .text, .listed: return nil
        case .file: return value.isEmpty ? "Please provide the path of a file." : nil
        case .directory: return value.isEmpty ? "Please provide the path of a directory." : nil
        case .integer(let range):
            if let number = Int(value), range.contains(number) { return nil }
            return "Please provide \(wholeNumber(range))."
        case .choiceOrInteger(let words, let range):
            if words.contains(value) { return nil }
            if let number = Int(value), range.contains(number) { return nil }
            return "Please provide \(words.map { "'\($0)'" }.joined(separator: ", ")) or \(wholeNumber(range))."
        case .seconds:
            if let number = Double(value), number.isFinite, number >= 0 { return nil }
            return "Please provide a number of seconds, such as 2 or 0.5."
        case .octal:
            if let number = UInt32(value, radix: 8), number <= 0o777 { return nil }
            return "Please provide an octal number from 0000 to 0777."
        case .choice(let values):
            if values.contains(value) { return nil }
            let quoted = values.map { "'\($0)'" }
            let last = quoted.last ?? ""
            let list = quoted.count < 2 ? last : "\(quoted.dropLast().joined(separator: ", ")) or \(last)"
            return "Please provide one of \(list)."
        }
    }

    private static func wholeNumber(_ range: ClosedRange<Int>) -> String {
        range.upperBound == Int.max
            ? "a whole number of at least \(range.lowerBound)"
            : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    }
}
