/// Turns grok expressions into compiled patterns with one library of definitions.
package struct GrokCompiler: Sendable {
    /// The definitions `%{NAME}` is looked up in.
    package let library: PatternLibrary

    package init(library: PatternLibrary) { self.library = library }

    /// Compiles one expression.
    ///
    /// - Parameter multiline: the dot matches newlines, as in `multiline_grok`.
    /// - Throws: `GrokError` with the place in `expression`.
    package func compile(_ expression: String, multiline: Bool = false) throws(GrokError) -> GrokPattern {
        // Definitions that were read before have the places of another expression, which matter only for an error.
        if let pattern = try? compile(expression, multiline: multiline, sharing: true) { return pattern }
        return try compile(expression, multiline: multiline, sharing: false)
    }

    private func compile(
        _ expression: String, multiline: Bool, sharing: Bool
    ) throws(GrokError) -> GrokPattern {
        let reading = try read(expression, multiline: multiline, sharing: sharing)
        let expansion = reading.expansion
        let regex: Regex
        do {
            regex = try Regex(reading.pattern)
        } catch {
            throw expansion.faultyDefinition([]) ?? expansion.located(error, shiftedBy: reading.shift)
        }
        if regex.groups.isEmpty {
            throw GrokError(
                kind: .noField, offset: 0, length: expression.utf8.count,
                message: "the expression captures nothing",
                hint: "name at least one field, as in %{WORD:name} or (?<name>…)", path: [])
        }
        var types: [String: FieldType] = [:]
        for field in expansion.fields { types[field.name] = field.type }
        return GrokPattern(regex: regex, types: types)
    }

    /// An expression expanded and read, not yet compiled.
    struct Reading {
        let expansion: GrokExpansion
        let pattern: RubyPattern
        /// Where the regular expression begins in the expansion: 1 behind a slash.
        let shift: Int
    }

    /// - Parameter sharing: definitions are taken as they were read before, with other places.
    func read(_ expression: String, multiline: Bool, sharing: Bool = false) throws(GrokError) -> Reading {
        let expansion = try GrokExpansion(Array(expression.utf8), library: library)
        var options: RubyPattern.Options = multiline ? .dotMatchesNewline : []
        var source = expansion.text[...]
        if source.first == UInt8(ascii: "/") {
            (source, options) = try literal(expansion.text, expression, options)
        }
        do {
            // Behind a slash all places are others.
            let definitions = sharing && source.startIndex == 0 ? expansion.definitions : nil
            let pattern = try RubyPattern(Array(source), options: options, definitions: definitions)
            return Reading(expansion: expansion, pattern: pattern, shift: source.startIndex)
        } catch {
            throw expansion.faultyDefinition(options) ?? misreadBrackets(expression, error.message)
                ?? expansion.located(error, shiftedBy: source.startIndex)
        }
    }

    /// A class of the characters of a reference is never meant; it often is no class at all.
    private func misreadBrackets(_ expression: String, _ message: String) -> GrokError? {
        let bytes = Array(expression.utf8)
        guard let pair = MeantAsText.pairs(in: bytes).first(where: { $0.kind == .brackets }) else { return nil }
        var error = GrokError(
            kind: .badExpression, offset: pair.range.lowerBound, length: pair.range.count, message: message,
            hint: "write \\[ and \\] when the brackets are text: there %{…} is no reference, only characters", path: [])
        error.places = [GrokPlace(definition: nil, text: expression, range: pair.range)]
        return error
    }

    /// An expression that begins with a slash is `/regexp/options` to Fluentd, with room for two option letters.
    private func literal(
        _ text: [UInt8], _ expression: String, _ given: RubyPattern.Options
    ) throws(GrokError) -> (ArraySlice<UInt8>, RubyPattern.Options) {
        guard let slash = text.lastIndex(of: UInt8(ascii: "/")), slash >= text.count - 3 else {
            throw GrokError(
                kind: .badExpression, offset: 0, length: 1,
                message: "an expression that begins with / is read as /regexp/options and has no right slash",
                hint: "write (?:/) for the first slash, or \\/", path: [])
        }
        var options = given
        if text[(slash + 1)...].contains(UInt8(ascii: "i")) { options.insert(.ignoringCase) }
        if text[(slash + 1)...].contains(UInt8(ascii: "m")) { options.insert(.dotMatchesNewline) }
        return (slash > 0 ? text[1..<slash] : text[1...], options)
    }
}
