internal import ConfigFile
internal import Filters

/// `<filter> @type elasticsearch_timestamp_check` (fluent-plugin-elasticsearch-timestamp-check).
enum TimestampCheckSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        let digits = reader.int("subsecond_precision", default: 3, range: 1...9)
        return FilterPlan(type: "elasticsearch_timestamp_check", summary: "@timestamp") { _ in
            TimestampCheckFilter(fractionDigits: digits)
        }
    }
}
