package import EventLoop
package import ForwardProtocol
package import Parsing

/// Parameters of `<source> @type syslog`, `tcp`, `udp` and `gelf`.
package struct SocketSettings: Sendable {
    package enum Transport: Sendable, Equatable { case tcp, udp }

    /// What a syslog message is besides its text (Fluentd's `in_syslog`).
    package struct Syslog: Sendable {
        /// The parser reads the priority itself and leaves it in the field `pri`; else it gets what follows it.
        package var parserTakesPriority: Bool
        package var severityKey: String?
        package var facilityKey: String?
        package var emitsUnmatchedLines = false

        package init(parserTakesPriority: Bool) { self.parserTakesPriority = parserTakesPriority }
    }

    /// What a GELF message is besides its JSON (fluent-plugin-input-gelf, README.md).
    package struct GELF: Sendable {
        /// `strip_leading_underscore`: fields of the sender's own, which GELF marks so, lose their mark.
        package var stripsUnderscores = true
        /// `client_timestamp_to_i`: an event's time has whole seconds.
        package var truncatesTime = false

        package init() {}
    }

    package var transport: Transport
    package var host: String
    package var port: UInt16
    package var tag: String
    package var parser: ParserRecipe
    package var syslog: Syslog?
    package var gelf: GELF?
    package var framing = SocketFraming.delimiter([0x0A])
    /// `<extract>`
    package var extraction: Extraction?
    /// `estimate_current_event` of `<parse>`: an event without a time has that of its coming, and nobody looks for another.
    package var parserGivesTime = true
    /// `message_length_limit`, in bytes: a longer datagram is cut, a longer message of a stream is left out.
    package var messageBytes: Int
    /// `remove_newline`: one at the end of a datagram is cut off.
    package var removesNewline = true
    package var sourceAddressKey: String?
    package var sourceHostnameKey: String?
    /// `<security>`: clients of these networks alone; nil: of all.
    package var networks: [ForwardSecurity.Network]?
    package var backlog: Int32 = Listener.defaultBacklog
    package var connection = ConnectionOptions()
    package var budget: ConnectionBudget?
    package var receiveQueueBytes: Int32?
    package var sharesPort = false
    package var inherited: InheritedSockets?

    package init(
        _ transport: Transport, host: String, port: UInt16, tag: String, parser: ParserRecipe, messageBytes: Int
    ) {
        (self.transport, self.host, self.port, self.tag) = (transport, host, port, tag)
        (self.parser, self.messageBytes) = (parser, messageBytes)
    }
}
