package import Events
package import HTTPClient

/// What an `@type loki` section says, with the defaults of fluent-plugin-grafana-loki.
package struct LokiSettings: Sendable {
    package enum LineFormat: Sendable, CaseIterable {
        case json
        /// `k=v k2="v 2"`
        case keyValue
    }

    /// Without `/loki/api/v1/push`.
    package var url = "https://logs-prod-us-central1.grafana.net"
    /// The header `X-Scope-OrgID`.
    package var tenant: ChunkTemplate?
    package var headers: [(name: String, value: String)] = []
    package var http = HTTPOptions()
    /// Whose first line is the token of each request.
    package var bearerTokenFile: String?
    package var isCompressed = false
    /// `<label>`: the label's name and where its value is, which is taken out of the record.
    package var labels: [(name: String, place: RecordAccessor)] = []
    /// `extra_labels`: they win over labels from records.
    package var extraLabels: [(name: String, value: String)] = []
    /// `extract_kubernetes_labels`: what `kubernetes.labels` holds.
    package var extractsKubernetesLabels = false
    package var removedKeys: [RecordAccessor] = []
    package var lineFormat = LineFormat.keyValue
    /// `drop_single_key`: a record of one field is the line that its value says.
    package var dropsSingleKey = false
    /// The chunk keys that are fields, which the tenant may name.
    package var keys: [RecordAccessor] = []

    package init() {}
}
