internal import Pipeline
internal import YAML

/// `--update`: what was seen, written into a file in place of what was expected. All else of the file stays as it is.
package enum CaseRewriting {
    /// Where the expectations of a case stand.
    struct Place: Sendable {
        /// Scalars of the document: from the key to the end of what is said.
        let range: Range<Int>
        /// Of the case's keys.
        let indent: Int
        /// Whether the case has none.
        let isNew: Bool

        init(of node: YAMLNode) {
            let entries = node.entries ?? []
            indent = (entries.first?.keyPlace.column ?? 1) - 1
            if let entry = entries.first(where: { $0.key == "expect" }) {
                range = entry.keyPlace.offset..<max(entry.value.endOffset, entry.keyPlace.offset + 7)
                isNew = false
            } else {
                range = node.endOffset..<node.endOffset
                isNew = true
            }
        }
    }

    /// The text with the ends of those cases that differ.
    package static func text(_ text: String, _ results: [CaseResult]) -> String {
        var letters = Array(text.unicodeScalars)
        for result in results.reversed() where !result.differences.isEmpty {
            let place = result.wanted.expectPlace
            let block = block(result.seen, indent: place.indent)
            var front = ""
            var end = min(place.range.upperBound, letters.count)
            if place.isNew {
                // Behind the line in which the case ends.
                while end < letters.count, letters[end] != "\n" { end += 1 }
                front = "\n" + String(repeating: " ", count: place.indent)
            }
            // A block scalar ends behind its line.
            let isLineEnd = end > 0 && !place.isNew && letters[end - 1] == "\n"
            letters.replaceSubrange(
                min(place.isNew ? end : place.range.lowerBound, end)..<end,
                with: (front + block + (isLineEnd ? "\n" : "")).unicodeScalars)
        }
        return String(String.UnicodeScalarView(letters))
    }

    private static func block(_ ends: [SeenEnd], indent: Int) -> String {
        let margin = "\n" + String(repeating: " ", count: indent + 2)
        return "expect:"
            + ends.map { end in
                switch end {
                case .output(let step, _):
                    let record = CaseComparison.part("record", step, []).map(CaseComparison.shown) ?? "{}"
                    return "\(margin)- output: \(quoted(step.stage))\(margin)  record: \(record)"
                case .dropped(let step): return "\(margin)- dropped: \(quoted(step.stage))"
                case .refused(_, let reason): return "\(margin)- refused: \(quoted(reason))"
                case .unmatched: return "\(margin)- unmatched: true"
                }
            }.joined()
    }

    private static func quoted(_ text: String) -> String {
        CaseComparison.shown(
            YAMLNode(
                content: .scalar(text, isPlain: false), place: YAMLPlace(line: 0, column: 0, offset: 0), endOffset: 0))
    }
}
