/// The same expression read another way: a field that takes anything takes as little as it can instead of as much.
///
/// Where both readings fit a line and differ, nobody can say where the field ends, and a change beside it would guess.
enum OtherReading {
    /// The node with the captures of a name turned from greedy to lazy; nil when none of them takes anything as long as it
    /// can.
    static func of(_ node: PatternNode, _ field: String) -> PatternNode? {
        var hasChanged = false
        let other = node.mapped { capture in
            guard case .capture(let name?, let number, let body) = capture.kind, name == field else { return nil }
            var result = capture
            result.kind = .capture(name: field, number: number, lazy(body, &hasChanged))
            return result
        }
        return hasChanged ? other : nil
    }

    private static func lazy(_ node: PatternNode, _ hasChanged: inout Bool) -> PatternNode {
        var found = false
        let result = node.mapped { part in
            guard case .repetition(var repetition, let child) = part.kind, case .any = child.kind,
                repetition.mode == .greedy, repetition.maximum == nil
            else { return nil }
            found = true
            repetition.mode = .lazy
            var result = part
            result.kind = .repetition(repetition, child)
            return result
        }
        if found { hasChanged = true }
        return result
    }
}
