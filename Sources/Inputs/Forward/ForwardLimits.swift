/// What one client may ask of the daemon. Every limit is finite by default.
package struct ForwardLimits: Sendable {
    /// The most that a message's limits can be set to: places in a batch's storage are numbers of 32 bits, and a record
    /// may become several times as large on its way (JSON's numbers, a filter's copy).
    package static let maximumBytes = 1 << 30

    /// `chunk_size_limit`: bytes of one message. Fluentd has no limit by default; 64 MiB is eight of its chunks.
    package var messageBytes = 64 << 20
    /// `chunk_size_warn_limit`: bytes from which a message is mentioned in the log; nil: never.
    package var messageWarnBytes: Int?
    /// `decompression_size_limit`: bytes that a compressed message may become.
    package var decompressedBytes = 256 << 20
    /// Records that are decoded before they are handed on, so that a long run of small messages stays in the cache.
    package var batchRecords = 4096
    /// Records, and bytes of entries, that are read in one turn of the loop; a longer message goes on in the next turn,
    /// after other connections had theirs.
    package var turnRecords = 16 * 1024
    package var turnBytes = 1 << 20
    /// Bytes that are unpacked (or turned from JSON) before they are handed on, beside the one message that needs more.
    package var heldBytes = 1 << 20
    /// Bytes of a handshake message. PING has two names and two digests of 128 bytes; nobody needs more before having shown
    /// the key.
    package var handshakeBytes = 8 * 1024

    package init() {}
}

/// Parameters of `<source> @type forward` that concern what events become.
package struct ForwardOptions: Sendable {
    /// `tag`: every event gets this tag, whatever the client said.
    package var tag: String?
    /// `add_tag_prefix`
    package var tagPrefix: String?
    /// `skip_invalid_event` (default true, as since Fluentd 1.19): false makes a broken event cost the whole message.
    package var skipsInvalidEvents = true
    /// `source_address_key`, `source_hostname_key`: record fields with the client's address and name.
    package var sourceAddressKey: String?
    package var sourceHostnameKey: String?
    package var limits = ForwardLimits()

    package init() {}
}
