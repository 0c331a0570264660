/// Says in words what an element of an expression wants.
struct ExplainWords {
    let expansion: GrokExpansion
    let library: PatternLibrary
    let shift: Int

    /// What is wanted where a match stops: the definition's own comment, the text itself, or the part's meaning.
    func wanted(_ element: ExplainElement, _ node: PatternNode?) -> String {
        switch element.kind {
        case .reference(let number):
            guard let definition = library.definition(of: expansion.name(of: number)) else { return "a match" }
            let sample = definition.sample.map { ", such as \(shortened($0))" } ?? ""
            if let about = definition.about, !about.isEmpty { return about + sample }
            return "a match of \(shortened(definition.expression))"
        case .literal: return quoted(element.literal)
        case .space: return element.literal.count == 1 ? "one space" : "\(element.literal.count) spaces"
        case .expression:
            let node = element.nodes.first ?? PatternNode(.empty, offset: 0, length: 0)
            return words(node) ?? "a match of \(source(node))"
        }
    }

    /// The part as it is written.
    private func source(_ node: PatternNode) -> String {
        let range = (node.offset + shift)..<(node.offset + node.length + shift)
        guard range.upperBound <= expansion.text.count else { return "the expression" }
        return shortened(String(decoding: expansion.text[range], as: UTF8.self))
    }

    private func shortened(_ text: String) -> String { text.count > 60 ? text.prefix(59) + "…" : text }

    private func quoted(_ text: String) -> String { text == "'" ? "\"'\"" : "'\(text)'" }

    private func words(_ node: PatternNode) -> String? {
        switch node.kind {
        case .literal(let scalar, _):
            return Unicode.Scalar(scalar).map { $0 == " " ? "one space" : quoted(String(Character($0))) }
        case .any: return "any character"
        case .oneOf: return name(ofClass: source(node))
        case .anchor(let anchor): return name(of: anchor)
        case .lineBreak: return "a line break"
        case .repetition(let repetition, let body):
            var inner = body
            while case .group(let unwrapped) = inner.kind { inner = unwrapped }
            guard case .oneOf = inner.kind else {
                if case .any = inner.kind, repetition.minimum > 0 { return "at least one more character" }
                return nil
            }
            let single = name(ofClass: source(inner))
            switch (repetition.minimum, repetition.maximum) {
            case (1, nil): return "one or more times \(single)"
            case (let minimum, let maximum) where minimum == maximum: return "\(minimum) times \(single)"
            case (let minimum, let maximum?): return "\(minimum) to \(maximum) times \(single)"
            case (let minimum, nil): return "at least \(minimum) times \(single)"
            }
        case .look(let ahead, let negative, _):
            return "a place \(ahead ? "before" : "behind") "
                + "\(negative ? "which there is no" : "which there is a") match of \(source(node))"
        case .group(let body), .scoped(_, let body), .capture(_, _, let body), .atomic(let body): return words(body)
        case .alternation(let branches):
            let texts = branches.map { expandedSource($0) }
            guard texts.count <= 12, texts.allSatisfy({ $0.count <= 24 }) else { return nil }
            return "one of " + texts.map { $0.isEmpty ? "nothing" : $0 }.joined(separator: ", ")
        default: return nil
        }
    }

    /// An alternative as its definition writes it: references by name and not by what they stand for.
    private func expandedSource(_ node: PatternNode) -> String {
        let range = (node.offset + shift)..<(node.offset + node.length + shift)
        guard range.upperBound <= expansion.text.count else { return "" }
        if let number = expansion.reference(at: range.lowerBound) { return "%{\(expansion.name(of: number))}" }
        return String(decoding: expansion.text[range], as: UTF8.self)
    }

    private func name(ofClass text: String) -> String {
        switch text {
        case "\\d", "[0-9]", "[[:digit:]]": return "a digit"
        case "[1-9]": return "a digit other than 0"
        case "\\w", "[a-zA-Z0-9_]", "[A-Za-z0-9_]": return "a letter, digit or _"
        case "\\s", "[[:space:]]": return "white space"
        case "\\S": return "a character that is not white space"
        case "\\D": return "a character that is no digit"
        case "\\W": return "a character that is no letter, digit or _"
        case "\\h", "[0-9A-Fa-f]", "[0-9a-fA-F]", "[a-fA-F0-9]": return "a hexadecimal digit"
        case "[a-zA-Z]", "[A-Za-z]": return "a letter"
        default:
            if text.hasPrefix("[^"), text.hasSuffix("]") {
                return "a character other than \(text.dropFirst(2).dropLast())"
            }
            return "a character of \(text)"
        }
    }

    private func name(of anchor: Anchor) -> String {
        switch anchor {
        case .lineStart: "the beginning of the line"
        case .lineEnd: "the end of the line"
        case .subjectStart: "the beginning of the text"
        case .subjectEnd, .subjectEndOrLastNewline: "the end of the text"
        case .searchStart: "the place where the search began"
        case .wordBoundary: "the edge of a word"
        case .notWordBoundary: "a place that is not the edge of a word"
        case .keep: "nothing"
        }
    }
}
