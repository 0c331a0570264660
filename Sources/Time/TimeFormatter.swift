package import Events

/// Writes times by a strftime format, in a zone: index names (`%Y.%m.%d`), time slices, `${time}`.
///
/// Sources: strftime(3), and the documentation of Ruby's `Time#strftime` for `%L`, `%N`, `%3N`, `%:z` and the flags.
/// What changes at most once a second is made once a second.
package struct TimeFormatter: Sendable {
    private let steps: [Step]
    private let zone: TimeZoneRule
    /// Whether anything finer than a second is written.
    private let hasFraction: Bool
    private var second = Int64.min
    private var text: [UInt8] = []

    private enum Padding: Sendable { case zero, space, none }
    private enum Case: Sendable { case asIs, upper }

    private struct Step: Sendable {
        var letter: UInt8
        var literal: [UInt8] = []
        var padding: Padding?
        var width: Int?
        var colons = 0
        var letterCase = Case.asIs
    }

    package init(_ format: String, zone: TimeZoneRule = .local, parameter: String = "time_format")
        throws(SettingError)
    {
        steps = try Self.compile(Array(format.utf8), parameter)
        self.zone = zone
        hasFraction = steps.contains { $0.letter == UInt8(ascii: "L") || $0.letter == UInt8(ascii: "N") }
    }

    package mutating func write(_ time: EventTime, to out: inout ByteBuffer) {
        if hasFraction {
            write(steps: time, to: &out)
            return
        }
        if time.seconds != second {
            var made = ByteBuffer(capacity: 64)
            write(steps: time, to: &made)
            text = made.array()
            second = time.seconds
        }
        out.append(text)
    }

    // MARK: - Compiling

    private static func compile(_ format: [UInt8], _ parameter: String) throws(SettingError) -> [Step] {
        var steps: [Step] = []
        var literal: [UInt8] = []
        var place = 0
        func flush() {
            if !literal.isEmpty { steps.append(Step(letter: 0, literal: literal)) }
            literal = []
        }
        while place < format.count {
            guard format[place] == UInt8(ascii: "%"), place + 1 < format.count else {
                literal.append(format[place])
                place += 1
                continue
            }
            let start = place
            var step = Step(letter: 0)
            place += 1
            flags: while place < format.count {
                switch format[place] {
                case UInt8(ascii: "-"): step.padding = Padding.none
                case UInt8(ascii: "_"): step.padding = .space
                case UInt8(ascii: "0"): step.padding = .zero
                case UInt8(ascii: "^"): step.letterCase = .upper
                case UInt8(ascii: "#"): step.letterCase = .upper
                case UInt8(ascii: ":"): step.colons += 1
                case UInt8(ascii: "E"), UInt8(ascii: "O"): break
                default: break flags
                }
                place += 1
            }
            while place < format.count, isDigit(format[place]) {
                step.width = min((step.width ?? 0) * 10 + Int(format[place] - 0x30), 64)
                place += 1
            }
            guard place < format.count else {
                throw unknown(format, start, place, parameter)
            }
            step.letter = format[place]
            place += 1
            switch step.letter {
            case UInt8(ascii: "%"): literal.append(step.letter)
            case UInt8(ascii: "n"): literal.append(0x0A)
            case UInt8(ascii: "t"): literal.append(0x09)
            default:
                flush()
                // Written dates have the month in capitals, read ones take any case.
                let capitals = step.letter == UInt8(ascii: "v") ? "%e-%^b-%Y" : nil
                if let expansion = capitals ?? TimeFormat.expansion(step.letter) {
                    steps += try compile(Array(expansion.utf8), parameter)
                } else if "YCymBbhdejHkIlMSLNzZAaupPsQGgVUWw".utf8.contains(step.letter) {
                    steps.append(step)
                } else {
                    throw unknown(format, start, place, parameter)
                }
            }
        }
        flush()
        return steps
    }

    private static func unknown(
        _ format: [UInt8], _ start: Int, _ end: Int, _ parameter: String
    ) -> SettingError {
        let directive = String(decoding: format[start..<end], as: UTF8.self)
        return SettingError(
            parameter,
            "unknown directive '\(directive)' in the time format '\(String(decoding: format, as: UTF8.self))'",
            hint: TimeFormat.hint(directive), offset: start)
    }

    // MARK: - Writing

    private func write(steps time: EventTime, to out: inout ByteBuffer) {
        let offset = zone.offset(at: time.seconds)
        let civil = CivilTime(seconds: time.seconds, offset: offset)
        for step in steps {
            if step.letter == 0 { out.append(step.literal) } else { write(step, time, civil, offset, to: &out) }
        }
    }

    private func write(_ step: Step, _ time: EventTime, _ civil: CivilTime, _ offset: Int, to out: inout ByteBuffer) {
        func number(_ value: Int, _ width: Int, _ padding: Padding = .zero) {
            Self.number(value, width: step.width ?? width, step.padding ?? padding, to: &out)
        }
        let hour12 = (civil.hour + 11) % 12 + 1
        switch step.letter {
        case UInt8(ascii: "Y"): number(civil.year, 4)
        case UInt8(ascii: "C"): number(civil.year / 100, 2)
        case UInt8(ascii: "y"): number(civil.year % 100, 2)
        case UInt8(ascii: "m"): number(civil.month, 2)
        case UInt8(ascii: "d"): number(civil.day, 2)
        case UInt8(ascii: "e"): number(civil.day, 2, .space)
        case UInt8(ascii: "j"): number(civil.dayOfYear, 3)
        case UInt8(ascii: "H"): number(civil.hour, 2)
        case UInt8(ascii: "k"): number(civil.hour, 2, .space)
        case UInt8(ascii: "I"): number(hour12, 2)
        case UInt8(ascii: "l"): number(hour12, 2, .space)
        case UInt8(ascii: "M"): number(civil.minute, 2)
        case UInt8(ascii: "S"): number(civil.second, 2)
        case UInt8(ascii: "u"): number(civil.weekday == 0 ? 7 : civil.weekday, 1)
        case UInt8(ascii: "w"): number(civil.weekday, 1)
        case UInt8(ascii: "U"): number((civil.dayOfYear + 6 - civil.weekday) / 7, 2)
        case UInt8(ascii: "W"): number((civil.dayOfYear + 6 - (civil.weekday + 6) % 7) / 7, 2)
        case UInt8(ascii: "G"): number(Self.isoWeek(civil).year, 4)
        case UInt8(ascii: "g"): number(Self.isoWeek(civil).year % 100, 2)
        case UInt8(ascii: "V"): number(Self.isoWeek(civil).week, 2)
        case UInt8(ascii: "s"): out.appendDecimal(time.seconds)
        case UInt8(ascii: "Q"): out.appendDecimal(time.seconds &* 1000 &+ Int64(time.nanoseconds / 1_000_000))
        case UInt8(ascii: "L"): Self.fraction(time.nanoseconds, step.width ?? 3, to: &out)
        case UInt8(ascii: "N"): Self.fraction(time.nanoseconds, step.width ?? 9, to: &out)
        case UInt8(ascii: "B"): name(CalendarNames.months[civil.month - 1], step, to: &out)
        case UInt8(ascii: "b"), UInt8(ascii: "h"):
            name(CalendarNames.months[civil.month - 1], step, letters: 3, to: &out)
        case UInt8(ascii: "A"): name(CalendarNames.days[civil.weekday], step, to: &out)
        case UInt8(ascii: "a"): name(CalendarNames.days[civil.weekday], step, letters: 3, to: &out)
        case UInt8(ascii: "p"): out.append(civil.hour < 12 ? "AM" : "PM")
        case UInt8(ascii: "P"): out.append(civil.hour < 12 ? "am" : "pm")
        case UInt8(ascii: "z"): Self.zone(offset, step.colons, to: &out)
        case UInt8(ascii: "Z"): out.append(zone.abbreviation(at: time.seconds))
        default: break
        }
    }

    private static func number(_ value: Int, width: Int, _ padding: Padding, to out: inout ByteBuffer) {
        var digits = 1
        var rest = value.magnitude / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        if padding == .space { for _ in digits..<max(digits, width) { out.append(0x20) } }
        if value < 0 { out.append(UInt8(ascii: "-")) }
        if padding == .zero { for _ in digits..<max(digits, width) { out.append(0x30) } }
        out.appendDecimal(UInt64(value.magnitude))
    }

    private static func fraction(_ nanoseconds: UInt32, _ digits: Int, to out: inout ByteBuffer) {
        var value = nanoseconds
        for _ in min(digits, 9)..<9 { value /= 10 }
        out.appendDecimal(value, width: min(digits, 9))
        for _ in 9..<max(digits, 9) { out.append(0x30) }
    }

    private func name(_ name: StaticString, _ step: Step, letters: Int = .max, to out: inout ByteBuffer) {
        name.withUTF8Buffer { bytes in
            for index in 0..<min(letters, bytes.count) {
                let byte = unsafe bytes[index]
                out.append(index == 0 || step.letterCase == .upper ? byte & 0xDF : byte)
            }
        }
    }

    /// `+0900`, `+09:00`, `+09:00:00`
    private static func zone(_ offset: Int, _ colons: Int, to out: inout ByteBuffer) {
        out.appendZone(offset, colon: colons > 0)
        if colons > 1 {
            out.append(UInt8(ascii: ":"))
            out.appendDecimal(UInt32(offset.magnitude % 60), width: 2)
        }
    }

    /// ISO 8601: week 1 is the one with the year's first Thursday.
    private static func isoWeek(_ civil: CivilTime) -> (year: Int, week: Int) {
        let mondayBased = (civil.weekday + 6) % 7
        let thursday = CivilTime(seconds: Int64(civil.days - mondayBased + 3) * 86_400)
        return (thursday.year, (thursday.dayOfYear - 1) / 7 + 1)
    }
}
