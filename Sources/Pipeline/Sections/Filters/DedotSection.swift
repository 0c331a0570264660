internal import ConfigFile
internal import Filters

/// `<filter> @type dedot` (fluent-plugin-dedot_filter 1.0.0).
enum DedotSection {
    /// Of `de_dot_separator`: a key of dots alone grows by this.
    private static let longestSeparatorBytes = 16

    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        let isOn = reader.bool("de_dot", default: true)
        let separator = reader.string("de_dot_separator", default: "_")
        let isNested = reader.bool("de_dot_nested", default: false)
        guard isOn else {
            reader.warning(
                "de_dot", "with 'de_dot false' this filter changes nothing, while Fluentd's drops all events",
                hint: "remove the filter")
            return FilterPlan(type: "dedot", summary: "changes nothing") { _ in
                DedotFilter(separator: Array(".".utf8), isNested: false)
            }
        }
        if separator.utf8.contains(UInt8(ascii: ".")) {
            reader.error(
                "de_dot_separator", "'de_dot_separator' has a dot in it itself", hint: "write de_dot_separator _")
        } else if separator.utf8.count > longestSeparatorBytes {
            reader.error(
                "de_dot_separator", "'de_dot_separator' has more than \(longestSeparatorBytes) bytes",
                hint: "write a shorter one")
        }
        let summary = isNested ? "names of all fields" : "names of fields, not of nested ones"
        return FilterPlan(type: "dedot", summary: summary) { _ in
            DedotFilter(separator: Array(separator.utf8), isNested: isNested)
        }
    }
}
