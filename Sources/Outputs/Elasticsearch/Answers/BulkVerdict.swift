package import Events

/// What the answer for one bulk item means.
package enum BulkVerdict: Sendable, Equatable {
    case delivered
    /// It may succeed later: the cluster is at fault, not the document.
    case retry(ClusterCondition)
    /// It never will: the document itself is the cause.
    case rejected

    /// - status: nil when the answer for the item has none.
    /// - hasError: whether there is an error object, which all refusals have.
    package init(
        status: Int?, hasError: Bool, type: String, reason: String, operation: ElasticsearchSettings.WriteOperation
    ) {
        guard let status, !(hasError && status / 100 == 2), hasError || status != 400 else {
            self = .retry(ClusterCondition(.unclear, "the answer for an item has no status, or contradicts itself"))
            return
        }
        if status / 100 == 2 {
            self = .delivered
        } else if let condition = ClusterCondition(type: type, reason: reason) {
            self = .retry(condition)
        } else {
            switch status {
            // A create that finds its id there is an earlier try that was not answered. An update meets a concurrent one.
            case 409:
                self =
                    operation == .create
                    ? .delivered : operation == .index ? .rejected : .retry(ClusterCondition(.busy, ""))
            case 400, 413: self = .rejected
            case 401, 403: self = .retry(.forbidden)
            // An update of a document that is not there; else it is the index that is missing.
            case 404 where type == "document_missing_exception": self = .rejected
            case 404: self = .retry(ClusterCondition(.blocked, ""))
            case 408, 429, 500...: self = .retry(ClusterCondition(.busy, ""))
            default: self = .retry(ClusterCondition(.unclear, ""))
            }
        }
    }
}

/// Why a cluster refuses what it would take at another time, and who can change that.
package struct ClusterCondition: Sendable, Equatable {
    package var kind: Refusal.Kind
    /// What to do; empty when waiting is all.
    package var advice: String

    package init(_ kind: Refusal.Kind, _ advice: String) {
        self.kind = kind
        self.advice = advice
    }

    /// For messages: the status and the server's words, then what to do.
    func refusal(status: Int?, type: String, reason: String) -> Refusal {
        let said = [status.map(String.init) ?? "", type].filter { !$0.isEmpty }.joined(separator: " ")
        let words = [said, reason.prefixWords(300), advice].filter { !$0.isEmpty }.joined(separator: ": ")
        return Refusal(kind, words)
    }

    static let forbidden = ClusterCondition(.forbidden, "the user or the api_key may not write there")

    /// From an error's type and reason, whatever status the server gives it: versions differ in that.
    package init?(type: String, reason: String) {
        guard let row = Self.table.first(where: { $0.matches(type, reason) }) else { return nil }
        self = row.condition
    }

    private struct Row {
        /// One of them is the type; empty: any.
        var types: Set<String>
        /// One of them is in the reason; empty: any.
        var words: [String]
        var condition: ClusterCondition

        init(_ types: Set<String>, _ words: [String], _ kind: Refusal.Kind, _ advice: String) {
            (self.types, self.words, condition) = (types, words, ClusterCondition(kind, advice))
        }

        func matches(_ type: String, _ reason: String) -> Bool {
            (types.isEmpty || types.contains(type)) && (words.isEmpty || words.contains { reason.holds($0) })
        }
    }

    /// The first that matches counts. Names and wordings: `ElasticsearchException.java`, `MetadataCreateIndexService.java`,
    /// `ShardLimitValidator.java`, `ClusterBlock*.java` and `TransportBulkAction.java` of both servers.
    private static let table: [Row] = [
        Row(
            [], ["read-only-allow-delete", "read-only / allow delete", "flood-stage watermark"], .blocked,
            "free disk space on the cluster; before version 7.4 the index then wants "
                + "index.blocks.read_only_allow_delete set to null"),
        Row(["cluster_block_exception"], ["no master", "not recovered"], .busy, ""),
        Row(["cluster_block_exception"], [], .blocked, "lift the block (the index's settings index.blocks.*)"),
        Row(["index_closed_exception"], [], .blocked, "open the index (POST /NAME/_open)"),
        Row(
            [],
            [
                "maximum shards open", "maximum normal shards open", "maximum frozen shards open",
                "limit of total shards",
            ],
            .blocked, "raise cluster.max_shards_per_node, or delete old indices"),
        Row(
            [], ["no write index is defined for alias", "has no write index"], .blocked,
            "give the alias a write index (is_write_index)"),
        Row(
            ["index_not_found_exception"], [], .blocked,
            "create the index, or allow its name in action.auto_create_index"),
        Row(
            [], ["[action.auto_create_index]"], .blocked,
            "create the index, or allow its name in action.auto_create_index"),
        Row(
            ["illegal_argument_exception"], ["pipeline with id ["], .blocked,
            "create the ingest pipeline, or change 'pipeline'"),
        Row([], ["op_type of create are allowed in data streams"], .blocked, "set write_operation create"),
        Row(["security_exception"], ["license"], .forbidden, "the cluster's license does not allow it"),
        Row(["security_exception"], [], .forbidden, forbidden.advice),
        Row(
            [
                "circuit_breaking_exception", "es_rejected_execution_exception", "rejected_execution_exception",
                "opensearch_rejected_execution_exception", "process_cluster_event_timeout_exception",
                "unavailable_shards_exception", "master_not_discovered_exception",
                "cluster_manager_not_discovered_exception", "not_master_exception", "not_cluster_manager_exception",
                "failed_to_commit_cluster_state_exception", "no_shard_available_action_exception",
                "index_shard_not_started_exception", "illegal_index_shard_state_exception",
                "index_primary_shard_not_allocated_exception", "shard_not_found_exception",
                "shard_not_in_primary_mode_exception", "no_longer_primary_shard_exception", "already_closed_exception",
                "retry_on_primary_exception", "node_closed_exception", "node_not_connected_exception",
                "node_disconnected_exception", "receive_timeout_transport_exception", "timeout_exception",
                "connect_transport_exception", "task_cancelled_exception", "resource_already_exists_exception",
            ], [], .busy, ""),
    ]
}
