/// The same expression read another way: a field that takes anything takes as little as it can instead of as much.
///
/// Where both readings fit a line and differ, nobody can say where the field ends, and a change beside it would guess.
enum OtherReading {
    /// The node with the captures of a name turned from greedy to lazy; nil when none of them takes anything as long as it
    /// can.
    static func of(_ node: PatternNode, _ field: String) -> PatternNode? {
        var hasChanged = false
        let other = changed(node, field, isInside: false, &hasChanged)
        return hasChanged ? other : nil
    }

    private static func changed(
        _ node: PatternNode, _ field: String, isInside: Bool, _ hasChanged: inout Bool
    ) -> PatternNode {
        func inner(_ child: PatternNode, isInside: Bool) -> PatternNode {
            changed(child, field, isInside: isInside, &hasChanged)
        }
        var result = node
        switch node.kind {
        case .sequence(let nodes): result.kind = .sequence(nodes.map { inner($0, isInside: isInside) })
        case .alternation(let nodes): result.kind = .alternation(nodes.map { inner($0, isInside: isInside) })
        case .group(let child): result.kind = .group(inner(child, isInside: isInside))
        case .scoped(let ignoringCase, let child):
            result.kind = .scoped(ignoringCase: ignoringCase, inner(child, isInside: isInside))
        case .capture(let name, let number, let child):
            result.kind = .capture(name: name, number: number, inner(child, isInside: isInside || name == field))
        case .atomic(let child): result.kind = .atomic(inner(child, isInside: isInside))
        case .repetition(var repetition, let child):
            if isInside, case .any = child.kind, repetition.mode == .greedy, repetition.maximum == nil {
                repetition.mode = .lazy
                hasChanged = true
            }
            result.kind = .repetition(repetition, inner(child, isInside: isInside))
        case .empty, .literal, .any, .oneOf, .anchor, .lineBreak, .grapheme, .look, .backreference, .call, .conditional,
            .absent:
            break
        }
        return result
    }
}
