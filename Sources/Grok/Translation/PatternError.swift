/// A regular expression that cannot be used, with the place inside the operator's own text.
///
/// Offsets and lengths count UTF-8 bytes of the expression as it was handed to `RubyPattern`.
package struct PatternError: Error, Equatable, CustomStringConvertible {
    /// Where the offending part begins, in bytes from the start of the expression.
    package var offset: Int
    /// How many bytes the offending part has; zero marks a place between two characters.
    package var length: Int
    /// What is wrong, in lower case, without the place.
    package var message: String
    /// What to write instead, when that is known.
    package var hint: String?

    package init(offset: Int, length: Int, message: String, hint: String? = nil) {
        self.offset = offset
        self.length = length
        self.message = message
        self.hint = hint
    }

    package var description: String {
        let advice = hint.map { "; \($0)" } ?? ""
        return "\(message) at byte \(offset)\(advice)"
    }
}
