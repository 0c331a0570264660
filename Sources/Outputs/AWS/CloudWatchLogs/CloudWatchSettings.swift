package import Events
package import HTTPClient

/// What an `@type cloudwatch_logs` section says, with the defaults of fluent-plugin-cloudwatch-logs (its README.md).
package struct CloudWatchSettings: Sendable {
    /// Where a group's or a stream's name comes from.
    package enum Name: Sendable {
        case template(ChunkTemplate)
        case field(RecordAccessor)
    }

    /// `https://logs.us-east-1.amazonaws.com`
    package var url = ""
    package var http = HTTPOptions()
    package var group: Name
    package var stream: Name
    /// The fields that names are read from and that are taken out of the record.
    package var removedKeys: [RecordAccessor] = []
    package var keys: [RecordAccessor] = []
    package var createsStreams = false
    /// `retention_in_days` of groups that are made.
    package var retentionDays: Int?
    /// Tags of groups that are made.
    package var groupTags: [(name: String, value: String)] = []
    /// `message_keys`: their values, with blanks between; none: the record as JSON.
    package var messageKeys: [String] = []
    package var format: RecordFormat?
    package var injection: Injection?
    /// In characters; nil: as long as Amazon takes.
    package var maximumMessageLength: Int?
    package var maximumEvents = 10_000
    /// The beginning of the slice that a moment falls into; the moment itself where there are no slices.
    package var slice: @Sendable (_ seconds: Int64) -> Int64 = { $0 }

    package init(group: Name, stream: Name) {
        self.group = group
        self.stream = stream
    }
}
