/// What a value may be: checked by the parser, offered by the completion.
package enum ValueKind: Sendable, Equatable {
    case text, file, directory
    case integer(ClosedRange<Int>)
    /// One of the words, or a number.
    case choiceOrInteger([String], ClosedRange<Int>)
    /// Seconds, with or without a fraction: `2`, `0.5`.
    case seconds
    /// An octal number such as a umask: `0022`.
    case octal
    case choice([String])
    /// Words that a command of the tool prints, one a line; nothing else is an error, as they are for completion. With
    /// `readsConfiguration` the command is given the value of `-c`.
    case listed(by: String, readsConfiguration: Bool = false)
}

/// One option of a command: what is parsed, shown by the help, offered by the completion and printed in the man page.
package struct Option: Sendable, Equatable {
    /// Whether a value follows. Names are shown as `<name>`.
    package enum Value: Sendable, Equatable {
        case none
        case required(String, ValueKind)
        /// The value may be left out, and is then `assumed`. It is taken from the next word unless that is an option.
        case optional(String, ValueKind, assumed: String)
    }

    /// Without dashes; nil for an option that has only a letter.
    package let long: String?
    package let short: Character?
    package let value: Value
    /// One sentence.
    package let abstract: String
    /// What holds without the option, in words; nil when there is nothing to say.
    package let defaultText: String?
    /// Values add up instead of the last one counting; a flag's occurrences are counted in any case.
    package let isRepeatable: Bool
    /// Shown by `--help-hidden` alone.
    package let isHidden: Bool
    /// For options of Fluentd that mean nothing here: accepted, with this reason (a sentence that goes on after
    /// "is ignored:") in a warning.
    package let ignoredBecause: String?

    package init(
        _ long: String?, short: Character? = nil, value: Value = .none, _ abstract: String = "", default: String? = nil,
        isRepeatable: Bool = false, isHidden: Bool = false, ignoredBecause: String? = nil
    ) {
        self.long = long
        self.short = short
        self.value = value
        self.abstract = abstract
        defaultText = `default`
        self.isRepeatable = isRepeatable
        self.isHidden = isHidden || ignoredBecause != nil
        self.ignoredBecause = ignoredBecause
    }

    /// The name by which messages call it: `--config`, or `-I` when there is no long one.
    package var name: String {
        if let long { return "--\(long)" }
        return short.map { "-\($0)" } ?? ""
    }

    /// The name with its value: `--config <file>`.
    package var nameWithValue: String {
        switch value {
        case .none: name
        case .required(let label, _): "\(name) <\(label)>"
        case .optional(let label, _, _): long == nil ? "\(name) [<\(label)>]" : "\(name)[=<\(label)>]"
        }
    }

    /// As the help lists it: `-c, --config <file>`.
    package var label: String {
        guard long != nil, let short else { return nameWithValue }
        return "-\(short), \(nameWithValue)"
    }

    /// The kind of value, nil for a flag.
    package var kind: ValueKind? {
        switch value {
        case .none: nil
        case .required(_, let kind), .optional(_, let kind, _): kind
        }
    }

    /// The abstract (or why it is ignored) with the values and the default behind it: `… (values: a, b; default: a)`.
    package var description: String {
        ignoredBecause.map { "Ignored: \($0)" } ?? described(abstract, kind, defaultText)
    }
}

/// One positional argument of a command.
package struct Argument: Sendable, Equatable {
    package let name: String
    package let kind: ValueKind
    package let abstract: String
    package let defaultText: String?
    package let isOptional: Bool
    /// Takes all words that are left; only for the last argument.
    package let isRepeatable: Bool

    package init(
        _ name: String, kind: ValueKind = .text, _ abstract: String, default: String? = nil, isOptional: Bool = false,
        isRepeatable: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.abstract = abstract
        defaultText = `default`
        self.isOptional = isOptional
        self.isRepeatable = isRepeatable
    }

    /// `<tag>`, `[<file>]` when it may be left out, `[<file>]...` when there may be several.
    package var label: String { (isOptional ? "[<\(name)>]" : "<\(name)>") + (isRepeatable ? "..." : "") }

    /// The abstract with the values and the default behind it.
    package var description: String { described(abstract, kind, defaultText) }
}

private func described(_ abstract: String, _ kind: ValueKind?, _ defaultText: String?) -> String {
    var facts: [String] = []
    if case .choice(let values)? = kind { facts.append("values: \(values.joined(separator: ", "))") }
    if let defaultText { facts.append("default: \(defaultText)") }
    return facts.isEmpty ? abstract : "\(abstract) (\(facts.joined(separator: "; ")))"
}
