internal import Pipeline
internal import YAML

/// An entry of `expect`.
package struct ExpectedEnd: Sendable {
    enum Kind: Sendable {
        case output(String)
        /// nil: wherever.
        case dropped(String?)
        case refused(YAMLNode)
        case unmatched
    }

    let kind: Kind
    /// What else it says.
    let parts: [YAMLNode.Entry]
    let line: Int

    init(_ node: YAMLNode) throws(YAMLError) {
        guard let entries = node.entries else { throw .at(node, "an entry of 'expect' is a mapping") }
        line = node.place.line
        let kinds = ["output", "dropped", "refused", "unmatched"]
        let given = entries.filter { kinds.contains($0.key) }
        guard given.count == 1, let first = given.first, let text = first.value.text else {
            throw .at(node, "an entry of 'expect' names one of \(kinds.joined(separator: ", "))")
        }
        switch first.key {
        case "output": kind = .output(text)
        case "dropped": kind = .dropped(text == "true" ? nil : text)
        case "refused": kind = .refused(first.value)
        default: kind = .unmatched
        }
        parts = entries.filter { !kinds.contains($0.key) }
        guard case .output = kind else {
            if let extra = parts.first {
                throw YAMLError(
                    line: extra.keyPlace.line, column: extra.keyPlace.column,
                    sentence: "'\(extra.key)' belongs to an 'output'")
            }
            return
        }
    }

    var title: String {
        switch kind {
        case .output(let name): "output \(name)"
        case .dropped(let stage): stage.map { "dropped by \($0)" } ?? "dropped"
        case .refused(let reason): "refused: \(reason.text ?? "")"
        case .unmatched: "no <match> takes it"
        }
    }

    /// nil: it is about another end. Else what is different.
    func differences(to seen: SeenEnd) -> [CaseDifference]? {
        switch (kind, seen) {
        case (.unmatched, .unmatched): return []
        case (.dropped(let stage), .dropped(let step)):
            return stage == nil || Self.names(step).contains(stage!) ? [] : nil
        case (.refused(let expected), .refused(_, let reason)):
            return Self.contains(expected.text ?? "", reason) ? [] : nil
        case (.output(let name), .output(let step, let made)):
            guard Self.names(step).contains(name) else { return nil }
            var differences: [CaseDifference] = []
            for part in parts {
                differences += CaseComparison.differences(
                    at: part.key, expected: part.value, seen: CaseComparison.part(part.key, step, made))
            }
            return differences
        default: return nil
        }
    }

    /// A refusal's reason has something of the record in it: its words are enough.
    private static func contains(_ expected: String, _ reason: String) -> Bool {
        CasePattern(expected).map { $0.isFound(in: reason) } ?? reason.contains(expected)
    }

    private static func names(_ step: TrialStep) -> [String] { [step.stage, step.type, step.label] }
}
