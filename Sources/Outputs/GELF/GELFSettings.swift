package import EventLoop

/// What an `@type gelf` section says, with the defaults of fluent-plugin-gelf-hs (its README.md) and gelf-rb.
package struct GELFSettings: Sendable {
    package enum Transport: Sendable {
        case udp
        /// Also with TLS.
        case tcp
    }

    package var host = "localhost"
    package var port: UInt16 = 12_201
    package var transport = Transport.udp
    /// What a message calls its sender unless `use_record_host` says otherwise.
    package var hostname = "localhost"
    /// `use_record_host`: the record's `host` is the sender.
    package var usesRecordHost = false
    /// `add_msec_time`: the record's `msec` is the fraction of its time.
    package var addsMilliseconds = false
    /// `udp_transport_type`: bytes of a message in one datagram.
    package var datagramBytes = GELFDatagrams.wideAreaBytes
    package var connectSeconds = 10.0
    /// How long a server may take no bytes.
    package var sendSeconds = 60.0

    package init() {}

    package var endpoint: Endpoint { .tcp(host: host, port: port) }
}
