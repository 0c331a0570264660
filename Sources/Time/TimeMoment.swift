package import Events

/// A time that was read together with the offset that its text names, for those who write it in the same zone again.
package struct TimeMoment: Sendable, Equatable {
    package let time: EventTime
    /// Seconds ahead of UTC; nil: the text names no zone.
    package let zoneOffset: Int32?

    /// Reads a text by one of the forms that are dates; nil: it is none.
    package static func read(
        _ storage: borrowing ByteBuffer, _ text: Slice, _ source: TimeSource, zone: TimeZoneRule,
        clock: @escaping @Sendable () -> EventTime
    ) -> TimeMoment? {
        let span = storage.span
        let parts: TimeParts?
        switch source {
        case .lenient: parts = LenientTime.read(span, Int(text.offset), text.end)
        case .iso8601: parts = ISO8601Time.read(span, Int(text.offset), text.end)
        case .format(let format): parts = format.read(span, Int(text.offset), text.end)
        case .unixtime, .float, .mixed: return nil
        }
        guard let parts, !parts.isEmpty, let time = parts.time(ZoneClock(zone, clock: clock)) else { return nil }
        return TimeMoment(time: time, zoneOffset: parts.zoneOffset)
    }
}
