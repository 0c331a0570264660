/// How a connection's socket is set up, and its limits.
package struct ConnectionOptions: Sendable {
    /// Sends small writes at once (TCP_NODELAY): acks must not wait for company.
    package var noDelay = true
    /// Seconds of silence before the kernel probes the peer (SO_KEEPALIVE); nil for no probes.
    package var keepAliveSeconds: UInt32?
    /// SO_LINGER, Fluentd's `linger_timeout`: seconds that the kernel keeps unsent bytes after a close; 0 sends a reset
    /// instead of an orderly end; nil leaves it to the kernel, which sends everything.
    package var lingerSeconds: Int32?
    /// Above so many queued bytes nothing more is read from the peer until all are written: who does not fetch answers
    /// gets no more questions in.
    package var pauseReadingAboveQueuedBytes = 256 * 1024
    /// Above so many queued bytes the connection is given up with an error. One write may be larger, if it is the first.
    package var maximumQueuedWriteBytes = 64 * 1024 * 1024
    /// Above so many bytes queued for all connections of a loop, the one with the most is given up. What is sent in
    /// large pieces on purpose (an output's chunks) needs more than what only answers.
    package var maximumQueuedWriteBytesOfLoop = 512 * 1024 * 1024
    /// How long `closeAfterWrites` waits for a peer that does not take what is queued, in milliseconds.
    package var finishTimeoutMilliseconds: UInt64 = 10_000

    package init() {}
}
