/// The time of an event: seconds since 1970 and nanoseconds, as the forward protocol's EventTime has them.
///
/// Always within the years 1 to 9999, which four digits can write, and with less than a second of nanoseconds. Every
/// initialiser brings what it is given into that range, so a time is checked once, where it enters (wire, text, field of
/// a record), and arithmetic on it (zones, calendars, time slices) cannot overflow afterwards.
///
/// Source: Fluentd's forward protocol specification v1, "EventTime Ext Format"; nanoseconds of a second and more carry
/// over into the seconds, as in Ruby's `Time.at(seconds, nanoseconds, :nsec)`.
@usableFromInline package struct EventTime: Sendable, Equatable, BitwiseCopyable {
    @usableFromInline package let seconds: Int64
    /// 0 … 999,999,999
    @usableFromInline package let nanoseconds: UInt32

    /// 0001-01-01T00:00:00Z
    @inlinable package static var firstSecond: Int64 { -62_135_596_800 }
    /// 9999-12-31T23:59:59Z
    @inlinable package static var lastSecond: Int64 { 253_402_300_799 }

    /// The nearest time of the range: numbers beyond it are its first or its last second.
    @inlinable package init(seconds: Int64, nanoseconds: UInt32 = 0) {
        let distance = UInt64(bitPattern: seconds &- Self.firstSecond)
        if distance <= UInt64(Self.lastSecond - Self.firstSecond), nanoseconds < 1_000_000_000 {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        } else {
            self = Self.clamped(seconds, nanoseconds)
        }
    }

    /// From seconds with a fraction, as JSON logs carry them. The fraction is exact to the double's own digits.
    /// What is no number (NaN, infinities) is 1970.
    package init(_ value: Double) {
        guard value.isFinite else {
            self.init(seconds: 0)
            return
        }
        let whole = value.rounded(.down)
        // A billion when the fraction rounds up; that carries.
        let nanoseconds = UInt32(((value - whole) * 1e9).rounded())
        self.init(seconds: Int64(exactly: whole) ?? (whole < 0 ? .min : .max), nanoseconds: nanoseconds)
    }

    @usableFromInline static func clamped(_ seconds: Int64, _ nanoseconds: UInt32) -> EventTime {
        let (carried, overflow) = seconds.addingReportingOverflow(Int64(nanoseconds / 1_000_000_000))
        if overflow || carried > lastSecond { return EventTime(seconds: lastSecond) }
        if carried < firstSecond { return EventTime(seconds: firstSecond) }
        return EventTime(seconds: carried, nanoseconds: nanoseconds % 1_000_000_000)
    }
}

extension ByteBuffer {
    /// The time that a number of a record means, in seconds since 1970. nil: it is no number, or not finite (`1e400`).
    package func eventTime(number value: Value) -> EventTime? {
        switch value.kind {
        case .int: return EventTime(seconds: value.intValue)
        case .uint: return EventTime(seconds: Int64(clamping: value.payload))
        case .double: return value.doubleValue.isFinite ? EventTime(value.doubleValue) : nil
        case .number:
            let number = double(number: value.slice)
            return number.isFinite ? EventTime(number) : nil
        default: return nil
        }
    }
}
