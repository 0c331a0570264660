/// What a connection tells the protocol above it. Every call comes on the loop.
///
/// `closed` comes exactly once and last. Nothing is ever called from inside `write` or `close`.
package protocol ConnectionHandler: AnyObject {
    /// Bytes arrived. The memory is the loop's: consume it before returning, keep a copy of what is unfinished.
    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection)

    /// The peer has sent its last byte (a half close, or the end). Reading is over, writing still works.
    ///
    /// Without an own answer the connection closes once what is queued has been written, with `.endOfStream`.
    func reachedEnd(of connection: Connection)

    /// All queued bytes have gone to the kernel, after some could not at once: time to produce more.
    func drained(_ connection: Connection)

    /// The connection is gone; the handler is let go after this.
    func closed(_ connection: Connection, because reason: CloseReason)
}

extension ConnectionHandler {
    package func reachedEnd(of connection: Connection) { connection.closeAfterWrites(because: .endOfStream) }
    package func drained(_ connection: Connection) {}
}

/// Why a connection ended.
package enum CloseReason: Sendable, Equatable, CustomStringConvertible {
    /// This side closed it.
    case local
    /// The peer closed it in order.
    case endOfStream
    /// The peer or its kernel threw it away (RST): bytes in flight may be lost.
    case reset
    /// Something else failed.
    case failed(LoopError)

    package var description: String {
        switch self {
        case .local: "closed by this side"
        case .endOfStream: "closed by the peer"
        case .reset: "reset by the peer"
        case .failed(let error): error.description
        }
    }
}
