internal import ConfigFile
internal import Grok

extension Setting<RegexpText> {
    /// The expression, compiled; nil when it cannot be, which is reported at the place where it goes wrong.
    func compiled(_ diagnostics: Diagnostics) -> Regex? {
        var options: RubyPattern.Options = []
        if value.isCaseInsensitive { options.insert(.ignoringCase) }
        if value.dotMatchesNewline { options.insert(.dotMatchesNewline) }
        let prefix = value.isExtended ? "(?x)" : ""
        do throws(PatternError) {
            return try Regex(prefix + value.body, options: options)
        } catch {
            let offset = max(error.offset - prefix.utf8.count, 0) + value.bodyOffset
            diagnostics.error(
                parameter.place(ofOffset: offset, length: max(error.length, 1)), error.message, hint: error.hint)
            return nil
        }
    }
}
