import CUV

/// The one buffer of a loop that every socket of it reads into.
///
/// Handlers consume what they are given before they return, so one buffer serves any number of connections; the
/// flag proves it (BIND's `netmgr` does the same).
@safe
final class ReceiveBuffer {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var isInUse = false

    /// What one read can bring.
    var sizeBytes: Int { unsafe min(memory.count, limitBytes) }
    /// Makes reads smaller than the buffer while memory is short.
    var limitBytes = Int.max

    init(sizeBytes: Int) {
        // Freed in deinit, which the loop reaches only after its last handle has closed.
        unsafe memory = .allocate(byteCount: sizeBytes, alignment: 64)
    }

    deinit { unsafe memory.deallocate() }

    /// Hands the buffer to libuv for one read.
    func lend() -> uv_buf_t {
        precondition(!isInUse, "a receive buffer was lent while a handler still reads it")
        isInUse = true
        return unsafe uv_buf_t(
            base: memory.baseAddress?.assumingMemoryBound(to: CChar.self), len: sizeBytes)
    }

    /// The same, whatever the limit: a datagram that does not fit is cut.
    func lendWhole() -> uv_buf_t {
        var buffer = unsafe lend()
        unsafe buffer.len = memory.count
        return unsafe buffer
    }

    /// Ends a read: nobody looks at the bytes any more.
    func giveBack() { isInUse = false }
}
