extension PatternNode {
    /// The tree with each part replaced by what `change` makes of it, the outer ones first; what it makes nil is looked
    /// into.
    func mapped(_ change: (PatternNode) -> PatternNode?) -> PatternNode {
        if let changed = change(self) { return changed }
        func inner(_ child: PatternNode) -> PatternNode { child.mapped(change) }
        var result = self
        switch kind {
        case .sequence(let nodes): result.kind = .sequence(nodes.map(inner))
        case .alternation(let nodes): result.kind = .alternation(nodes.map(inner))
        case .group(let child), .scoped(_, let child), .capture(_, _, let child), .atomic(let child),
            .repetition(_, let child), .look(_, _, let child), .absent(let child):
            result.kind = kind.around(inner(child))
        case .conditional(let reference, let yes, let no):
            result.kind = .conditional(reference, yes: inner(yes), no: no.map(inner))
        case .empty, .literal, .any, .oneOf, .anchor, .lineBreak, .grapheme, .backreference, .call: break
        }
        return result
    }

    /// The same without what it asks of the text before and behind it: looks, and edges of words.
    var withoutEdges: PatternNode {
        mapped { node in
            switch node.kind {
            case .look, .anchor(.wordBoundary), .anchor(.notWordBoundary):
                PatternNode(.empty, offset: node.offset, length: node.length)
            default: nil
            }
        }
    }

    /// Whether it may be left out: it then takes nothing and asks for nothing.
    var isOptional: Bool {
        switch kind {
        case .empty: true
        case .repetition(let repetition, let body): repetition.minimum == 0 || body.isOptional
        case .group(let body), .scoped(_, let body), .capture(_, _, let body), .atomic(let body): body.isOptional
        case .sequence(let items): items.allSatisfy(\.isOptional)
        case .alternation(let branches): branches.contains(where: \.isOptional)
        default: false
        }
    }

    /// Whether a part of it takes digits and no letters.
    var wantsDigits: Bool {
        switch kind {
        case .literal(let scalar, _): (0x30...0x39).contains(scalar)
        case .oneOf(.scalars(let set), _): set.contains(0x37) && !set.contains(0x71)
        default: children.contains(where: \.wantsDigits)
        }
    }

    /// Whether it asks for a text behind it.
    var looksAhead: Bool {
        if case .look(ahead: true, negative: false, _) = kind { return true }
        return children.contains(where: \.looksAhead)
    }

    /// The ASCII character with which it begins whenever it takes anything; nil: there is no such one.
    var firstText: UInt8? {
        switch kind {
        case .literal(let scalar, ignoringCase: false): UInt8(exactly: scalar).flatMap { $0 < 0x80 ? $0 : nil }
        case .group(let body), .scoped(_, let body), .capture(_, _, let body), .atomic(let body): body.firstText
        case .repetition(_, let body): body.firstText
        case .sequence(let items): items.first?.firstText
        default: nil
        }
    }

    /// The names of the groups in it.
    var captureNames: [String] {
        let inner = children.flatMap(\.captureNames)
        if case .capture(let name?, _, _) = kind { return [name] + inner }
        return inner
    }
}
