/// A grok expression that cannot be used, with the place in what the operator wrote.
package struct GrokError: Error, Equatable, CustomStringConvertible {
    /// What kind of mistake it is: Fluentd's plugin drops a bad pattern of a list but refuses to start for an unknown name.
    package enum Kind: Sendable, Equatable {
        /// `%{NAME}` is defined nowhere. Fatal in a list too.
        case unknownName
        /// A definition that leads back to itself. Fatal in a list too: Fluentd hangs on it.
        case cycle
        /// A regular expression that is not one.
        case badExpression
        /// A type after the field name that is none.
        case unknownType
        /// Nothing in the expression captures.
        case noField
        /// The expansion is larger than the limit.
        case tooLarge
    }

    package let kind: Kind
    /// Where in the operator's expression, in bytes.
    package let offset: Int
    /// How many bytes of it are concerned.
    package let length: Int
    /// What is wrong, in lower case, without the place.
    package let message: String
    /// What to write instead, when that is known.
    package let hint: String?
    /// The definitions that lead from the expression to the mistake, outermost first; empty when it is in the expression.
    package let path: [String]

    /// The way to the mistake with its texts: the operator's expression first, then the definition of each name of `path`.
    package var places: [GrokPlace] = []

    package init(kind: Kind, offset: Int, length: Int, message: String, hint: String?, path: [String]) {
        self.kind = kind
        self.offset = offset
        self.length = length
        self.message = message
        self.hint = hint
        self.path = path
    }

    package var description: String {
        let through = path.isEmpty ? "" : " (in \(path.joined(separator: " → ")))"
        let advice = hint.map { "; \($0)" } ?? ""
        return "\(message)\(through) at byte \(offset)\(advice)"
    }
}
