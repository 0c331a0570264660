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
    ///
    /// Ruby folds the whole class, before its own `^` and after everything inside: `(?i)[^a]` leaves `A` out,
    /// `(?i)[[^a]]` is everything.
    func evaluated(ignoringCase: Bool, members: (String) -> ScalarSet?) -> ScalarSet? {
        guard ignoringCase else { return raw(members) }
        if case .complement(let part) = self { return part.raw(members)?.closedUnderASCIICase().complement() }
        return raw(members)?.closedUnderASCIICase()
    }

    private func raw(_ members: (String) -> ScalarSet?) -> ScalarSet? {
        switch self {
        case .scalars(let set): return set
        case .property(let name): return members(name)
        case .union(let parts):
            var result = ScalarSet()
            for part in parts {
                guard let set = part.raw(members) else { return nil }
                result = result.union(set)
            }
            return result
        case .intersection(let parts):
            var result = ScalarSet.all
            for part in parts {
                guard let set = part.raw(members) else { return nil }
                result = result.intersection(set)
            }
            return result
        case .complement(let part): return part.raw(members)?.complement()
        }
    }

    /// The properties that hold one case only; under `(?i)` they hold all cased letters.
    private static let cased: Set<String> = ["lu", "ll", "lt", "Lu", "Ll", "Lt", "Uppercase", "Lowercase"]

    /// The formula with the other case of its members, as far as properties go; PCRE2 folds the scalars.
    private func folded() -> ClassExpression {
        switch self {
        case .property(let name) where Self.cased.contains(name):
            return .union([self, .property("Lu"), .property("Ll"), .property("Lt")])
        case .union(let parts):
            return .union(
                parts.map { part in
                    if case .complement(.property(let name)) = part, Self.cased.contains(name) { return .scalars(.all) }
                    return part.folded()
                })
        case .complement(let part): return .complement(part.folded())
        case .property, .scalars, .intersection: return self
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
    func unicodeText(ignoringCase: Bool, isFolded: Bool = false) -> String {
        if let set = evaluated(ignoringCase: ignoringCase, members: { _ in nil }) { return PatternText.oneOf(set) }
        if ignoringCase, !isFolded { return folded().unicodeText(ignoringCase: true, isFolded: true) }
        if let body = flatBody() { return "[\(body)]" }
        if ignoringCase, let known = evaluated(ignoringCase: true, members: CompiledPattern.asciiMembers(ofProperty:)) {
            // What remains beyond ASCII is not folded: rare, and no log format is known to need it.
            let ascii = PatternText.oneOf(known.intersection(.ascii))
            return "(?:\(ascii)|(?![\\x{0}-\\x{7f}])(?-i:\(unicodeText(ignoringCase: false))))"
        }
        switch self {
        case .complement(let part):
            if let body = part.flatBody() { return "[^\(body)]" }
            return "(?:(?!\(part.unicodeText(ignoringCase: ignoringCase, isFolded: isFolded))).)"
        case .union(let parts):
            return "(?:"
                + parts.map { $0.unicodeText(ignoringCase: ignoringCase, isFolded: isFolded) }.joined(separator: "|")
                + ")"
        case .intersection(let parts):
            let texts = parts.map { $0.unicodeText(ignoringCase: ignoringCase, isFolded: isFolded) }
            guard let last = texts.last else { return "(?:.)" }
            return "(?:" + texts.dropLast().map { "(?=\($0))" }.joined() + last + ")"
        case .scalars(let set):
            return PatternText.oneOf(set)
        case .property(let name):
            return "\\p{\(name)}"
        }
    }
}
