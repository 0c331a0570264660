package import HTTPClient

/// What an `@type influxdb2` section says, with the defaults of fluent-plugin-influxdb-v2 (its README.md).
package struct InfluxSettings: Sendable {
    package enum Precision: String, Sendable, CaseIterable {
        case seconds = "s"
        case milliseconds = "ms"
        case microseconds = "us"
        case nanoseconds = "ns"
    }

    package var url = "https://localhost:9999"
    package var token = ""
    package var bucket = ""
    package var organisation = ""
    package var http = HTTPOptions()
    package var isCompressed = false
    /// nil: the event's tag.
    package var measurement: String?
    package var precision = Precision.nanoseconds
    /// Which fields are fields; none: all that are no tags.
    package var fieldKeys: [String] = []
    package var tagKeys: [String] = []
    /// `tag_fluentd`: the event's tag is a tag of this name.
    package var tagName: String?
    /// Whole numbers are written as floating-point ones.
    package var castsToFloat = false
    /// A field with the time, a number in units of the precision.
    package var timeKey: String?

    package init() {}
}
