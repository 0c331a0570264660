internal import Events

/// What a text said about a time; nil where it said nothing.
struct TimeParts {
    var year: Int32?
    var month: Int32?
    var day: Int32?
    var dayOfYear: Int32?
    var hour: Int32?
    var minute: Int32?
    var second: Int32?
    /// Nanoseconds.
    var fraction: Int32?
    var century: Int32?
    /// Seconds ahead of UTC.
    var zoneOffset: Int32?
    /// Seconds since 1970, which make all the rest but the fraction superfluous.
    var epochSeconds: Int64?
    /// 0 = a.m., 12 = p.m.
    var halfDay: Int32?

    /// Whether the present time has to fill something in, so that the same text means another time tomorrow.
    var isRelative: Bool { epochSeconds == nil && year == nil }

    var isEmpty: Bool {
        epochSeconds == nil && year == nil && month == nil && day == nil && dayOfYear == nil && hour == nil
            && minute == nil && second == nil && fraction == nil
    }

    /// Applies what needs more than one part: `%C%y`, `%I %p`.
    mutating func combine() {
        if let century { year = century * 100 + (year ?? 0) % 100 }
        if let halfDay, let hour { self.hour = hour % 12 + halfDay }
    }

    /// The time, or nil when a part is out of range.
    ///
    /// Missing leading parts come from the present time, missing trailing ones are the least possible: `18:15` is today,
    /// `Dec 17` this year at midnight. A day the month does not have runs over into the next, as in Ruby's Time.
    func time(_ zone: ZoneClock) -> EventTime? {
        let nanoseconds = UInt32(fraction ?? 0)
        if let epochSeconds { return EventTime(seconds: epochSeconds, nanoseconds: nanoseconds) }
        var parts = self
        if year == nil { parts.fill(from: zone.now(zoneOffset)) }
        let hour = parts.hour ?? 0
        let minute = parts.minute ?? 0
        let second = parts.second ?? 0
        guard let year = parts.year, (0...24).contains(hour), (0...59).contains(minute), (0...60).contains(second),
            hour < 24 || minute == 0 && second == 0
        else { return nil }
        let days: Int
        if let dayOfYear = parts.dayOfYear, parts.month == nil {
            let newYear = CivilTime(year: Int(year), month: 1, day: 1).days
            let nextYear = CivilTime(year: Int(year) + 1, month: 1, day: 1).days
            guard dayOfYear >= 1, Int(dayOfYear) <= nextYear - newYear else { return nil }
            days = newYear + Int(dayOfYear) - 1
        } else {
            let month = parts.month ?? 1
            let day = parts.day ?? 1
            guard (1...12).contains(month), (1...31).contains(day) else { return nil }
            days = CivilTime(year: Int(year), month: Int(month), day: Int(day)).days
        }
        let local = Int64(days) * 86_400 + Int64(hour) * 3600 + Int64(minute) * 60 + Int64(second)
        let offset = zoneOffset.map(Int.init) ?? zone.offset(local: local)
        return EventTime(seconds: local - Int64(offset), nanoseconds: nanoseconds)
    }

    /// Leading parts up to the first that is known.
    private mutating func fill(from now: CivilTime) {
        year = Int32(now.year)
        if month != nil || dayOfYear != nil { return }
        month = Int32(now.month)
        if day != nil { return }
        day = Int32(now.day)
        if hour != nil { return }
        hour = Int32(now.hour)
        if minute != nil { return }
        minute = Int32(now.minute)
    }
}
