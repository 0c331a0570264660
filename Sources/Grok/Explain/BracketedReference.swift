/// Brackets around a reference, `[%{WORD:level}]`: a class that matches one character, where almost always text in
/// brackets was meant.
package struct BracketedReference: Sendable, Equatable {
    /// Bytes of the expression.
    package let range: Range<Int>
    /// What to write for brackets that are text.
    package let asText: String

    /// The first one of an expression, or nil.
    package static func first(in expression: String) -> BracketedReference? {
        let bytes = Array(expression.utf8)
        guard let pair = MeantAsText.pairs(in: bytes).first(where: { $0.kind == .brackets }) else { return nil }
        let inner = String(decoding: bytes[(pair.range.lowerBound + 1)..<(pair.range.upperBound - 1)], as: UTF8.self)
        return BracketedReference(range: pair.range, asText: "\\[\(inner)\\]")
    }
}
