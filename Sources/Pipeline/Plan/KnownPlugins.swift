/// Plugin types of the Fluentd world that sluice does not have: what to say about them instead of "unknown".
enum KnownPlugins {
    /// Types that a configuration can do without: left out with a warning, so that the rest of it runs.
    private static let needless: [String: String] = [
        "prometheus_tail_monitor": "files have no metrics of their own yet; no event is lost",
        "debug_agent": "there is no Ruby to look into",
        "gc_stat": "there is no Ruby whose memory could be watched",
        "object_space": "there is no Ruby whose memory could be watched",
    ]
    private static let noMongo = "sluice does not write to MongoDB"

    /// Why a section of this type is left out; nil: it is not.
    static func reasonToLeaveOut(_ type: String, _ noun: String) -> String? {
        if noun == "output" {
            return ["mongo", "mongo_replset"].contains(type) ? noMongo : nil
        }
        return needless[type]
    }

    private static let advice: [String: String] = [
        "exec":
            "sluice runs no programs: one that has events pipes them into 'sluice send', or writes a file that @type tail "
            + "reads; one that wants events gets them from @type file, http or forward",
        "exec_filter": "sluice runs no programs: parser, record_transformer and grep change events",
        "secondary_file": "it belongs into the <secondary> of an output with a buffer",
        "secure_forward": "forward with <security> and <transport tls> took its place: @type forward",
        "detect_exceptions": "it is an output: <match> with '@type detect_exceptions'",
        "rdkafka_group": "kafka_group stands on librdkafka, too: '@type kafka_group' with brokers and consumer_group",
        "debug": "stdout writes events to standard output: @type stdout",
    ]

    private static let names: [String: Set<String>] = [
        "source": [
            "exec", "windows_eventlog", "s3",
            "sql", "secure_forward", "stream", "elasticsearch",
        ],
        "filter": [
            "flatten_hash", "multi_format_parser", "ignore", "throttle", "script", "anonymizer",
            "genhashvalue",
        ],
        "output": [
            "exec", "exec_filter", "secondary_file", "gcs", "kinesis_streams",
            "datadog", "bigquery_insert", "webhdfs", "td", "stream", "buffer", "secure_forward", "debug",
            "azure-loganalytics", "syslog", "remote_syslog", "slack", "mail",
            "flowcounter", "rewrite", "route", "sql", "redis_store",
        ],
    ]

    /// What to do instead; empty when there is nothing to say; nil for a type that nobody knows.
    static func hint(_ type: String, _ noun: String) -> String? {
        guard names[noun]?.contains(type) == true || advice[type] != nil else { return nil }
        return advice[type] ?? ""
    }
}
