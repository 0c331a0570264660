package import Events
package import HTTPClient

/// What an `@type splunk_hec` section says, with the defaults of fluent-plugin-splunk-hec (its README.md).
package struct SplunkSettings: Sendable {
    /// One of index, host, source and sourcetype: the same for all events of a tag, or a field's value.
    package enum Origin: Sendable {
        case template(ChunkTemplate)
        case field(RecordAccessor)
    }

    package enum DataType: Sendable {
        case event
        /// Every field is a metric and its value, unless the two have fields of their own.
        case metrics(name: RecordAccessor?, value: RecordAccessor?)
    }

    /// `https://name:8088`
    package var url = "https://localhost:8088"
    package var token = ""
    package var headers: [(name: String, value: String)] = []
    package var http = HTTPOptions()
    package var isCompressed = false
    package var dataType = DataType.event
    package var index: Origin?
    package var host: Origin?
    package var source: Origin?
    package var sourcetype: Origin?
    /// `time_key`: seconds.
    package var timeKey: RecordAccessor?
    /// Whether what index, host … are read from stays in the event.
    package var keepsKeys = false
    /// `<fields>`: the name that Splunk indexes, and where its value is; nil: there is no such section.
    package var fields: [(name: String, place: RecordAccessor)]?
    /// `<format>`: events are text; nil: they are the records.
    package var format: RecordFormat?

    package init() {}
}
