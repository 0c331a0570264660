internal import Outputs

/// One of the outputs to a search engine: they differ in names of parameters, and in what the type settles.
struct SearchOutputType {
    let name: String
    let product: ElasticsearchSettings.Product
    /// Documents are added to a data stream.
    var isDataStream = false
    /// Names of indices are Ruby.
    var isDynamic = false
    /// The server is always Amazon's.
    var needsEndpoint = false

    static let elasticsearch = SearchOutputType(name: "elasticsearch", product: .elasticsearch)
    static let elasticsearchDynamic = SearchOutputType(
        name: "elasticsearch_dynamic", product: .elasticsearch, isDynamic: true)
    static let elasticsearchDataStream = SearchOutputType(
        name: "elasticsearch_data_stream", product: .elasticsearch, isDataStream: true)
    /// fluent-plugin-aws-elasticsearch-service, which stands on `elasticsearch`.
    static let awsElasticsearchService = SearchOutputType(
        name: "aws-elasticsearch-service", product: .elasticsearch, needsEndpoint: true)
    static let openSearch = SearchOutputType(name: "opensearch", product: .openSearch)
    static let openSearchDataStream = SearchOutputType(
        name: "opensearch_data_stream", product: .openSearch, isDataStream: true)

    /// An `<endpoint>` says where a server of Amazon's is, and with which keys requests are signed.
    var takesEndpoint: Bool { needsEndpoint || product == .openSearch }

    /// As it is in the middle of parameters' names.
    private var short: String { product == .elasticsearch ? "es" : "os" }

    var versionKey: String {
        product == .elasticsearch ? "default_elasticsearch_version" : "default_opensearch_version"
    }
    var verifyKey: String { "verify_\(short)_version_at_startup" }

    /// Parameters that ask for what is so anyway, or for what only Ruby needs.
    var needless: [String] {
        [
            "reload_connections", "reload_on_failure", "reload_after", "reconnect_on_error", "sniffer_class_name",
            "http_backend", "http_backend_excon_nonblock", "selector_class_name", "prefer_oj_serializer",
            "max_retry_get_\(short)_version", "fail_on_detecting_\(short)_version_retry_exceed",
            "with_transporter_log", "log_\(short)_400_reason", "content_type", "emit_error_for_missing_id",
            "validate_client_version", "unrecoverable_error_types", "unrecoverable_record_types",
            "emit_error_label_event", "exception_backup", "ignore_exceptions", "retry_tag", "time_parse_error_tag",
            "catch_transport_exception_on_retry",
        ] + (product == .elasticsearch ? ["suppress_type_name_warning"] : [])
    }
}
