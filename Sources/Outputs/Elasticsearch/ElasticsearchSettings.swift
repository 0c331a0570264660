package import Events
package import Expressions
package import HTTPClient
internal import Parsing
package import Time

/// What an `@type elasticsearch` section says, with the defaults of fluent-plugin-elasticsearch (its README.md).
///
/// Three differ on purpose: the server's version is found out instead of assumed, `_type` is sent only to servers that
/// want one, and a request has a largest size.
package struct ElasticsearchSettings: Sendable {
    package enum WriteOperation: String, Sendable, CaseIterable { case index, create, update, upsert }
    package enum Product: Sendable { case elasticsearch, openSearch }

    // MARK: Servers

    /// At least one; requests go round.
    package var hosts = [ElasticsearchHost()]
    /// `id:key`, or what the server gave in base64.
    package var apiKey: String?
    package var customHeaders: [(name: String, value: String)] = []
    /// TLS and time limits; user and password are the hosts' own.
    package var http = HTTPOptions()
    /// How long the answer to a bulk request may take; nil: as long as any other.
    package var bulkTimeoutSeconds: Double?
    /// Without `request_timeout`. The plugin's 5 s are less than a server that has just started, on a busy machine, needs
    /// for its first documents: it stores them, and gets them again.
    package static let patientBulkTimeoutSeconds = 30.0
    /// 1 to 9; nil: bodies are sent as they are.
    package var compressionLevel: Int?
    /// How long a host that cannot be reached is passed over while others can.
    package var resurrectAfterSeconds = 60.0
    /// Spares asking: the major version to assume.
    package var assumedMajorVersion: Int?
    /// What such a version is one of.
    package var product = Product.elasticsearch
    /// What is done at the servers before documents go there.
    package var setup = ServerSetup()
    /// `include_index_in_url`: a request for each index, which its URL names.
    package var includesIndexInURL = false
    /// `bulk_message_request_threshold`: the most bytes of one request; nil: as much as the server takes. The plugin's
    /// default is none at all; a server that is slow then gets a whole chunk again and again.
    package var requestLimitBytes: Int? = 2 << 20

    // MARK: Where documents go

    package var indexName = "fluentd"
    package var logstashFormat = false
    package var logstashPrefix = "logstash"
    package var logstashPrefixSeparator = "-"
    package var logstashDateFormat = "%Y.%m.%d"
    /// The date in the index's name is UTC's; else the local one.
    package var utcIndex = true
    /// Replace `%Y` and the like in `indexName` and `logstashPrefix`: when the buffer's keys hold `time`.
    package var resolvesTimePlaceholders = false
    /// The zone of those placeholders (`timekey_use_utc`, `timekey_zone`).
    package var placeholderZone = TimeZoneRule.local
    /// `elasticsearch_dynamic`: placeholders in `indexName` and `logstashPrefix` are expressions.
    package var takesExpressions = false
    package var expressionContext = ExpressionContext()
    /// `target_index_affinity`: an update goes to the index that has the document already.
    package var hasIndexAffinity = false
    /// A field that names the index, and is not sent.
    package var targetIndexKey: RecordAccessor?
    package var typeName: String?
    package var suppressTypeName = false
    package var pipeline: String?

    // MARK: What documents hold

    package var includeTimestamp = false
    package var timeKey: String?
    /// How `timeKey` and a record's own `@timestamp` are read.
    package var timeKeySource = TimeSource.lenient
    package var timeKeyExcludesTimestamp = false
    /// Digits of a second in `@timestamp`.
    package var timePrecision = 9
    package var idKey: RecordAccessor?
    /// `generate_id`: events without an id of their own get one.
    package var generatesIDs = false
    package var routingKey: RecordAccessor?
    package var parentKey: RecordAccessor?
    package var removeKeys: [String] = []
    /// Of those, the ones that are inside of others.
    package var removePlaces: [RecordAccessor] = []
    /// What an update does not change: these are only in a document that an upsert makes.
    package var removeKeysOnUpdate: [String] = []
    /// A field with a list of such keys, in their place; it is not sent.
    package var removeKeysOnUpdateKey: String?
    package var includeTagKey = false
    package var tagKey = "tag"
    package var writeOperation = WriteOperation.index
    /// `on_mapping_conflict rename`: a field whose value does not fit the index is sent again under another name.
    package var renamesConflicts = false
    /// For updates: the record already is `{"doc": …}` or a script.
    package var suppressDocWrap = false
    package var flattenHashes = false
    package var flattenHashesSeparator = "_"
    /// The zone of `@timestamp` when it is the event's time; nil: the process's.
    package var timestampOffsetSeconds: Int?

    package init() {}

    /// Whether documents get an `@timestamp`.
    var writesTimestamp: Bool { logstashFormat || includeTimestamp }
}
