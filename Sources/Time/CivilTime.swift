package import Events
internal import Glibc
internal import Synchronization

/// A date and a time of day in the proleptic Gregorian calendar, without a zone.
package struct CivilTime: Sendable, Equatable {
    package var year: Int
    package var month: Int  // 1 … 12
    package var day: Int  // 1 … 31
    package var hour: Int
    package var minute: Int
    package var second: Int

    package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// What a clock shows that is `offset` seconds ahead of UTC.
    /// The day arithmetic counts in eras of 400 years that begin on 1 March, so that leap days come last.
    package init(seconds: Int64, offset: Int = 0) {
        // Seconds of an `EventTime` are far from the ends of 64 bits; for other numbers the offset is left out there.
        let (sum, overflow) = seconds.addingReportingOverflow(Int64(offset))
        let local = overflow ? seconds : sum
        var days = Int(local / 86_400)
        var rest = Int(local % 86_400)
        if rest < 0 {
            rest += 86_400
            days -= 1
        }
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3600
        minute = rest / 60 % 60
        second = rest % 60
    }

    /// Days since 1970-01-01.
    package var days: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Seconds since 1970 if this is UTC.
    package var seconds: Int64 { Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second) }

    /// 0 = Sunday.
    package var weekday: Int { (days % 7 + 11) % 7 }

    /// 1 = 1 January.
    package var dayOfYear: Int { days - CivilTime(year: year, month: 1, day: 1).days + 1 }
}

/// The process's own zone (`TZ`, else /etc/localtime).
package enum LocalZone {
    /// Seconds ahead of UTC at a moment; 0 for one whose year the C library cannot hold, which no `EventTime` is.
    package static func offset(at seconds: Int64) -> Int {
        var time = time_t(seconds)
        var parts = unsafe tm()
        guard unsafe localtime_r(&time, &parts) != nil else { return 0 }
        return unsafe parts.tm_gmtoff
    }
}

/// The system's clocks, as the daemon reads them.
package enum Clock {
    /// Seconds; `Int64.min`: the clock goes.
    private static let stoppedAt = Atomic<Int64>(.min)

    /// From here on it is this second: for cases whose results must be the same tomorrow.
    package static func stop(atSeconds seconds: Int64) { stoppedAt.store(seconds, ordering: .relaxed) }

    package static func now() -> EventTime {
        let stopped = stoppedAt.load(ordering: .relaxed)
        if stopped != .min { return EventTime(seconds: stopped) }
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return EventTime(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }

    /// Milliseconds since some fixed point; never goes back.
    package static func monotonicMilliseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The same in nanoseconds.
    package static func monotonicNanoseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Writes event times as text; what changes once a second is made once a second.
package struct TimeWriter: Sendable {
    package enum Form: Sendable {
        /// `2019-12-17T17:55:04.123456789+00:00`
        case iso8601(fractionDigits: Int)
        /// `2019-12-17 17:55:04.123456789 +0000`, as Fluentd's stdout output
        case fluentd
    }

    /// One time in UTC, for people and for programs: `2019-12-17T17:55:04.123+00:00`.
    package static func iso8601(_ time: EventTime, fractionDigits: Int = 9) -> String {
        var writer = TimeWriter(.iso8601(fractionDigits: fractionDigits), offset: 0)
        var out = ByteBuffer(capacity: 40)
        writer.write(time, to: &out)
        return out.text(Slice(offset: 0, length: out.count))
    }

    private let form: Form
    /// nil: the process's zone, asked for every new second.
    private let fixedOffset: Int?
    private var second = Int64.min
    /// The whole text of the last time written; only its fraction is written anew within a second. In place, because an
    /// array costs a reference count each time.
    private var text = InlineArray<64, UInt8>(repeating: 0)
    private var textCount = 0
    private var fractionStart = 0
    private let fractionDigits: Int

    package init(_ form: Form, offset: Int? = nil) {
        self.form = form
        fixedOffset = offset
        fractionDigits = if case .iso8601(let digits) = form { min(max(digits, 0), 9) } else { 9 }
    }

    package mutating func write(_ time: EventTime, to out: inout ByteBuffer) {
        if time.seconds != second || textCount == 0 { prepare(time.seconds) }
        var fraction = time.nanoseconds
        for _ in fractionDigits..<9 { fraction /= 10 }
        var place = fractionStart &+ fractionDigits
        while place > fractionStart {
            place &-= 1
            text[place] = UInt8(truncatingIfNeeded: fraction % 10) &+ 0x30
            fraction /= 10
        }
        out.append(text.span.extracting(0..<textCount))
    }

    private mutating func prepare(_ seconds: Int64) {
        second = seconds
        let offset = fixedOffset ?? LocalZone.offset(at: seconds)
        let civil = CivilTime(seconds: seconds, offset: offset)
        var made = ByteBuffer(capacity: 64)
        made.appendDate(civil)
        made.append(isISO ? UInt8(ascii: "T") : 0x20)
        made.appendDecimal(UInt32(civil.hour), width: 2)
        made.append(UInt8(ascii: ":"))
        made.appendDecimal(UInt32(civil.minute), width: 2)
        made.append(UInt8(ascii: ":"))
        made.appendDecimal(UInt32(civil.second), width: 2)
        if fractionDigits > 0 { made.append(UInt8(ascii: ".")) }
        fractionStart = made.count
        for _ in 0..<fractionDigits { made.append(0x30) }
        if !isISO { made.append(0x20) }
        made.appendZone(offset, colon: isISO)
        // At most 20 digits of a year, and 36 bytes that follow.
        textCount = made.count
        for index in 0..<textCount { text[index] = made[index] }
    }

    private var isISO: Bool { if case .iso8601 = form { true } else { false } }
}

extension ByteBuffer {
    /// `2019-12-17`
    package mutating func appendDate(_ civil: CivilTime) {
        if civil.year < 0 { append(UInt8(ascii: "-")) }
        let year = UInt64(civil.year.magnitude)
        if year > 9999 { appendDecimal(year) } else { appendDecimal(UInt32(year), width: 4) }
        append(UInt8(ascii: "-"))
        appendDecimal(UInt32(civil.month), width: 2)
        append(UInt8(ascii: "-"))
        appendDecimal(UInt32(civil.day), width: 2)
    }

    /// `+0900` or `+09:00`
    package mutating func appendZone(_ offset: Int, colon: Bool) {
        append(offset < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        let minutes = UInt32(offset.magnitude / 60)
        appendDecimal(minutes / 60, width: 2)
        if colon { append(UInt8(ascii: ":")) }
        appendDecimal(minutes % 60, width: 2)
    }
}
