internal import ConfigFile
internal import Words

/// Parameters of a parser that name groups of its expression.
enum GroupNames {
    /// Warns of `types` and `time_key` that name no group: they do nothing.
    static func check(_ groups: [String], _ reader: SectionReader) {
        if let types = reader.section.parameter("types"), let text = types.text, !groups.isEmpty {
            let names =
                text.hasPrefix("{")
                ? objectKeys(text)
                : text.split(separator: ",").compactMap { $0.split(separator: ":").first.map { trimmed($0) } }
            for name in names where !groups.contains(name) {
                report("types", "'types' names '\(name)', which is no group of the expression", name, groups, reader)
            }
        }
        if let key = reader.section.parameter("time_key")?.text, !key.isEmpty, !groups.contains(key) {
            report("time_key", "'time_key' is '\(key)', which is no group of the expression", key, groups, reader)
        }
    }

    private static func report(
        _ key: String, _ message: String, _ name: String, _ groups: [String], _ reader: SectionReader
    ) {
        let near = EditDistance.nearest(to: name, in: groups).map { "did you mean '\($0)'?" }
        reader.warning(key, message, hint: near ?? "there are \(groups.prefix(8).joined(separator: ", "))")
    }

    private static func objectKeys(_ text: String) -> [String] {
        guard case .object(let members)? = JSONValue(parsing: text) else { return [] }
        return members.map(\.key)
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
