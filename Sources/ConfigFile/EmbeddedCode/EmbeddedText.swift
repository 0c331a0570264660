/// Code in a text that was read without double quotes.
package enum EmbeddedText {
    /// Says that code in a value without double quotes is not evaluated, where that was not said when it was read.
    package static func warn(_ parameter: Parameter, _ diagnostics: Diagnostics) {
        guard parameter.quoting == .unquoted, let text = parameter.text else { return }
        ValueScanner.warnOfCode(text, parameter.valuePlace, diagnostics)
    }
}
