import CUV
import Glibc

/// Two stream sockets that are connected with each other: one is kept here, the other is for a library that speaks a
/// protocol over a descriptor. Neither blocks, and neither has a name in the file system (`socketpair(2)`).
package final class SocketPair: LoopHandle, @unchecked Sendable {
    /// What a read has found.
    package enum Found: Equatable {
        case bytes(Int)
        /// Nothing for now.
        case nothing
        /// The other end has closed.
        case end
    }

    private let descriptor: Int32
    private var other: Int32
    private var ready: (() -> Void)?
    private var watched: Int32 = 0
    /// Whether `ready` is called for bytes of the other end.
    package var isReading = true { didSet { watch() } }
    /// Whether `ready` is called when the other end has made room: set by a write that did not take all.
    private var wantsRoom = false
    private var hasEndedWriting = false

    /// - Parameter ready: called when something can be read, or there is room again after a write that did not take all.
    package init(on loop: Loop, _ ready: @escaping () -> Void) throws(LoopError) {
        var ends: [Int32] = [-1, -1]
        // Writes two descriptors, for which the array has room.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw LoopError("make", "a pair of sockets", errno: errno)
        }
        (descriptor, other) = (ends[0], ends[1])
        self.ready = ready
        super.init(on: loop, type: UV_POLL)
        let made = unsafe uv_poll_init(loop.pointer, pointer(as: uv_poll_t.self), descriptor)
        if made < 0 {
            Glibc.close(descriptor)
            Glibc.close(other)
            throw LoopError("poll", "a pair of sockets", status: made)
        }
        register()
        watch()
    }

    /// The other end, whose owner the caller is from now on. Once.
    package func takeOtherEnd() -> Int32 {
        precondition(other >= 0, "the other end of a pair of sockets was given away already")
        defer { other = -1 }
        return other
    }

    /// What the other end has sent, as much as there is room for.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Found {
        loop.assertOnLoop()
        guard !isClosing else { return .end }
        while true {
            // Writes at most as many bytes as the buffer has.
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count < 0, errno == EINTR { continue }
            return count < 0 && errno == EAGAIN ? .nothing : .end
        }
    }

    /// Sends as much as there is room for, and answers how much that was. What is for an end that has closed counts as
    /// sent: nobody will want it.
    package func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        loop.assertOnLoop()
        guard !isClosing, !hasEndedWriting else { return bytes.count }
        var sent = 0
        while sent < bytes.count {
            // Reads from within the buffer.
            let count = unsafe send(
                descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                wantsRoom = true
                watch()
                return sent
            } else if errno != EINTR {
                hasEndedWriting = true
                return bytes.count
            }
        }
        return sent
    }

    /// The other end reads what was written, and then an end. It may write on.
    package func endWriting() {
        guard !isClosing, !hasEndedWriting else { return }
        hasEndedWriting = true
        shutdown(descriptor, Int32(SHUT_WR))
    }

    private func watch() {
        guard !isClosing else { return }
        let wanted =
            (isReading ? Int32(UV_READABLE.rawValue) : 0) | (wantsRoom ? Int32(UV_WRITABLE.rawValue) : 0)
        guard wanted != watched else { return }
        watched = wanted
        if wanted == 0 {
            unsafe uv_poll_stop(pointer(as: uv_poll_t.self))
            return
        }
        // Fails only for a bad descriptor, and uv_poll_init has tried ours.
        unsafe uv_poll_start(pointer(as: uv_poll_t.self), wanted) { handle, _, events in
            guard let pair = unsafe LoopHandle.owner(handle, as: SocketPair.self), !pair.isClosing else { return }
            if events & Int32(UV_WRITABLE.rawValue) != 0, pair.wantsRoom {
                pair.wantsRoom = false
                pair.watch()
            }
            pair.ready?()
        }
    }

    override func willClose() { ready = nil }

    override func didClose() {
        Glibc.close(descriptor)
        if other >= 0 { Glibc.close(other) }
    }
}
