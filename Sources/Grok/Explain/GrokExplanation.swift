/// Why a line does not match a grok expression: how far it follows, what stops it, and what would help.
///
/// All ranges count bytes.
package struct GrokExplanation: Sendable, Equatable {
    /// The part of the operator's expression that the line does not follow. When it is a reference, `places` leads to
    /// what failed in it.
    package let expressionRange: Range<Int>
    /// What the parts before it match in the line; nil when it is the first.
    package let lineRange: Range<Int>?
    /// The definitions that lead from the expression to the part, outermost first.
    package let path: [String]
    /// The same way with its texts: the operator's expression first, the part that failed last.
    package let places: [GrokPlace]
    /// What was wanted at `found`, in words.
    package let wanted: String
    /// What stands there instead; empty where the line ends.
    package let found: Range<Int>
    /// What the part itself takes of the line before `found`, when it takes something: `12` of `12a4`.
    package let taken: Range<Int>?
    /// True when the rest of the line matches once this part is changed.
    package let isOnlyProblem: Bool
    /// Small changes with which the whole line matches, the most fitting first.
    package let suggestions: [GrokRemedy]
    /// What is around the line's text, such as colours of a terminal.
    package let decorations: [LineDecoration]
    /// How near the line came: how many of its bytes were followed, the whole line where one part alone is wrong.
    package var reach: Int { isOnlyProblem ? Int.max : found.lowerBound }
    /// An attempt ran into its limit of time or steps: there may be a better explanation.
    package let isCutShort: Bool
}

extension GrokCompiler {
    /// The expression with every `%{…}` replaced, as it is read as a regular expression.
    ///
    /// - Throws: `GrokError` for names that are not defined and definitions that refer to themselves.
    package func expansion(of expression: String) throws(GrokError) -> String {
        String(decoding: try GrokExpansion(Array(expression.utf8), library: library).text, as: UTF8.self)
    }

    /// Names of groups that end in a type as references have one: `(?<took:float>…)`. Fluentd reads the whole as the name.
    package func typedGroupNames(in expression: String) -> [String] {
        guard let reading = try? read(expression, multiline: false) else { return [] }
        return reading.pattern.groups.names.map(\.name).filter { name in
            guard let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
            return FieldType(String(name[name.utf8.index(after: colon)...])) != nil
        }
    }

    /// References that are never closed, each as the mistake that it is: to Fluentd it is text, which no line holds.
    package func unclosedReferences(in expression: String) -> [GrokError] {
        let bytes = Array(expression.utf8)
        return looseReferences(in: expression).compactMap { range in
            let part = String(decoding: bytes[range], as: UTF8.self)
            guard !part.hasSuffix("}") else { return nil }
            let end = range.lowerBound + part.prefix { $0 != " " }.utf8.count
            var error = GrokError(
                kind: .badExpression, offset: end, length: 0, message: "'\(part)' has no }",
                hint: "close the reference", path: [])
            error.places = [GrokPlace(definition: nil, text: expression, range: end..<end)]
            return error
        }
    }

    /// Where an expression has a `%{` that begins no reference: it is read as text, without an error, as in Fluentd.
    package func looseReferences(in expression: String) -> [Range<Int>] {
        let text = Array(expression.utf8)
        var result: [Range<Int>] = []
        var index = 0
        while index + 1 < text.count {
            if text[index] == UInt8(ascii: "%"), text[index + 1] == UInt8(ascii: "{") {
                if let reference = GrokReference.first(in: text, from: index), reference.range.lowerBound == index {
                    index = reference.range.upperBound
                    continue
                }
                let end = text[index...].firstIndex(of: UInt8(ascii: "}")).map { $0 + 1 } ?? text.count
                result.append(index..<end)
                index += 1
            }
            index += 1
        }
        return result
    }
}
