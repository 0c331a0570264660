/// Gives the captures of a parsed expression their numbers, and resolves what refers to them.
///
/// Ruby's rule: as soon as one group has a name, plain parentheses do not capture. A call `\g<n>` from outside the
/// group becomes a copy of it (with a number of its own under the same name), because Ruby keeps what the call captured
/// and PCRE2 does not; a call from inside stays a recursion.
struct GroupNumbering {
    /// A name and the numbers of the groups that carry it, in textual order.
    struct NamedGroup: Sendable, Equatable {
        let name: String
        var numbers: [Int]
    }

    /// Copies made for calls; beyond it the expression is refused rather than let grow.
    static let maximumCopies = 200

    private(set) var names: [NamedGroup] = []
    private(set) var count = 0
    private var nameIndex: [String: Int] = [:]
    private var definitions: [String: [PatternNode]] = [:]
    private var plain: [PatternNode] = []
    /// A `\g<0>`, when there is one.
    private var wholeIsCalled: PatternNode?
    private var copies = 0
    /// Groups that something inside them calls.
    private var recursions: Set<Int> = []
    private var open: [(key: String, number: Int)] = []

    var hasNames: Bool { !names.isEmpty }

    mutating func resolve(_ root: PatternNode) throws(PatternError) -> PatternNode {
        collect(root)
        let result = try number(root)
        if let call = wholeIsCalled {
            let walk = RecursionWalk(result, callOf: 0)
            if walk.alwaysCalls || walk.callsAtHead {
                throw PatternError(offset: call.offset, length: call.length, message: "never ending recursion")
            }
        }
        return result
    }

    /// The groups a reference means; the last one comes first, as Ruby tries them.
    func numbers(of reference: GroupReference) -> [Int] {
        switch reference {
        case .name(let name): return nameIndex[name].map { names[$0].numbers.reversed() } ?? []
        case .number(let number): return [number]
        }
    }

    private mutating func collect(_ node: PatternNode) {
        if case .capture(let name, _, _) = node.kind {
            if let name {
                if nameIndex[name] == nil {
                    nameIndex[name] = names.count
                    names.append(NamedGroup(name: name, numbers: []))
                }
                definitions[name, default: []].append(node)
            } else {
                plain.append(node)
            }
        }
        node.forEachChild { collect($0) }
    }

    private func check(_ reference: GroupReference, _ node: PatternNode) throws(PatternError) {
        switch reference {
        case .name(let name):
            if nameIndex[name] == nil {
                throw PatternError(
                    offset: node.offset, length: node.length, message: "undefined name <\(name)> reference")
            }
        case .number(let number):
            if hasNames, number != 0 {
                throw PatternError(
                    offset: node.offset, length: node.length,
                    message: "numbered backref/call is not allowed when groups have names",
                    hint: "plain parentheses do not capture then; use \\k<name>")
            }
            if number > plain.count {
                throw PatternError(offset: node.offset, length: node.length, message: "invalid backref number/name")
            }
        }
    }

    private mutating func number(_ node: PatternNode) throws(PatternError) -> PatternNode {
        try renumbered(node) ?? node
    }

