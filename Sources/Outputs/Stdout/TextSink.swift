package import Events
internal import Glibc
package import Logging
internal import Synchronization

/// A file descriptor that lines are written to by several loops, whole batches at a time.
///
/// A reader that went away or a disk that is full must not stop the daemon: lines that cannot be written are counted,
/// said once, and gone; standard output is no place to keep events safe.
package final class TextSink: Sendable {
    private struct State {
        var isClosed = false
        /// The last write ended inside a line.
        var isInsideLine = false
        var droppedBytes = 0
    }

    private let descriptor: Int32
    private let log: Log
    /// How long a full, non-blocking pipe is waited for before the rest of a batch is dropped.
    private let patienceMilliseconds: Int32
    private let state = Mutex(State())

    /// The descriptor stays the caller's. SIGPIPE must be ignored in the process.
    package init(descriptor: Int32 = STDOUT_FILENO, patienceMilliseconds: Int = 5000, log: Log = .discarding) {
        self.descriptor = descriptor
        self.patienceMilliseconds = Int32(clamping: patienceMilliseconds)
        self.log = log
    }

    /// Bytes that could not be written so far.
    package var droppedBytes: Int { state.withLock { $0.droppedBytes } }

    /// Writes lines with, as a rule, one write(2).
    package func write(_ lines: borrowing ByteBuffer) {
        state.withLock { state in
            guard !state.isClosed else {
                state.droppedBytes += lines.count
                return
            }
            if state.isInsideLine {
                _ = unsafe withUnsafePointer(to: UInt8(0x0A)) { unsafe Glibc.write(descriptor, $0, 1) }
                state.isInsideLine = false
            }
            var offset = 0
            while offset < lines.count {
                let slice = Slice(offset: offset, length: lines.count - offset)
                let written = unsafe lines.withUnsafeBytes(slice) { bytes, count in
                    unsafe Glibc.write(descriptor, bytes, count)
                }
                if written > 0 {
                    offset += written
                } else if errno == EAGAIN {
                    if !waitForRoom() { return giveUp(lines, offset, EAGAIN, &state) }
                } else if errno != EINTR {
                    return giveUp(lines, offset, errno, &state)
                }
            }
        }
    }

    private func waitForRoom() -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&watched, 1, patienceMilliseconds) != 0
    }

    private func giveUp(_ lines: borrowing ByteBuffer, _ offset: Int, _ code: Int32, _ state: inout State) {
        state.droppedBytes += lines.count - offset
        state.isInsideLine = offset > 0 && lines[offset - 1] != 0x0A
        let reason = unsafe String(cString: strerror(code))
        if code == EPIPE || code == EBADF {
            state.isClosed = true
            log.warn("standard output is closed: its lines are dropped from now on", ["error": reason])
        } else {
            log.limited(.warn, "cannot write to standard output: lines dropped", ["error": reason])
        }
    }
}
