package import TLS

/// An address on which the monitor answers, and what a source of the configuration wants to see there.
package struct MonitorEndpoint: Sendable {
    package var host: String
    package var port: UInt16
    /// `include_config` of Fluentd's monitor_agent.
    package var showsConfig = true
    /// `include_retry`.
    package var showsRetry = true
    /// What has to be said to see the page, events, and what is in them; nil: nothing, on addresses of this machine alone.
    package var token: String?
    /// Whether who says the token may have dead letters sent again; without a token nobody may.
    package var allowsReplay = false
    /// Beside `/metrics`, which is always there.
    package var metricsPaths: [String] = []
    /// `<transport tls>`; nil for plain HTTP.
    package var tls: TLSContext?

    /// Where a monitor answers that nobody has said anything about: Fluentd's monitor_agent has this port.
    package static let standard = MonitorEndpoint(host: "127.0.0.1", port: 24220)

    package init(host: String, port: UInt16) { (self.host, self.port) = (host, port) }
}

/// A source of fluent-plugin-prometheus that adds metrics under the plugin's names to all endpoints.
package enum FluentdMonitor: Sendable {
    /// `prometheus_monitor`.
    case buffers(labels: [(name: String, value: String)])
    /// `prometheus_output_monitor`.
    case outputs(labels: [(name: String, value: String)])
}
