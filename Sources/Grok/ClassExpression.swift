/// A bracket class, a shorthand (`\w`) or a property (`\p{Lu}`) as a formula over sets of scalars.
///
/// A property's members are known to PCRE2 only, so a formula that holds one can be computed for ASCII (by asking
/// PCRE2 128 times) and is otherwise written with look-aheads.
indirect enum ClassExpression: Equatable, Sendable {
    case scalars(ScalarSet)
    /// A property by the name PCRE2 10.42 gives it, such as `Lu` or `Alphabetic`.
    case property(String)
    case union([ClassExpression])
    case intersection([ClassExpression])
    case complement(ClassExpression)

    /// The members, or nil when a property occurs that `members` does not know.
    func evaluated(ignoringCase: Bool, members: (String) -> ScalarSet?) -> ScalarSet? {
        switch self {
        case .scalars(let set):
            return ignoringCase ? set.closedUnderASCIICase() : set
        case .property(let name):
            guard let set = members(name) else { return nil }
            return ignoringCase ? set.closedUnderASCIICase() : set
        case .union(let parts):
            var result = ScalarSet()
            for part in parts {
                guard let set = part.evaluated(ignoringCase: ignoringCase, members: members) else { return nil }
                result = result.union(set)
            }
            return result
        case .intersection(let parts):
            var result = ScalarSet.all
            for part in parts {
                guard let set = part.evaluated(ignoringCase: ignoringCase, members: members) else { return nil }
                result = result.intersection(set)
            }
            return result
        case .complement(let part):
            return part.evaluated(ignoringCase: ignoringCase, members: members)?.complement()
        }
    }

    /// The text between PCRE2's brackets when the formula is a plain union there, else nil.
    func flatBody() -> String? {
        switch self {
        case .scalars(let set): return PatternText.classBody(set)
        case .property(let name): return "\\p{\(name)}"
        case .complement(.property(let name)): return "\\P{\(name)}"
        case .complement(.scalars(let set)): return PatternText.classBody(set.complement())
        case .complement(.complement(let part)): return part.flatBody()
        case .complement, .intersection: return nil
        case .union(let parts):
            var body = ""
            for part in parts {
                guard let text = part.flatBody() else { return nil }
                body += text
            }
            return body
        }
    }

    /// PCRE2 text in UTF mode that consumes exactly one scalar of the set. The dot must match everything (DOTALL).
    func unicodeText(ignoringCase: Bool) -> String {
        if let set = evaluated(ignoringCase: ignoringCase, members: { _ in nil }) { return PatternText.oneOf(set) }
        if let body = flatBody() { return "[\(body)]" }
        switch self {
        case .complement(let part):
            if let body = part.flatBody() { return "[^\(body)]" }
            return "(?:(?!\(part.unicodeText(ignoringCase: ignoringCase))).)"
        case .union(let parts):
            return "(?:" + parts.map { $0.unicodeText(ignoringCase: ignoringCase) }.joined(separator: "|") + ")"
        case .intersection(let parts):
            let texts = parts.map { $0.unicodeText(ignoringCase: ignoringCase) }
            guard let last = texts.last else { return "(?:.)" }
            return "(?:" + texts.dropLast().map { "(?=\($0))" }.joined() + last + ")"
        case .scalars(let set):
            return PatternText.oneOf(set)
        case .property(let name):
            return "\\p{\(name)}"
        }
    }
}
