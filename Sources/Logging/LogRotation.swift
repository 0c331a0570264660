import Glibc

/// Rotation by the daemon itself (`--log-rotate-age`, `--log-rotate-size`), with the file names of Ruby's Logger, which
/// Fluentd rotates by.
package enum LogRotation: Sendable, Equatable {
    /// When the file would grow over a size: FILE becomes FILE.0, FILE.0 becomes FILE.1, and the oldest goes.
    /// `files` counts the current one too; at least two.
    case size(files: Int, maximumFileBytes: Int64)
    /// With the first line of a new day, week (from Sunday) or month: FILE becomes FILE.20261124, the day of its last
    /// line. Old files stay.
    case period(Period)

    package enum Period: String, Sendable, CaseIterable { case daily, weekly, monthly }

    /// Fluentd's defaults, in force as soon as either option is given: seven files of 1 MiB.
    package static let defaultFiles = 7
    package static let defaultMaximumFileBytes: Int64 = 1_048_576

    /// What the options ask for: an age of `daily`, `weekly`, `monthly` or a number of files, and a size in bytes. Nil
    /// when they ask for no rotation (neither given, or age 0), or the age is none of these.
    package init?(age: String?, maximumFileBytes: Int64?) {
        if age == nil, maximumFileBytes == nil { return nil }
        let age = age ?? String(LogRotation.defaultFiles)
        if let period = Period(rawValue: age) {
            self = .period(period)
        } else if let files = Int(age), files > 0 {
            let bytes = maximumFileBytes ?? LogRotation.defaultMaximumFileBytes
            self = .size(files: files, maximumFileBytes: max(bytes, 1))
        } else {
            return nil
        }
    }

    /// Whether the file must be moved before a line is written. A line longer than the limit gets an empty file.
    func isDue(byteCount: Int64, adding lineBytes: Int, lastSeconds: Int64, now seconds: Int64) -> Bool {
        guard byteCount > 0 else { return false }
        switch self {
        case .size(_, let maximumFileBytes): return byteCount + Int64(lineBytes) > maximumFileBytes
        case .period(let period):
            guard seconds > lastSeconds, let last = LocalTime(lastSeconds), let now = LocalTime(seconds) else {
                return false
            }
            switch period {
            case .daily: return now.dayNumber != last.dayNumber
            // Day 0 was a Thursday.
            case .weekly: return (now.dayNumber + 4) / 7 != (last.dayNumber + 4) / 7
            case .monthly: return (now.year, now.month) != (last.year, last.month)
            }
        }
    }

    /// Moves the files; a name that is not there is no error, and whatever else fails leaves the file growing.
    func rotate(_ path: String, lastSeconds: Int64) {
        switch self {
        case .size(let files, _):
            for number in stride(from: files - 3, through: 0, by: -1) {
                // The strings live for the length of the call.
                _ = unsafe rename("\(path).\(number)", "\(path).\(number + 1)")
            }
            _ = unsafe rename(path, "\(path).0")
        case .period:
            let date = LocalTime(lastSeconds)?.date ?? "\(lastSeconds)"
            _ = unsafe rename(path, "\(path).\(date)")
        }
    }
}
