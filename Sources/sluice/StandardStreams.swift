import CommandLine
import Events
import Glibc
import Logging

/// Text to standard output, for every command but the daemon.
///
/// What cannot be written ends the program: with a sentence and status 74, so that a script learns that its file is not
/// whole; or quietly, by SIGPIPE as any Unix filter, when the reader has gone away (`| head`).
enum StandardOutput {
    static func write(_ text: String) { write(Array(text.utf8)) }

    static func write(_ bytes: [UInt8]) {
        if let code = FileDescriptor.write(bytes, to: STDOUT_FILENO) { fail(code) }
    }

    /// Writes what a buffer holds and empties it.
    static func flush(_ buffer: inout ByteBuffer) {
        write(buffer.array())
        buffer.clear()
    }

    /// The exit status of a command: its own, unless some file systems only now tell that the disk is full (close(2)).
    static func finish(_ status: Int32) -> Int32 {
        if close(STDOUT_FILENO) != 0, errno != EBADF { fail(errno) }
        return status
    }

    private static func fail(_ code: Int32) -> Never {
        if code == EPIPE {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
            // Only where the signal is blocked.
            exit(128 + SIGPIPE)
        }
        StandardError.write("sluice: cannot write to standard output: \(systemReason(code))\n")
        exit(ExitStatus.cannotWrite)
    }
}

enum StandardError {
    static func write(_ text: String) { _ = FileDescriptor.write(Array(text.utf8), to: STDERR_FILENO) }
}

/// Standard output and error, taken when they are closed: the next file or socket that is opened would get their numbers,
/// and the lines meant for them.
enum StandardStreams {
    static func reserve() {
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // For reading, so that writing to it goes on being an error.
            let null = unsafe open("/dev/null", O_RDONLY)
            guard null >= 0, null != descriptor else { continue }
            dup2(null, descriptor)
            close(null)
        }
    }
}

private enum FileDescriptor {
    /// Writes all of it; answers the errno when that is not possible.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes[offset...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                offset += count
            } else if errno == EAGAIN {
                // Somebody who shares the descriptor does not want to wait (O_NONBLOCK); we do.
                var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&watched, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
