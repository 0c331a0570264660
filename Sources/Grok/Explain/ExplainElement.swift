/// A part of an expression as an operator sees it: a reference, a text, white space, or a piece of regular expression.
struct ExplainElement {
    enum Kind: Equatable {
        /// `%{NAME…}`: its number in the expansion.
        case reference(Int)
        /// Characters that stand for themselves, without white space.
        case literal
        /// Blanks that stand for themselves.
        case space
        case expression
    }

    let kind: Kind
    var nodes: [PatternNode]
    /// Its bytes in the pattern's source.
    var source: Range<Int>
    /// The reference whose definition it stands in; nil: the operator's expression.
    let owner: Int?

    /// How many characters it takes, when it is a piece of expression that always takes as many.
    var fixedLength: Int? { kind == .expression && nodes.count == 1 ? nodes[0].fixedLength : nil }

    /// `^`, `$` and their like.
    var anchor: Anchor? {
        if nodes.count == 1, case .anchor(let anchor) = nodes[0].kind { return anchor }
        return nil
    }

    /// Characters that stand for themselves.
    var isText: Bool { kind == .literal || kind == .space }

    /// A part that takes what the line has: no characters of its own, and no anchor.
    var isPattern: Bool { !isText && anchor == nil }

    /// The characters of a literal.
    var literal: String {
        var text = ""
        for node in nodes {
            if case .literal(let scalar, _) = node.kind, let value = Unicode.Scalar(scalar) {
                text.unicodeScalars.append(value)
            }
        }
        return text
    }
}

/// Takes a tree apart into elements.
struct ExplainElements {
    let expansion: GrokExpansion
    /// Where the pattern's source begins in the expansion.
    let shift: Int
    let library: PatternLibrary

    /// The elements that follow one another in a part of `owner`'s text. Groups without alternatives are opened.
    func elements(of node: PatternNode, owner: Int?) -> [ExplainElement] {
        var result: [ExplainElement] = []
        collect(node, owner, &result)
        return result
    }

    /// What an element consists of: one list, or one for each alternative; nil for what cannot be taken apart.
    func choices(of element: ExplainElement) -> [[ExplainElement]]? {
        guard element.nodes.count == 1, var node = element.nodes.first else { return nil }
        var owner = element.owner
        if case .reference(let number) = element.kind {
            // What a definition without references consists of says less than its own comment.
            let definition = expansion.text(of: number)
            guard let first = GrokReference.first(in: definition, from: 0), !isOtherName(first, definition) else {
                return nil
            }
            owner = number
        } else {
            let source = (element.source.lowerBound + shift)..<(element.source.upperBound + shift)
            let text = Array(expansion.text(of: owner)[expansion.local(source, in: owner)])
            guard GrokReference.first(in: text, from: 0) != nil else { return nil }
        }
        while true {
            switch node.kind {
            case .group(let body), .capture(_, _, let body), .scoped(_, let body), .atomic(let body):
                node = body
                // `(?:%{A})`, and definitions that are another name for one pattern.
                if let next = expansion.reference(at: node.offset + shift), expansion.parent(of: next) == owner {
                    return [elements(of: node, owner: owner)]
                }
            case .alternation(let branches): return branches.map { elements(of: $0, owner: owner) }
            case .repetition(let repetition, let body) where repetition.maximum == 1: node = body
            case .sequence: return [elements(of: node, owner: owner)]
            default: return nil
            }
        }
    }

    /// Whether a definition is nothing but another pattern's name, and that one has no references.
    private func isOtherName(_ reference: GrokReference, _ definition: [UInt8]) -> Bool {
        guard reference.range == 0..<definition.count, let target = library.definition(of: reference.name) else {
            return false
        }
        return GrokReference.first(in: Array(target.expression.utf8), from: 0) == nil
    }

    private func joins(_ element: ExplainElement, _ scalar: UInt32) -> Bool {
        guard element.kind == .literal, let last = element.nodes.last, case .literal(let before, _) = last.kind else {
            return true
        }
        return before == scalar || ScalarSet.word.contains(before) || before > 0x7F
    }

    /// `(?<name>…)` as written; the captures themselves may have been taken out of the tree.
    private func isNamedGroup(_ node: PatternNode) -> Bool {
        let start = node.offset + shift
        guard start + 4 < expansion.text.count, expansion.text[start..<(start + 2)].elementsEqual("(?".utf8) else {
            return false
        }
        let opening = expansion.text[start + 2]
        let next = expansion.text[start + 3]
        return opening == UInt8(ascii: "'")
            || opening == UInt8(ascii: "<") && next != UInt8(ascii: "=") && next != UInt8(ascii: "!")
    }

    private func collect(_ node: PatternNode, _ owner: Int?, _ result: inout [ExplainElement]) {
        let source = node.offset..<(node.offset + node.length)
        func append(_ kind: ExplainElement.Kind) {
            result.append(ExplainElement(kind: kind, nodes: [node], source: source, owner: owner))
        }
        switch node.kind {
        case .sequence(let items): for item in items { collect(item, owner, &result) }
        case .empty: break
        case .group(let body), .scoped(_, let body), .capture(_, _, let body):
            if let number = expansion.reference(at: node.offset + shift), expansion.parent(of: number) == owner {
                return append(.reference(number))
            }
            if case .alternation = body.kind { return append(.expression) }
            if isNamedGroup(node) { return append(.expression) }
            collect(body, owner, &result)
        case .literal(let scalar, _):
            let kind: ExplainElement.Kind = scalar == 0x20 || scalar == 0x09 ? .space : .literal
            // A run of its kind is one element: `user=`, `--`; `]:` is two.
            if let last = result.last, last.kind == kind, last.owner == owner, joins(last, scalar) {
                result[result.count - 1].nodes.append(node)
                result[result.count - 1].source =
                    last.source.lowerBound..<max(last.source.upperBound, source.upperBound)
            } else {
                append(kind)
            }
        default: append(.expression)
        }
    }
}

extension PatternNode {
    /// True when something refers to a group, so that the captures must stay.
    var containsReference: Bool {
        switch kind {
        case .backreference, .call, .conditional: return true
        default: return children.contains { $0.containsReference }
        }
    }
}