    /// A part with its numbers; nil when it stays as it is, as most do.
    private mutating func renumbered(_ node: PatternNode) throws(PatternError) -> PatternNode? {
        var result = node
        switch node.kind {
        case .capture(let name, _, let body):
            if name == nil, hasNames {
                result.kind = .group(try number(body))
                return result
            }
            count += 1
            let own = count
            var key = name ?? ""
            if let name {
                if let index = nameIndex[name] { names[index].numbers.append(own) }
            } else {
                key = "#\(plain.firstIndex { $0.offset == node.offset }.map { $0 + 1 } ?? own)"
            }
            open.append((key, own))
            let inner = try number(body)
            open.removeLast()
            if recursions.remove(own) != nil {
                let walk = RecursionWalk(inner, callOf: own)
                if walk.alwaysCalls || walk.callsAtHead {
                    throw PatternError(
                        offset: node.offset, length: node.length, message: "never ending recursion",
                        hint: "let the group consume something before it calls itself, and have a way past the call")
                }
            }
            result.kind = .capture(name: name, number: own, inner)
        case .call(let reference, _):
            try check(reference, node)
            let key: String
            switch reference {
            case .name(let name): key = name
            case .number(let number): key = "#\(number)"
            }
            if case .name(let name) = reference, definitions[name]?.count ?? 0 > 1 {
                throw PatternError(
                    offset: node.offset, length: node.length, message: "multiplex definition name <\(name)> call",
                    hint: "a called group has one definition")
            }
            if reference == .number(0) {
                wholeIsCalled = node
                result.kind = .call(reference, number: 0)
            } else if let recursion = open.last(where: { $0.key == key }) {
                recursions.insert(recursion.number)
                result.kind = .call(reference, number: recursion.number)
            } else {
                let candidates: [PatternNode]
                switch reference {
                case .name(let name): candidates = definitions[name] ?? []
                case .number(let number): candidates = [plain[number - 1]]
                }
                copies += 1
                guard copies <= Self.maximumCopies else {
                    throw PatternError(
                        offset: node.offset, length: node.length,
                        message: "more than \(Self.maximumCopies) group calls")
                }
                result = try number(candidates[0])
            }
        case .backreference(let reference):
            try check(reference, node)
            return nil
        case .conditional(let reference, let yes, let no):
            try check(reference, node)
            let first = try number(yes)
            var second: PatternNode?
            if let no { second = try number(no) }
            result.kind = .conditional(reference, yes: first, no: second)
        case .sequence(let items):
            guard let numbered = try renumbered(items) else { return nil }
            result.kind = .sequence(numbered)
        case .alternation(let items):
            guard let numbered = try renumbered(items) else { return nil }
            result.kind = .alternation(numbered)
        case .group(let body), .scoped(_, let body), .atomic(let body), .look(_, _, let body), .repetition(_, let body),
            .absent(let body):
            guard let numbered = try renumbered(body) else { return nil }
            result.kind = node.kind.around(numbered)
        case .empty, .literal, .any, .oneOf, .anchor, .lineBreak, .grapheme: return nil
        }
        return result
    }

    private mutating func renumbered(_ items: [PatternNode]) throws(PatternError) -> [PatternNode]? {
        var numbered: [PatternNode]?
        for (index, item) in items.enumerated() {
            guard let other = try renumbered(item) else { continue }
            numbered = numbered ?? items
            numbered?[index] = other
        }
        return numbered
    }
}

extension PatternNode {
    /// Visits the parts directly inside this one.
    func forEachChild(_ visit: (PatternNode) -> Void) {
        switch kind {
        case .sequence(let items), .alternation(let items): for item in items { visit(item) }
        case .group(let body), .scoped(_, let body), .capture(_, _, let body), .atomic(let body), .look(_, _, let body),
            .repetition(_, let body), .absent(let body):
            visit(body)
        case .conditional(_, let yes, let no):
            visit(yes)
            if let no { visit(no) }
        case .empty, .literal, .any, .oneOf, .anchor, .lineBreak, .grapheme, .backreference, .call: break
        }
    }

    /// The parts directly inside this one.
    var children: [PatternNode] {
        var parts: [PatternNode] = []
        forEachChild { parts.append($0) }
        return parts
    }

    /// Whether itself or a part inside is of a kind.
    private func contains(where isMeant: (Kind) -> Bool) -> Bool {
        var isFound = isMeant(kind)
        forEachChild { isFound = isFound || $0.contains(where: isMeant) }
        return isFound
    }

    /// How many scalars every match of this part has; nil when they differ or are not known.
    var fixedLength: Int? {
        switch kind {
        case .empty, .anchor, .look: return 0
        case .literal, .any, .oneOf: return 1
        case .lineBreak, .grapheme, .backreference, .call, .conditional, .absent: return nil
        case .sequence(let items):
            var sum = 0
            for item in items {
                guard let length = item.fixedLength else { return nil }
                sum += length
            }
            return sum
        case .alternation(let items):
            let lengths = items.map(\.fixedLength)
            guard let first = lengths.first, lengths.allSatisfy({ $0 == first }) else { return nil }
            return first
        case .group(let body), .scoped(_, let body), .capture(_, _, let body), .atomic(let body):
            return body.fixedLength
        case .repetition(let repetition, let body):
            guard repetition.minimum == repetition.maximum, let length = body.fixedLength else { return nil }
            return length * repetition.minimum
        }
    }

    /// True when `\z` or `\Z` stands in it, which Ruby refuses in a look-behind.
    var containsSubjectEnd: Bool {
        contains {
            switch $0 {
            case .anchor(.subjectEnd), .anchor(.subjectEndOrLastNewline): true
            default: false
            }
        }
    }

    /// Whether `\G` occurs, the place where a search begins.
    var containsSearchStart: Bool {
        contains { if case .anchor(.searchStart) = $0 { true } else { false } }
    }

    var containsCapture: Bool {
        contains { if case .capture = $0 { true } else { false } }
    }
}
