import Glibc

/// write(2) that does not wait, on descriptors that were not opened for it.
///
/// O_NONBLOCK belongs to the open file, which a shell or other processes share with us (standard output of a terminal),
/// so it is not set. Instead poll(2) is asked first, and then no more is written than a pipe takes at once when it takes
/// anything: PIPE_BUF bytes (pipe(7)). Somebody else may have set it: EAGAIN is no error either.
enum NonBlockingWrite {
    enum Outcome: Equatable {
        case wrote(Int)
        /// Nothing is taken now: poll(2) tells when.
        case blocked
        /// `isFinal`: the reader is gone, no later write can succeed.
        case failed(code: Int32, isFinal: Bool)
    }

    static let atOnceBytes = 4096

    /// Writes the beginning of what stands from an offset on, which is something.
    static func write(_ bytes: [UInt8], from offset: Int, to descriptor: Int32, mayBlock: Bool) -> Outcome {
        if mayBlock {
            var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            // The pointer is to a local and does not leave the call.
            let ready = unsafe poll(&watched, 1, 0)
            if ready == 0 || ready < 0 && errno == EINTR { return .blocked }
        }
        let count = mayBlock ? wholeLines(of: bytes[offset...]) : bytes.count - offset
        // The array outlives the call and has so many bytes.
        let written = unsafe bytes[offset...].withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, count) }
        if written >= 0 { return .wrote(written) }
        let code = errno
        if code == EAGAIN || code == EINTR { return .blocked }
        return .failed(code: code, isFinal: isFinal(code, mayBlock: mayBlock))
    }

    /// What fits into one write, up to the end of a line: so that lines of several writers to one pipe stay whole.
    private static func wholeLines(of bytes: ArraySlice<UInt8>) -> Int {
        guard bytes.count > atOnceBytes else { return bytes.count }
        let newline = UInt8(ascii: "\n")
        return bytes.prefix(atOnceBytes).lastIndex(of: newline).map { $0 + 1 - bytes.startIndex } ?? atOnceBytes
    }

    /// Regular files and devices such as /dev/null take everything at once; pipes, sockets and terminals may wait.
    static func mayBlock(_ descriptor: Int32) -> Bool {
        var status = stat()
        // The pointer is to a local and does not leave the call.
        guard unsafe fstat(descriptor, &status) == 0 else { return false }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return false
        case S_IFCHR: return isatty(descriptor) == 1
        default: return true
        }
    }

    private static func isFinal(_ code: Int32, mayBlock: Bool) -> Bool {
        switch code {
        case EPIPE, EBADF, ECONNRESET, ENXIO: true
        // A terminal that was hung up; on a disk it may pass.
        case EIO: mayBlock
        default: false
        }
    }
}
