/// The same expression read another way: a field takes as little as it can instead of as much.
///
/// Where both readings fit a line and differ, nobody can say where the field ends, and a change beside it would guess.
enum OtherReading {
    /// The node with the captures of a name turned from greedy to lazy; nil when none of them takes as much as it can.
    ///
    /// - Parameter ofAnything: only where any character is taken, not those of a class.
    static func of(_ node: PatternNode, _ field: String, ofAnything: Bool = false) -> PatternNode? {
        var hasChanged = false
        let other = node.mapped { capture in
            guard case .capture(let name?, let number, let body) = capture.kind, name == field else { return nil }
            var result = capture
            result.kind = .capture(name: field, number: number, lazy(body, ofAnything, &hasChanged))
            return result
        }
        return hasChanged ? other : nil
    }

    private static func lazy(_ node: PatternNode, _ ofAnything: Bool, _ hasChanged: inout Bool) -> PatternNode {
        var found = false
        let result = node.mapped { part in
            guard case .repetition(var repetition, let child) = part.kind, repetition.mode == .greedy,
                repetition.maximum == nil
            else { return nil }
            if ofAnything { guard case .any = child.kind else { return nil } }
            found = true
            repetition.mode = .lazy
            var result = part
            var ignored = false
            result.kind = .repetition(repetition, lazy(child, ofAnything, &ignored))
            return result
        }
        if found { hasChanged = true }
        return result
    }
}
