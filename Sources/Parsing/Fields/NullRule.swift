internal import Events
internal import Grok

/// Which texts are null: `null_empty_string`, `null_value_pattern`. One for each parser and thread.
final class NullRule {
    private let takesEmpty: Bool
    private let pattern: Regex?
    private let scratch: MatchScratch?

    init(_ rules: FieldRules) {
        takesEmpty = rules.nullsEmpty
        pattern = rules.nullPattern
        scratch = rules.nullPattern.map { MatchScratch(captures: $0.captureCount) }
    }

    var isActive: Bool { takesEmpty || pattern != nil }

    func isNull(_ text: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        if takesEmpty && text.length == 0 { return true }
        guard let pattern, let scratch else { return false }
        let subject = storage.span.extracting(Int(text.offset)..<text.end)
        return pattern.match(subject, as: SubjectText(storage.kind(of: text)), scratch) == .matched
    }
}

extension SubjectText {
    /// The two rooms' names for the same thing.
    init(_ kind: TextKind) {
        switch kind {
        case .ascii: self = .ascii
        case .utf8: self = .utf8
        case .invalid: self = .invalid
        }
    }
}
