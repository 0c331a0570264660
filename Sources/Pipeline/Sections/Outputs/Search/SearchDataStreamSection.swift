internal import ConfigFile
internal import HTTPClient
internal import Outputs
internal import Words

/// What is said of a data stream: its name, and the template and the lifecycle policy that it is made with.
struct SearchDataStreamSection {
    private let name: String
    /// Whether the name is the same for all events.
    private let isFixed: Bool
    private let template: String
    private let policyID: String
    private let policy: JSONValue
    private let overwritesPolicy: Bool
    private let hasWildcard: Bool
    private let product: ElasticsearchSettings.Product

    /// nil: it has no name, which was said.
    init?(
        _ reader: SectionReader, _ type: SearchOutputType, hasTimeKey: Bool, chunkKeys: [String],
        _ settings: inout ElasticsearchSettings
    ) {
        let named = reader.string("data_stream_name", required: true)
        product = type.product
        let isElastic = product == .elasticsearch
        let givenTemplate = reader.string("data_stream_template_name")?.value
        let givenPolicy = isElastic ? reader.string("data_stream_ilm_name")?.value : nil
        let givenBody = isElastic ? reader.jsonValue("data_stream_ilm_policy")?.value : nil
        overwritesPolicy = isElastic ? reader.bool("data_stream_ilm_policy_overwrite", default: false) : false
        hasWildcard =
            isElastic ? reader.bool("data_stream_template_use_index_patterns_wildcard", default: true) : true
        for key in ["data_stream_template_name", "data_stream_ilm_name"] {
            // The stream's own name may be in them.
            guard let text = reader.parameter(key)?.text, text != named?.value else { continue }
            SearchSetupSection.checkPlaceholders(key, reader)
        }
        guard let named else { return nil }
        IndexNameCheck.check(
            named, "data_stream_name", chunkKeys: chunkKeys, hasTimeKey: hasTimeKey, isFirst: true,
            reader.diagnostics)
        if let first = named.value.first, first == "." {
            reader.error("data_stream_name", "no data stream can begin with '.'", hint: "begin it with a letter")
        }
        isFixed =
            !named.value.holds("${") && !(hasTimeKey && named.value.contains("%"))
        let stream = isFixed ? named.value.lowercased() : "${_index}"
        name = stream
        func inside(_ text: String?, _ suffix: String) -> String {
            text.map { $0.replacing(named.value, with: stream) } ?? stream + suffix
        }
        template = inside(givenTemplate, "_template")
        policyID = inside(givenPolicy, "_policy")
        policy = givenBody ?? SearchSetupSection.defaultPolicy
        settings.indexName = named.value
        settings.logstashFormat = false
        settings.includeTimestamp = true
        settings.writeOperation = .create
        settings.includesIndexInURL = true
    }

    /// Parameters that have no effect on a data stream, as in Fluentd.
    static func readIgnored(_ reader: SectionReader, _ type: SearchOutputType) {
        reader.ignore(
            ["id_key"],
            reason: "documents of a data stream have ids of their own; 'generate_id true' keeps one that is "
                + "sent again from being there twice")
        reader.ignore(
            [
                "index_name", "logstash_format", "logstash_prefix", "logstash_prefix_separator", "logstash_dateformat",
                "utc_index", "target_index_key", "target_index_affinity", "write_operation", "include_timestamp",
                "remove_keys_on_update", "remove_keys_on_update_key", "suppress_doc_wrap", "type_name",
                "suppress_type_name", "include_index_in_url",
            ], reason: "documents are added to the data stream",
            defaults: [
                "logstash_format": "false", "write_operation": "create", "include_timestamp": "true",
                "target_index_affinity": "false", "include_index_in_url": "true", "suppress_type_name": "true",
            ])
        if type.product == .elasticsearch {
            reader.ignore(
                ["time_key", "time_key_format", "time_key_exclude_timestamp"],
                reason: "@timestamp is the record's own or the event's time, as in Fluentd")
        }
    }

    /// The steps that make the stream, each only where the one before finds nothing.
    ///
    /// - Parameter template: of a file; nil: one that says no more than that there is a stream.
    func steps(template file: [JSONValue.Member]?) -> [SetupStep] {
        let stream = "/_data_stream/" + SetupTarget.pathTemplate(name)
        let templatePath = "/_index_template/" + SetupTarget.pathTemplate(template)
        let templateName = "index template '\(template)'"
        let pattern = JSONValue.array([.string(name + (hasWildcard ? "*" : ""))])
        let plain =
            file ?? [.init(key: "index_patterns", value: pattern), .init(key: "data_stream", value: .object([]))]
        var put = SetupRequest(.put, templatePath, body: JSONValue.object(plain).text)
        var inner: [SetupStep] = []
        var steps: [SetupStep] = []
        if product == .elasticsearch {
            let policyStep = SearchSetupSection.policyStep(policyID, policy, overwrites: overwritesPolicy)
            if overwritesPolicy { steps = [policyStep] } else { inner = [policyStep] }
            if file == nil {
                let lifecycle = JSONValue.object([.init(key: "index.lifecycle.name", value: .string(policyID))])
                let settings = JSONValue.object([.init(key: "settings", value: lifecycle)])
                put.bodyWithoutLifecycles = put.body
                put.body = JSONValue.object(plain + [.init(key: "template", value: settings)]).text
            }
        }
        inner.append(.put(put, what: templateName))
        var missing: [SetupStep] = [
            .unlessThere(SetupRequest(.get, templatePath), what: templateName, inner)
        ]
        let what = "data stream '\(name)'"
        // OpenSearch's plugin leaves it to the first document.
        if product == .elasticsearch { missing.append(.put(SetupRequest(.put, stream), what: what)) }
        return steps + [.unlessThere(SetupRequest(.get, stream), what: what, missing)]
    }
}
