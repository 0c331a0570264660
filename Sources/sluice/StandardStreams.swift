import Glibc

/// Text to standard output. A reader that has gone away ends the program quietly, as it ends any Unix filter.
enum StandardOutput {
    static func write(_ text: String) { FileDescriptor.write(text, to: STDOUT_FILENO) }
}

enum StandardError {
    static func write(_ text: String) { FileDescriptor.write(text, to: STDERR_FILENO) }
}

private enum FileDescriptor {
    static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes[offset...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            offset += count
        }
    }
}
