/// A change of an expression, or of a definition that it leads to, with which a line matches.
///
/// It was tried: the whole line matches, every field that the expression had is still there, the other fields take the
/// same text as before, and no capture begins or ends inside a number, a word or a date.
package struct GrokRemedy: Sendable, Equatable {
    /// A definition to write in the place of the one of the same name.
    package struct Definition: Sendable, Equatable {
        package let name: String
        package let expression: String
    }

    /// What the changed part captures then.
    package struct Capture: Sendable, Equatable {
        package let field: String
        /// Bytes of the line.
        package let range: Range<Int>
    }

    /// What to do: `make the space optional`.
    package let advice: String
    /// The whole expression to use; the old one when the change is in a definition.
    package let expression: String
    /// The changed definition; nil when the change is in the expression.
    package let definition: Definition?
    package let captures: [Capture]
}
