internal import TLS

/// A connection's TLS session, owned by reference: an optional ~Copyable property of a class cannot be looked into.
final class SecureChannel {
    var session: TLSSession
    var hasReceived = false

    init(_ context: TLSContext) throws(TLSError) { session = try TLSSession(context) }
}
