internal import Events
internal import Grok
internal import Pipeline
internal import Time
internal import YAML

/// Something that is not as a case says.
package struct CaseDifference: Equatable, Sendable {
    /// `record.took`, `action.index._index`, or an end.
    package let place: String
    /// nil: nothing was expected there.
    package let expected: String?
    /// nil: nothing is there.
    package let seen: String?
}

/// A text between slashes.
struct CasePattern {
    private let regex: Regex

    /// nil: it is no pattern.
    init?(_ text: String) {
        guard text.count > 2, text.hasPrefix("/"), text.hasSuffix("/"),
            let regex = try? Regex(String(text.dropFirst().dropLast()))
        else { return nil }
        self.regex = regex
    }

    /// A pattern that finds a text, and only where there is nothing besides.
    static func of(_ text: String) -> String {
        var pattern = "/\\A"
        for scalar in text.unicodeScalars {
            if "\\^$.|?*+()[]{}".unicodeScalars.contains(scalar) { pattern += "\\" }
            pattern.unicodeScalars.append(scalar)
        }
        return pattern + "\\z/"
    }

    func isFound(in text: String) -> Bool {
        let bytes = Array(text.utf8)
        let scratch = MatchScratch(limits: MatchLimits())
        return regex.match(bytes.span, as: SubjectText.classify(bytes.span), scratch) == .matched
    }
}

/// What a case says against what was seen.
enum CaseComparison {
    /// Lets a mapping have more than is said.
    static let othersKey = "..."

    /// What an entry's key means of an output; nil: there is no such thing.
    static func part(_ name: String, _ step: TrialStep, _ made: [OutputPart]) -> YAMLNode? {
        switch name {
        case "record":
            let fields = step.record.fields.map { field in
                YAMLNode.Entry(key: field.name, keyPlace: place, value: node(json: field.value))
            }
            return YAMLNode(content: .mapping(fields), place: place, endOffset: 0)
        case "tag": return scalar(step.tag)
        case "time": return scalar(TimeWriter.iso8601(step.record.time))
        default: return made.first { $0.name == name }.map { $0.isJSON ? node(json: $0.text) : scalar($0.text) }
        }
    }

    private static let place = YAMLPlace(line: 0, column: 0, offset: 0)

    static func scalar(_ text: String) -> YAMLNode {
        YAMLNode(content: .scalar(text, isPlain: false), place: place, endOffset: 0)
    }

    /// JSON is YAML, but for what nobody has in a log, such as a key twice; that is compared as text.
    static func node(json: String) -> YAMLNode {
        (try? YAMLDocument.parse(Array(JSONOfYAML.printable(json).utf8))).flatMap { $0 } ?? scalar(json)
    }

    static func differences(at place: String, expected: YAMLNode, seen: YAMLNode?) -> [CaseDifference] {
        guard let seen else { return [CaseDifference(place: place, expected: shown(expected), seen: nil)] }
        let other = [CaseDifference(place: place, expected: shown(expected), seen: shown(seen))]
        switch (expected.content, seen.content) {
        case (.mapping(let wanted), .mapping(let found)):
            var differences: [CaseDifference] = []
            for entry in wanted where entry.key != othersKey {
                differences += Self.differences(
                    at: "\(place).\(entry.key)", expected: entry.value,
                    seen: found.first { $0.key == entry.key }?.value)
            }
            if !wanted.contains(where: { $0.key == othersKey }) {
                for entry in found where !wanted.contains(where: { $0.key == entry.key }) {
                    differences.append(
                        CaseDifference(place: "\(place).\(entry.key)", expected: nil, seen: shown(entry.value)))
                }
            }
            return differences
        case (.sequence(let wanted), .sequence(let found)):
            guard wanted.count == found.count else { return other }
            return zip(wanted, found).enumerated().flatMap { index, pair in
                Self.differences(at: "\(place)[\(index)]", expected: pair.0, seen: pair.1)
            }
        case (.scalar(let text, let isPlain), _):
            if let pattern = CasePattern(text) { return pattern.isFound(in: seen.text ?? shown(seen)) ? [] : other }
            guard case .scalar(let found, let isFoundPlain) = seen.content else { return other }
            let isEqual = equal(
                JSONOfYAML.scalar(text, isPlain: isPlain), JSONOfYAML.scalar(found, isPlain: isFoundPlain))
            return isEqual ? [] : other
        default: return other
        }
    }

    private static func equal(_ a: JSONOfYAML.Scalar, _ b: JSONOfYAML.Scalar) -> Bool {
        if case (.number(let a), .number(let b)) = (a, b) {
            return a == b || Double(a) == Double(b) && Double(a) != nil
        }
        return a == b
    }

    /// As JSON that is YAML as well.
    static func shown(_ node: YAMLNode) -> String {
        JSONOfYAML.printable(String(decoding: JSONOfYAML.bytes(node), as: UTF8.self))
    }
}
