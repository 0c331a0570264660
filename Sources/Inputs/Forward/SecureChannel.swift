internal import TLS

/// A connection's TLS session, owned by reference: an optional ~Copyable property of a class cannot be looked into.
final class SecureChannel {
    var session: TLSSession
    var hasReceived = false

    init(_ context: TLSContext) throws(TLSError) { session = try TLSSession(context) }
}

/// Where TLS puts what it decrypts: one per loop, 64 KiB, four records at once.
///
/// `@safe`: the memory is allocated and freed here and nowhere else; users index it within its bounds.
@safe
final class PlaintextBuffer {
    let memory: UnsafeMutableRawBufferPointer

    init() { unsafe memory = .allocate(byteCount: 64 * 1024, alignment: 16) }

    deinit { unsafe memory.deallocate() }
}
