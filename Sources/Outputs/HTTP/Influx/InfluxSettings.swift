package import HTTPClient

/// What an `@type influxdb2` or `@type influxdb` section says, with the defaults of fluent-plugin-influxdb-v2 (its README.md).
package struct InfluxSettings: Sendable {
    package enum Precision: String, Sendable, CaseIterable {
        case hours = "h"
        case minutes = "m"
        case seconds = "s"
        case milliseconds = "ms"
        case microseconds = "us"
        case nanoseconds = "ns"
    }

    package var url = "https://localhost:9999"
    package var store = InfluxStore.bucket(name: "", organisation: "", token: "")
    package var http = HTTPOptions()
    package var isCompressed = false
    /// nil: the event's tag.
    package var measurement: String?
    package var precision = Precision.nanoseconds
    /// Which fields are fields; none: all that are no tags.
    package var fieldKeys: [String] = []
    package var tagKeys: [String] = []
    /// `auto_tags`: text becomes a tag.
    package var tagsText = false
    /// `tag_fluentd`: the event's tag is a tag of this name.
    package var tagName: String?
    /// `sequence_tag`: a tag of this name counts the points that follow each other with one time. Without it the last of
    /// them is all that InfluxDB keeps.
    package var sequenceName: String?
    /// Whole numbers are written as floating-point ones.
    package var castsToFloat = false
    /// A field with the time, a number in units of the precision.
    package var timeKey: String?

    package init() {}
}
