package import EventLoop
package import ForwardProtocol

/// What a `<match>` of type forward says, with the defaults of Fluentd's `out_forward`
/// (`lib/fluent/plugin/out_forward.rb`).
package struct ForwardOutputSettings: Sendable {
    /// How servers are watched while nothing is sent.
    package enum Heartbeat: Sendable, Equatable {
        /// A connection is made and closed again, every interval.
        case transport
        /// One byte over UDP to the same port, and an answer.
        case udp
        /// Not at all: only what is sent shows that a server is away.
        case none
    }

    /// What is done with the events of a message.
    package enum Compression: String, Sendable { case text, gzip, zstd }

    /// One `<server>`.
    package struct Server: Sendable {
        package var endpoint: Endpoint
        /// For the log; nil: its place.
        package var name: String?
        /// Its share of the messages, in proportion to the others'; 0: none.
        package var weight = 60
        /// Gets nothing unless another is away.
        package var isStandby = false
        /// nil: it has no `<security>`.
        package var credentials: ForwardCredentials?

        package init(_ endpoint: Endpoint) { self.endpoint = endpoint }

        /// What log lines call it: `aggregator (10.0.0.7:24224)`, `10.0.0.7:24224`.
        package var shown: String { name.map { "\($0) (\(endpoint.place))" } ?? endpoint.place }
    }

    package var servers: [Server] = []

    // MARK: What is sent

    /// `require_ack_response`: a message counts as delivered when the server has said so.
    package var asksForReceipts = false
    package var usesIntegerTime = false
    package var compression = Compression.text
    /// The most bytes of events in one message, before compression; a single larger event is a message of its own.
    /// Fluentd sends every chunk whole; receivers refuse messages beyond a limit (Sluice's: 64 MiB), and chunks in
    /// files are larger.
    package var messageLimitBytes = 32 << 20

    // MARK: Connections

    /// `keepalive`: connections are used again.
    package var keepsConnections = false
    /// How long one that is kept may be idle; nil: until the server closes it.
    package var idleSeconds: Double?
    /// Fluentd leaves this to the kernel, which takes two minutes.
    package var connectSeconds = 10.0
    /// For the handshakes.
    package var handshakeSeconds = 10.0
    /// How long a server may take no bytes.
    package var sendSeconds = 60.0
    package var receiptSeconds = 190.0
    /// `dns_round_robin`: the addresses of a name are tried in a random order.
    package var shufflesAddresses = false

    // MARK: Watching

    package var heartbeat = Heartbeat.transport
    package var detector = FailureDetector.Settings()
    /// How long a server that failed is passed over while there is another, in seconds.
    package var recoverSeconds = 10.0

    package init() {}
}
