/// One message about a configuration: what is wrong, where, and what to do. Secrets of the configuration are in none.
@dynamicMemberLookup
package struct Diagnostic: Sendable, Hashable {
    /// An error keeps the configuration from being used, a warning and a note do not.
    package enum Severity: String, Sendable, Hashable {
        case error
        case warning
        case note
    }

    /// A second place that belongs to the message, such as the tag that an end tag does not match.
    @dynamicMemberLookup
    package struct Related: Sendable, Hashable {
        package let excerpt: Excerpt
        package let message: String

        /// A sentence about a place.
        package init(_ place: Place, _ message: String) {
            self.excerpt = Excerpt(place)
            self.message = Diagnostic.shown(message, place.file.knownSecrets)
        }

        package subscript<Value>(dynamicMember path: KeyPath<Excerpt, Value>) -> Value { excerpt[keyPath: path] }
    }

    package let severity: Severity
    package let excerpt: Excerpt
    /// Lower-case, without a full stop.
    package private(set) var message: String
    /// What to do, if there is something to say.
    package private(set) var hint: String?
    /// Other places that belong to the message.
    package let related: [Related]

    /// A message about a place in a file.
    package init(
        _ severity: Severity, at place: Place, _ message: String, hint: String? = nil, related: [Related] = []
    ) {
        let secrets = place.file.knownSecrets
        self.severity = severity
        self.excerpt = Excerpt(place)
        self.message = Self.shown(message, secrets)
        self.hint = hint.map { Self.shown($0, secrets) }
        self.related = related
    }

    /// A message about a file as a whole, such as one that cannot be read.
    package init(_ severity: Severity, file: String, _ message: String, hint: String? = nil) {
        self.severity = severity
        self.excerpt = Excerpt(wholeFile: file)
        self.message = Self.shown(message, KnownSecrets())
        self.hint = hint.map { Self.shown($0, KnownSecrets()) }
        self.related = []
    }

    /// Line, column and text of the place.
    package subscript<Value>(dynamicMember path: KeyPath<Excerpt, Value>) -> Value { excerpt[keyPath: path] }

    /// The same without some texts that no file holds: what the environment or another file gave.
    func hiding(_ secrets: KnownSecrets) -> Diagnostic {
        var diagnostic = self
        diagnostic.message = Self.shown(message, secrets)
        diagnostic.hint = hint.map { Self.shown($0, secrets) }
        return diagnostic
    }

    /// Messages quote values, and a value can be a secret or a whole file: one is hidden, the other is cut.
    private static func shown(_ text: String, _ secrets: KnownSecrets) -> String {
        let text = SecretText.masked(secrets.hidden(in: text))
        return text.utf8.count > 600 ? String(text.prefix(500)) + "…" : text
    }
}
