internal import Events
internal import Time

/// Ruby's Time, and its DateTime and Date, which differ in how they are written.
struct TimeValue {
    enum Zone: Equatable {
        case local, utc
        case fixed(seconds: Int32)

        var rule: TimeZoneRule {
            switch self {
            case .local: .local
            case .utc: .utc
            case .fixed(let seconds): .fixed(seconds: Int(seconds))
            }
        }
    }

    enum Kind {
        case time, dateTime, date
    }

    var time: EventTime
    var zone = Zone.local
    var kind = Kind.time

    var offset: Int { zone.rule.offset(at: time.seconds) }
    var civil: CivilTime { CivilTime(seconds: time.seconds, offset: offset) }

    /// Since 1970.
    var nanoseconds: Int128 { Int128(time.seconds) * 1_000_000_000 + Int128(time.nanoseconds) }

    /// Times beyond the years 1 to 9999 are the nearest of them.
    static func time(nanoseconds: Int128) -> EventTime {
        var seconds = nanoseconds / 1_000_000_000
        var rest = nanoseconds % 1_000_000_000
        if rest < 0 {
            rest += 1_000_000_000
            seconds -= 1
        }
        return EventTime(seconds: Int64(clamping: seconds), nanoseconds: UInt32(truncatingIfNeeded: rest))
    }

    /// Seconds as a decimal number has them. The digits that name the double count, not its binary expansion: 0.123 s are
    /// 123 ms. nil: no finite number.
    static func nanoseconds(_ seconds: Double) -> Int128? {
        guard seconds.isFinite, seconds.magnitude < 1e15 else { return nil }
        let whole = seconds.rounded(.down)
        let text = Array((seconds.magnitude).description.utf8)
        guard let point = text.firstIndex(of: UInt8(ascii: ".")), !text.contains(UInt8(ascii: "e")) else {
            return Int128(whole) * 1_000_000_000 + Int128(((seconds - whole) * 1e9).rounded())
        }
        var fraction: Int128 = 0
        for place in 1...9 {
            let digit = point + place < text.count ? text[point + place] - 0x30 : 0
            fraction = fraction * 10 + Int128(digit)
        }
        let magnitude = Int128(seconds.magnitude.rounded(.down)) * 1_000_000_000 + fraction
        return seconds < 0 ? -magnitude : magnitude
    }
}
