/// Finds groups that call themselves without a way out, which Ruby refuses and PCRE2 would run into at every line.
struct RecursionWalk {
    /// Every way through the part calls the group.
    var alwaysCalls: Bool
    /// Some way through the part calls the group before it consumes anything.
    var callsAtHead: Bool
    var mayBeEmpty: Bool

    /// How a part calls group `number`.
    init(_ node: PatternNode, callOf number: Int) {
        self.init(alwaysCalls: false, callsAtHead: false, mayBeEmpty: false)
        switch node.kind {
        case .call(_, number): (alwaysCalls, callsAtHead) = (true, true)
        case .empty, .anchor, .backreference, .absent: mayBeEmpty = true
        case .literal, .any, .oneOf, .lineBreak, .grapheme, .call: break
        case .sequence(let items):
            mayBeEmpty = true
            for item in items {
                let walk = RecursionWalk(item, callOf: number)
                alwaysCalls = alwaysCalls || walk.alwaysCalls
                callsAtHead = callsAtHead || (mayBeEmpty && walk.callsAtHead)
                mayBeEmpty = mayBeEmpty && walk.mayBeEmpty
            }
        case .alternation(let items): self = Self.choice(items, number)
        case .conditional(_, let yes, let no):
            self = Self.choice([yes] + (no.map { [$0] } ?? []), number)
            if no == nil { (alwaysCalls, mayBeEmpty) = (false, true) }
        case .group(let body), .scoped(_, let body), .capture(_, _, let body), .atomic(let body):
            self = RecursionWalk(body, callOf: number)
        case .look(_, _, let body):
            self = RecursionWalk(body, callOf: number)
            mayBeEmpty = true
        case .repetition(let repetition, let body):
            self = RecursionWalk(body, callOf: number)
            if repetition.minimum == 0 { (alwaysCalls, mayBeEmpty) = (false, true) }
        }
    }

    private init(alwaysCalls: Bool, callsAtHead: Bool, mayBeEmpty: Bool) {
        self.alwaysCalls = alwaysCalls
        self.callsAtHead = callsAtHead
        self.mayBeEmpty = mayBeEmpty
    }

    private static func choice(_ items: [PatternNode], _ number: Int) -> RecursionWalk {
        var result = RecursionWalk(alwaysCalls: true, callsAtHead: false, mayBeEmpty: false)
        for item in items {
            let walk = RecursionWalk(item, callOf: number)
            result.alwaysCalls = result.alwaysCalls && walk.alwaysCalls
            result.callsAtHead = result.callsAtHead || walk.callsAtHead
            result.mayBeEmpty = result.mayBeEmpty || walk.mayBeEmpty
        }
        return result
    }
}
