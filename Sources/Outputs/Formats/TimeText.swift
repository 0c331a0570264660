package import Events
package import Time

/// An event's time as `time_type`, `time_format`, `timezone`, `utc` and `localtime` ask for it (Fluentd's `time.rb`).
package struct TimeText: Sendable {
    package enum Unit: Sendable { case seconds, milliseconds, microseconds, nanoseconds }

    private enum Form: Sendable {
        case text(TimeFormatter)
        /// With nine digits, or one where there is no fraction.
        case fluentd(TimeWriter)
        case iso8601(TimeWriter)
        case float
        case integer(Unit)
    }

    private var form: Form

    /// `2024-05-06T12:53:20+00:00` in the process's zone.
    package static let iso8601 = TimeText(form: .iso8601(TimeWriter(.iso8601(fractionDigits: 0))))
    /// `2019-12-17 17:55:04.123456789 +0000` in the process's zone: what the stdout format has.
    package static let fluentd = TimeText(form: .fluentd(TimeWriter(.fluentd)))
    /// `1715000000.123456789`, `1715000001.0`
    package static let float = TimeText(form: .float)
    package static func integer(_ unit: Unit) -> TimeText { TimeText(form: .integer(unit)) }

    /// As `fluentd`, so many seconds ahead of UTC.
    package static func fluentd(offset: Int) -> TimeText {
        TimeText(form: .fluentd(TimeWriter(.fluentd, offset: offset)))
    }

    private init(form: Form) { self.form = form }

    /// - Parameters:
    ///   - format: nil: ISO 8601.
    ///   - zone: nil: `utc true`, whose ISO 8601 ends with `Z`.
    package init(format: String?, zone: TimeZoneRule?) throws(SettingError) {
        let standard = zone == nil ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%dT%H:%M:%S%:z"
        form = .text(try TimeFormatter(format ?? standard, zone: zone ?? .utc))
    }

    package mutating func write(_ time: EventTime, to out: inout ByteBuffer) {
        switch form {
        case .text(var formatter):
            // Moved out and back, so that its memory of the last second is not copied.
            form = .float
            formatter.write(time, to: &out)
            form = .text(formatter)
        case .fluentd(var writer):
            writer.write(time, to: &out)
            form = .fluentd(writer)
        case .iso8601(var writer):
            writer.write(time, to: &out)
            form = .iso8601(writer)
        case .float:
            out.appendDecimal(time.seconds)
            out.append(UInt8(ascii: "."))
            out.appendDecimal(time.nanoseconds, width: time.nanoseconds == 0 ? 1 : 9)
        case .integer(let unit): out.appendDecimal(Self.count(unit, time))
        }
    }

    /// Since 1970.
    static func count(_ unit: Unit, _ time: EventTime) -> Int64 {
        let (factor, divisor): (Int64, Int64) =
            switch unit {
            case .seconds: (1, 1_000_000_000)
            case .milliseconds: (1000, 1_000_000)
            case .microseconds: (1_000_000, 1000)
            case .nanoseconds: (1_000_000_000, 1)
            }
        return time.seconds &* factor &+ Int64(time.nanoseconds) / divisor
    }
}
