internal import TLS

/// A connection's TLS session, by reference: an optional ~Copyable property of a class cannot be looked into. With the
/// memory for what it decrypts, 16 KiB, one record.
///
/// `@safe`: the memory is allocated and freed here and nowhere else; users index it within its bounds.
@safe
final class TLSChannel {
    var session: TLSSession
    let plaintext: UnsafeMutableRawBufferPointer

    init(_ context: TLSContext, serverName: String) throws(TLSError) {
        session = try TLSSession(context, serverName: serverName)
        unsafe plaintext = .allocate(byteCount: 16 * 1024, alignment: 16)
    }

    deinit { unsafe plaintext.deallocate() }
}
