package import ConfigFile
internal import Events

/// What differs from Fluentd for one configuration: what `sluice check --migrate` prints.
package enum MigrationReport {
    /// Section by section in the order of the files, each with its parameters.
    package static func text(_ differences: [Difference], path: String) -> String {
        guard !differences.isEmpty else { return "\(path): nothing differs from Fluentd\n" }
        func count(_ kind: Difference.Kind) -> Int { differences.count { $0.kind == kind } }
        let parts = [
            (count(.leftOut), "left out"), (count(.withoutEffect), "without effect"), (count(.deviation), "by design"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let total = differences.count
        var text =
            "\(path): \(total) difference\(total == 1 ? "" : "s") from Fluentd: \(parts.joined(separator: ", "))\n"
        let width = min(differences.compactMap { $0.parameter?.count }.max() ?? 0, 30)
        let indent = "  " + String(repeating: " ", count: width > 0 ? width + 2 : 0)
        for (section, all) in sections(differences) {
            text += "\n\(section)\n"
            for difference in all {
                let name = difference.parameter ?? ""
                let margin = width > 0 ? name + String(repeating: " ", count: max(0, width - name.count) + 2) : ""
                text += "  \(margin)\(word(difference))\(difference.what)\n"
                if let advice = difference.advice { text += "\(indent)→ \(advice)\n" }
            }
        }
        return text
    }

    private static func word(_ difference: Difference) -> String {
        switch difference.kind {
        case .withoutEffect: "no effect: "
        case .leftOut: "left out: "
        case .deviation: ""
        }
    }

    private static func sections(_ differences: [Difference]) -> [(heading: String, differences: [Difference])] {
        var sections: [(heading: String, differences: [Difference])] = []
        for difference in differences {
            let heading = "\(difference.file):\(difference.sectionLine)  \(difference.section)"
            if let known = sections.lastIndex(where: { $0.heading == heading }) {
                sections[known].differences.append(difference)
            } else {
                sections.append((heading, [difference]))
            }
        }
        return sections
    }

    /// One JSON object on one line.
    package static func json(_ differences: [Difference], diagnostics: Diagnostics) -> String {
        var out = ByteBuffer()
        out.append("{\"ok\":\(diagnostics.hasErrors ? "false" : "true"),\"errors\":\(diagnostics.errorCount)")
        out.append(",\"differences\":[")
        for (index, difference) in differences.enumerated() {
            if index > 0 { out.append(",") }
            out.append("{\"kind\":")
            out.appendJSONString(difference.kind.rawValue)
            out.append(",\"file\":")
            out.appendJSONString(difference.file)
            out.append(",\"line\":\(difference.line),\"section\":")
            out.appendJSONString(difference.section)
            for (name, text) in [
                ("parameter", difference.parameter), ("what", difference.what), ("advice", difference.advice),
            ] {
                guard let text else { continue }
                out.append(",\"\(name)\":")
                out.appendJSONString(text)
            }
            out.append("}")
        }
        out.append("]}\n")
        return out.text(Slice(offset: 0, length: out.count))
    }
}
