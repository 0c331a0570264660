/// What a part of an expression can begin or end with, as far as `\b` needs it.
///
/// `\b` next to something that is surely an ASCII word character is one negative look-around; in general it is four.
struct WordEdge {
    /// Some match of the part is empty, so that its neighbour decides.
    var mayBeEmpty: Bool
    /// Every non-empty match has an ASCII word character at this edge.
    var isWord: Bool

    static let unknown = WordEdge(mayBeEmpty: true, isWord: false)
    static let transparent = WordEdge(mayBeEmpty: true, isWord: true)

    /// The edge of several parts one after the other, seen from the first.
    static func of(_ items: some Sequence<PatternNode>, leading: Bool) -> WordEdge {
        var result = transparent
        for item in items {
            let edge = item.wordEdge(leading: leading)
            result.isWord = result.isWord && edge.isWord
            if !edge.mayBeEmpty {
                result.mayBeEmpty = false
                break
            }
        }
        return result
    }

    var isCertainWord: Bool { isWord && !mayBeEmpty }
}

extension PatternNode {
    func wordEdge(leading: Bool) -> WordEdge {
        switch kind {
        case .empty, .anchor, .look: return .transparent
        case .literal(let scalar, let ignoringCase):
            // (?i) lets k and s match letters beyond ASCII.
            return WordEdge(mayBeEmpty: false, isWord: ScalarSet.word.contains(scalar) && !ignoringCase)
        case .oneOf(let expression, let ignoringCase):
            let members = expression.evaluated(ignoringCase: ignoringCase, members: { _ in nil })
            return WordEdge(
                mayBeEmpty: false, isWord: !ignoringCase && (members?.isSubset(of: .word) ?? false))
        case .any, .lineBreak, .grapheme: return WordEdge(mayBeEmpty: false, isWord: false)
        case .sequence(let items):
            return leading ? .of(items, leading: true) : .of(items.reversed(), leading: false)
        case .alternation(let items):
            var result = WordEdge(mayBeEmpty: false, isWord: true)
            for item in items {
                let edge = item.wordEdge(leading: leading)
                result.mayBeEmpty = result.mayBeEmpty || edge.mayBeEmpty
                result.isWord = result.isWord && edge.isWord
            }
            return result
        case .group(let body), .scoped(_, let body), .capture(_, _, let body), .atomic(let body):
            return body.wordEdge(leading: leading)
        case .repetition(let repetition, let body):
            var edge = body.wordEdge(leading: leading)
            edge.mayBeEmpty = edge.mayBeEmpty || repetition.minimum == 0
            return edge
        case .backreference, .call, .conditional, .absent: return .unknown
        }
    }
}
