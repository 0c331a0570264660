internal import Pipeline
package import YAML

/// `--update`: what was seen, written into a file in place of what was expected. All else of the file stays as it is.
package enum CaseRewriting {
    /// Where the expectations of a case stand, in scalars of the document.
    struct Place: Sendable {
        /// From the key to the end of what is said; empty, behind the case's last letter, when it says nothing.
        let range: Range<Int>
        /// Of the case's keys.
        let indent: Int
        /// Whether the case has none.
        let isNew: Bool
        /// Whether the case stands between braces.
        let isFlow: Bool

        init(of node: YAMLNode) {
            let entries = node.entries ?? []
            isFlow = node.isFlow
            indent = (entries.first?.keyPlace.column ?? 1) - 1
            if let entry = entries.first(where: { $0.key == "expect" }) {
                range = entry.keyPlace.offset..<max(entry.value.endOffset, entry.keyPlace.offset + 7)
                isNew = false
            } else {
                let end = entries.last?.value.endOffset ?? node.endOffset
                range = end..<end
                isNew = true
            }
        }
    }

    /// The text with the ends of those cases that differ.
    ///
    /// What comes of it is read again: it has the same cases, and those that are written anew expect what was seen.
    /// - Throws: `YAMLError`, with the line of a case whose ends cannot be written: the file is to stay as it is.
    package static func text(_ text: String, _ results: [CaseResult]) throws(YAMLError) -> String {
        let changed = results.filter { !$0.differences.isEmpty }
        guard !changed.isEmpty else { return text }
        var letters = Array(text.unicodeScalars)
        for result in changed.reversed() { replace(in: &letters, result) }
        let written = String(String.UnicodeScalarView(letters))
        let cases = (try? CaseFile(Array(written.utf8)))?.cases ?? []
        let isRead = cases.count == results.count
        for (index, result) in results.enumerated() {
            let isWritten = isRead && cases[index].isAlike(result.wanted)
            guard isWritten, result.differences.isEmpty || CaseResult(cases[index], result.seen).differences.isEmpty
            else {
                let culprit = isRead ? result : changed.first ?? result
                throw YAMLError(
                    line: culprit.wanted.line, column: 1,
                    sentence:
                        "what was seen of '\(culprit.wanted.name)' cannot be written here: write its 'expect' by hand")
            }
        }
        return written
    }

    private static func replace(in letters: inout [Unicode.Scalar], _ result: CaseResult) {
        let place = result.wanted.expectPlace
        var start = min(place.range.lowerBound, letters.count)
        var end = min(place.range.upperBound, letters.count)
        var text: String
        if place.isFlow {
            let ends = result.seen.map { end in
                "{" + parts(of: end).map { "\($0): \($1)" }.joined(separator: ", ") + "}"
            }
            text = (place.isNew ? ", " : "") + "expect: [" + ends.joined(separator: ", ") + "]"
        } else {
            let margin = "\n" + String(repeating: " ", count: place.indent)
            let ends = result.seen.map { end in
                "\(margin)  - " + parts(of: end).map { "\($0): \($1)" }.joined(separator: "\(margin)    ")
            }
            text = "expect:" + (ends.isEmpty ? " []" : ends.joined())
            if place.isNew {
                // Behind the line in which the case ends.
                while end < letters.count, letters[end] != "\n" { end += 1 }
                start = end
                text = margin + text
            } else if end > 0, letters[end - 1] == "\n" {
                // A block scalar ends behind its line.
                text += "\n"
            }
        }
        letters.replaceSubrange(start..<end, with: text.unicodeScalars)
    }

    /// What an entry says of an end: keys and values.
    private static func parts(of end: SeenEnd) -> [(key: String, value: String)] {
        switch end {
        case .output(let step, _):
            let record = CaseComparison.part("record", step, []).map { CaseComparison.shown(literal($0)) } ?? "{}"
            return [("output", quoted(step.stage)), ("record", record)]
        case .dropped(let step): return [("dropped", quoted(step.stage))]
        case .refused(_, let reason): return [("refused", CaseComparison.shown(literal(CaseComparison.scalar(reason))))]
        case .unmatched: return [("unmatched", "true")]
        }
    }

    private static func quoted(_ text: String) -> String { CaseComparison.shown(CaseComparison.scalar(text)) }

    /// A node whose texts mean themselves: one that would be read as a pattern becomes the pattern that finds just it.
    private static func literal(_ node: YAMLNode) -> YAMLNode {
        switch node.content {
        case .scalar(let text, _): return CasePattern(text) == nil ? node : CaseComparison.scalar(CasePattern.of(text))
        case .sequence(let items):
            return YAMLNode(content: .sequence(items.map(literal)), place: node.place, endOffset: node.endOffset)
        case .mapping(let entries):
            let changed = entries.map { YAMLNode.Entry(key: $0.key, keyPlace: $0.keyPlace, value: literal($0.value)) }
            return YAMLNode(content: .mapping(changed), place: node.place, endOffset: node.endOffset)
        }
    }
}
