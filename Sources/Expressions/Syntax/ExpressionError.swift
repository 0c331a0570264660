/// An expression that cannot be used, with the place inside the operator's own text.
///
/// Offset and length count UTF-8 bytes of the text that was handed in.
package struct ExpressionError: Error, Equatable, CustomStringConvertible {
    package var offset: Int
    /// Zero marks a place between two characters.
    package var length: Int
    /// In lower case, without the place.
    package var message: String
    /// The nearest way to write it, when one is known.
    package var hint: String?

    package init(offset: Int, length: Int, message: String, hint: String? = nil) {
        self.offset = offset
        self.length = length
        self.message = message
        self.hint = hint
    }

    package var description: String { "\(message) at byte \(offset)" + (hint.map { "; \($0)" } ?? "") }
}
