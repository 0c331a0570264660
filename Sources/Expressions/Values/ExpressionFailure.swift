/// Why an expression has no value for an event: what Ruby would raise, or a limit that was reached.
package struct ExpressionFailure: Error, Equatable {
    /// Ruby's name for the class of the error.
    package var kind: String
    /// Quotes no text of the record.
    package var message: String
    /// Whether `rescue` catches it.
    var isRescued = true

    init(_ kind: String, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// `use_nil`, which no `rescue` catches.
    static let noValue: ExpressionFailure = leaving("use_nil")
    /// `use_default`
    static let defaultValue: ExpressionFailure = leaving("use_default")

    private static func leaving(_ name: String) -> ExpressionFailure {
        var failure = ExpressionFailure(name, name)
        failure.isRescued = false
        return failure
    }

    static func argument(_ message: String) -> ExpressionFailure { ExpressionFailure("ArgumentError", message) }
    static func type(_ message: String) -> ExpressionFailure { ExpressionFailure("TypeError", message) }

    static func limit(_ message: String) -> ExpressionFailure {
        var failure = ExpressionFailure("LimitError", message)
        failure.isRescued = false
        return failure
    }
}
