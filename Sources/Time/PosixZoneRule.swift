internal import Events

/// A zone written as POSIX's `TZ` variable has it: `EST5EDT,M3.2.0,M11.1.0`, `<+0330>-3:30`, `JST-9`.
///
/// Sources: POSIX.1-2017 §8.3, RFC 8536 §3.3.1 (hours from -167 to 167).
struct PosixZoneRule: Sendable {
    enum Day: Sendable, Equatable {
        /// `Jn`: 1 … 365, 29 February is never counted.
        case julian(Int)
        /// `n`: 0 … 365, 29 February is counted.
        case zeroBased(Int)
        /// `Mm.w.d`: weekday d of week w (5 = last) of month m.
        case weekday(month: Int, week: Int, day: Int)
    }

    struct Change: Sendable, Equatable {
        var day: Day
        /// Seconds after midnight of the clock before the change.
        var time: Int
    }

    let standard: ZoneFile.LocalType
    let daylight: ZoneFile.LocalType?
    let start: Change
    let end: Change

    init?(_ text: [UInt8]) {
        var scanner = Scanner(text: text)
        guard let name = scanner.name(), let offset = scanner.time() else { return nil }
        standard = ZoneFile.LocalType(offset: Int32(-offset), isDaylight: false, abbreviation: name)
        let none = Change(day: .julian(1), time: 0)
        guard !scanner.isAtEnd else {
            (daylight, start, end) = (nil, none, none)
            return
        }
        guard let daylightName = scanner.name() else { return nil }
        var daylightOffset = -offset + 3600
        if !scanner.isAtEnd, scanner.byte != UInt8(ascii: ",") {
            guard let given = scanner.time() else { return nil }
            daylightOffset = -given
        }
        guard let start = scanner.change(), let end = scanner.change(), scanner.isAtEnd else { return nil }
        daylight = ZoneFile.LocalType(offset: Int32(daylightOffset), isDaylight: true, abbreviation: daylightName)
        (self.start, self.end) = (start, end)
    }

    func type(at seconds: Int64) -> ZoneFile.LocalType {
        guard let daylight else { return standard }
        let year = CivilTime(seconds: seconds, offset: Int(standard.offset)).year
        let begin = Self.moment(start, year) - Int64(standard.offset)
        let finish = Self.moment(end, year) - Int64(daylight.offset)
        let isDaylight =
            begin < finish ? seconds >= begin && seconds < finish : seconds >= begin || seconds < finish
        return isDaylight ? daylight : standard
    }

    /// Seconds since 1970 on the zone's own clock.
    private static func moment(_ change: Change, _ year: Int) -> Int64 {
        let newYear = CivilTime(year: year, month: 1, day: 1).days
        let isLeap = CivilTime(year: year + 1, month: 1, day: 1).days - newYear == 366
        let day: Int
        switch change.day {
        case .julian(let number): day = newYear + number - 1 + (isLeap && number > 59 ? 1 : 0)
        case .zeroBased(let number): day = newYear + number
        case .weekday(let month, let week, let weekday):
            let first = CivilTime(year: year, month: month, day: 1)
            let next =
                month == 12
                ? CivilTime(year: year + 1, month: 1, day: 1).days
                : CivilTime(year: year, month: month + 1, day: 1).days
            var place = first.days + (weekday - first.weekday + 7) % 7 + (week - 1) * 7
            if place >= next { place -= 7 }
            day = place
        }
        return Int64(day) * 86_400 + Int64(change.time)
    }

    private struct Scanner {
        let text: [UInt8]
        var place = 0

        init(text: [UInt8]) { self.text = text }

        var isAtEnd: Bool { place >= text.count }
        var byte: UInt8 { place < text.count ? text[place] : 0 }

        mutating func take(_ wanted: UInt8) -> Bool {
            guard byte == wanted, !isAtEnd else { return false }
            place += 1
            return true
        }

        /// Three letters or more, or anything in angle brackets.
        mutating func name() -> [UInt8]? {
            let start = place
            if take(UInt8(ascii: "<")) {
                while !isAtEnd, byte != UInt8(ascii: ">") { place += 1 }
                let name = Array(text[(start + 1)..<place])
                return take(UInt8(ascii: ">")) && name.count >= 3 ? name : nil
            }
            while isLetter(byte) { place += 1 }
            return place - start >= 3 ? Array(text[start..<place]) : nil
        }

        mutating func number(_ bounds: ClosedRange<Int>) -> Int? {
            let start = place
            var value = 0
            while isDigit(byte), place - start < 4 {
                value = value * 10 + Int(byte - 0x30)
                place += 1
            }
            return place > start && bounds.contains(value) ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time() -> Int? {
            let isNegative = take(UInt8(ascii: "-"))
            if !isNegative { _ = take(UInt8(ascii: "+")) }
            guard let hours = number(0...167) else { return nil }
            var seconds = hours * 3600
            if take(UInt8(ascii: ":")) {
                guard let minutes = number(0...59) else { return nil }
                seconds += minutes * 60
                if take(UInt8(ascii: ":")) {
                    guard let rest = number(0...59) else { return nil }
                    seconds += rest
                }
            }
            return isNegative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            guard take(UInt8(ascii: ",")) else { return nil }
            let day: Day
            if take(UInt8(ascii: "M")) {
                guard let month = number(1...12), take(UInt8(ascii: ".")), let week = number(1...5),
                    take(UInt8(ascii: ".")), let weekday = number(0...6)
                else { return nil }
                day = .weekday(month: month, week: week, day: weekday)
            } else if take(UInt8(ascii: "J")) {
                guard let number = number(1...365) else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(0...365) else { return nil }
                day = .zeroBased(number)
            }
            guard take(UInt8(ascii: "/")) else { return Change(day: day, time: 7200) }
            guard let time = time() else { return nil }
            return Change(day: day, time: time)
        }
    }
}
