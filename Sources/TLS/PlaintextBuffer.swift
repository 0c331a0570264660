/// Where TLS puts what it decrypts: one per loop, 64 KiB, four records at once.
///
/// `@safe`: the memory is allocated and freed here and nowhere else; users index it within its bounds.
@safe
package final class PlaintextBuffer {
    package let memory: UnsafeMutableRawBufferPointer

    package init() { unsafe memory = .allocate(byteCount: 64 * 1024, alignment: 16) }

    deinit { unsafe memory.deallocate() }
}
