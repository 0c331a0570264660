import Glibc

/// Rotation by the daemon itself (`--log-rotate-age N --log-rotate-size BYTES`): FILE becomes FILE.0, FILE.0 becomes
/// FILE.1, and the oldest goes.
package struct LogRotation: Sendable, Equatable {
    /// Old files kept; at least one.
    package let generations: Int
    package let maximumFileBytes: Int64

    /// Fluentd's defaults: five generations of 1 MiB, in force when either option is given.
    package init(generations: Int = 5, maximumFileBytes: Int64 = 1_048_576) {
        self.generations = max(generations, 1)
        self.maximumFileBytes = max(maximumFileBytes, 1)
    }

    /// Whether a line would take the file over its limit. A line longer than the limit still gets an empty file.
    func isDue(byteCount: Int64, adding lineBytes: Int) -> Bool {
        byteCount > 0 && byteCount + Int64(lineBytes) > maximumFileBytes
    }

    /// Moves the files; a name that is not there is no error, and whatever else fails leaves the file growing.
    func rotate(_ path: String) {
        for number in stride(from: generations - 2, through: 0, by: -1) {
            // The strings live for the length of the call.
            _ = unsafe rename("\(path).\(number)", "\(path).\(number + 1)")
        }
        _ = unsafe rename(path, "\(path).0")
    }
}
