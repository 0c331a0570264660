import Glibc

/// A moment in the machine's own zone, by localtime_r(3), which reads TZ or /etc/localtime.
struct LocalTime {
    let year: Int
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int
    let second: Int
    let offsetMinutes: Int
    /// Days since 1970-01-01 as the zone's calendar counts them.
    let dayNumber: Int

    /// Nil only for years that an Int32 does not hold.
    init?(_ seconds: Int64) {
        var moment = time_t(seconds)
        var parts = unsafe tm()
        // Both pointers are to locals and do not leave the call.
        guard unsafe localtime_r(&moment, &parts) != nil else { return nil }
        // Every use of a tm is unsafe to the compiler, because it holds the zone's name as a pointer; only numbers
        // are taken out.
        (year, month, day) = unsafe (Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday))
        (hour, minute, second) = unsafe (Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec))
        let offsetSeconds = unsafe Int(parts.tm_gmtoff)
        offsetMinutes = offsetSeconds / 60
        let local = Int(seconds) + offsetSeconds
        dayNumber = local >= 0 ? local / 86400 : (local - 86399) / 86400
    }

    /// `2026-11-24 17:53:31 +0000`.
    var stamp: String {
        let zone = "\(offsetMinutes < 0 ? "-" : "+")\(pair(abs(offsetMinutes) / 60))\(pair(abs(offsetMinutes) % 60))"
        return "\(year)-\(pair(month))-\(pair(day)) \(pair(hour)):\(pair(minute)):\(pair(second)) \(zone)"
    }

    /// `20261124`, as rotated files are named.
    var date: String { "\(year)\(pair(month))\(pair(day))" }

    private func pair(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
