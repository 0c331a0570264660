/// A place in an expression or in one of the definitions it refers to.
package struct GrokPlace: Sendable, Equatable {
    /// The name whose definition `text` is; nil for the operator's own expression.
    package let definition: String?
    package let text: String
    /// What is meant, in bytes of `text`.
    package let range: Range<Int>

    package init(definition: String?, text: String, range: Range<Int>) {
        self.definition = definition
        self.text = text
        self.range = range
    }
}
