/// A time in whatever form: what applies when no `time_format` is given, as Ruby's `Time.parse` does.
///
/// The text is read word by word. Known forms: ISO 8601 dates and times (basic and extended), `2019/12/17`, `17.12.2019`,
/// `17-Dec-2019`, `17 Dec 2019`, `Dec 17 2019`, `10/Oct/2000:13:55:36 -0700`, RFC 2822, asctime, `18:15`, `6:15 pm`,
/// `2019-350`. Words that mean nothing are passed over. Facts from Ruby's documentation of `Date._parse` and from trying.
enum LenientTime {
    static func read(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> TimeParts? {
        if let parts = readUsual(text, start, end) { return parts }
        var reader = Reader(cursor: TextCursor(start, end))
        reader.read(text)
        return reader.parts.isEmpty || reader.isContradictory ? nil : reader.parts
    }

    /// The form most logs have, with nothing behind it: `2019-12-17T18:15:04.146453Z`, `2019-12-17 18:15:04,146`.
    private static func readUsual(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> TimeParts? {
        var cursor = TextCursor(start, end)
        guard cursor.peek(text) != UInt8(ascii: "-"),
            let parts = ISO8601Time.readDateTime(text, &cursor, isLenient: true), let year = parts.year, year > 99
        else { return nil }
        // What follows may be a zone, which the long way knows; `#1` is the process as Ruby's Logger writes it.
        guard parts.zoneOffset != nil || cursor.isAtEnd || cursor.peek(text, 1) == UInt8(ascii: "#") else { return nil }
        return parts
    }

    private struct Reader {
        var cursor: TextCursor
        var parts = TimeParts()
        var isContradictory = false
        private var hasTime = false
        private var hasDate = false
        /// Numbers that stand alone, which become day and year next to a month's name.
        private var loneDay: Int32?
        private var loneYear: Int32?

        init(cursor: TextCursor) { self.cursor = cursor }

        mutating func read(_ text: Span<UInt8>) {
            while let byte = cursor.peek(text) {
                if isDigit(byte) {
                    number(text)
                } else if isLetter(byte) {
                    word(text)
                } else if (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")), hasTime, parts.zoneOffset == nil,
                    cursor.peek(text, 1).map(isDigit) ?? false
                {
                    parts.zoneOffset = cursor.zone(text).offset
                } else {
                    cursor.place += 1
                }
            }
            if !hasDate {
                if parts.month != nil {
                    parts.day = loneDay
                    parts.year = loneYear
                } else if let loneDay {
                    parts.day = loneDay
                }
            }
            parts.combine()
        }

        // MARK: - Words

        private mutating func word(_ text: Span<UInt8>) {
            let start = cursor.place
            let length = cursor.word(text)
            if hasTime, parts.halfDay == nil, length == 2, let hour = parts.hour, (1...12).contains(hour),
                cursor.matches(text, "am") || cursor.matches(text, "pm")
            {
                parts.halfDay = text[start] | 0x20 == UInt8(ascii: "p") ? 12 : 0
                cursor.place += 2
                return
            }
            if cursor.dayName(text) != nil {
                cursor.place = start + length
                return
            }
            if !hasDate, parts.month == nil, let month = cursor.monthName(text) {
                parts.month = month
                cursor.place = start + length
                return
            }
            cursor.place = start
            if hasTime, parts.zoneOffset == nil, length <= 3 {
                parts.zoneOffset = cursor.zone(text).offset
            }
            cursor.place = max(cursor.place, start + length)
        }

        // MARK: - Numbers

        private mutating func number(_ text: Span<UInt8>) {
            let start = cursor.place
            guard let value = cursor.digits(text, most: 19) else {
                while let byte = cursor.peek(text), isDigit(byte) { cursor.place += 1 }
                return
            }
            let length = cursor.place - start
            let next = cursor.peek(text) ?? 0
            // More than six digits are no year, so that the parts below fit 32 bits.
            let isDigitAfter = length <= 6 && (cursor.peek(text, 1).map(isDigit) ?? false)
            switch next {
            case UInt8(ascii: ":") where length <= 2 && isDigitAfter && !hasTime:
                clock(text, hour: Int32(value))
            case UInt8(ascii: "-") where !hasDate && parts.month == nil && isDigitAfter && (length >= 2 || value > 0):
                dashedDate(text, value, length)
            case UInt8(ascii: "/") where !hasDate && parts.month == nil && isDigitAfter:
                slashedDate(text, value, length)
            case UInt8(ascii: ".") where !hasDate && parts.month == nil && isDigitAfter && length <= 2:
                dottedDate(text, value)
            case UInt8(ascii: "-"), UInt8(ascii: "/"):
                if !namedDate(text, value, length, separator: next) { lone(text, value, length, start) }
            default: lone(text, value, length, start)
            }
        }

        /// `18:15`, `18:15:04`, `18:15:04.146453`, `18:15:04,146`; the hour is read already.
        private mutating func clock(_ text: Span<UInt8>, hour: Int32) {
            hasTime = true
            parts.hour = hour
            cursor.place += 1
            parts.minute = cursor.digits(text, most: 2).map(Int32.init)
            guard cursor.peek(text) == UInt8(ascii: ":"), cursor.peek(text, 1).map(isDigit) ?? false else { return }
            cursor.place += 1
            parts.second = cursor.digits(text, most: 2).map(Int32.init)
            guard let point = cursor.peek(text), point == UInt8(ascii: ".") || point == UInt8(ascii: ","),
                cursor.peek(text, 1).map(isDigit) ?? false
            else { return }
            cursor.place += 1
            parts.fraction = cursor.fraction(text)
        }

        /// `2019-12-17`, `19-12-17`, `2019-350`, `17-12-2019`.
        private mutating func dashedDate(_ text: Span<UInt8>, _ first: Int64, _ length: Int) {
            cursor.place += 1
            let start = cursor.place
            let second = cursor.digits(text, most: 4) ?? 0
            if cursor.peek(text) == UInt8(ascii: "-"), cursor.peek(text, 1).map(isDigit) ?? false {
                cursor.place += 1
                let third = cursor.digits(text, most: 6) ?? 0
                date(first, length, second, third)
            } else if length == 4, cursor.place - start == 3 {
                hasDate = true
                parts.year = Int32(first)
                parts.dayOfYear = Int32(second)
            } else if length == 4, cursor.place - start == 2 {
                date(first, length, second, 1)
            } else {
                isContradictory = true
            }
        }

        /// `2019/12/17`, `12/17` (month and day).
        private mutating func slashedDate(_ text: Span<UInt8>, _ first: Int64, _ length: Int) {
            cursor.place += 1
            let second = cursor.digits(text, most: 2) ?? 0
            if cursor.peek(text) == UInt8(ascii: "/"), cursor.peek(text, 1).map(isDigit) ?? false {
                cursor.place += 1
                let third = cursor.digits(text, most: 6) ?? 0
                date(first, length, second, third)
            } else {
                hasDate = true
                parts.month = Int32(first)
                parts.day = Int32(second)
            }
        }

        /// `17.12.2019`.
        private mutating func dottedDate(_ text: Span<UInt8>, _ first: Int64) {
            cursor.place += 1
            let second = cursor.digits(text, most: 2) ?? 0
            guard cursor.take(text, UInt8(ascii: ".")), let third = cursor.digits(text, most: 6) else {
                isContradictory = true
                return
            }
            date(first, 2, second, third)
        }

        /// Year first, unless only the last number can be the year.
        private mutating func date(_ first: Int64, _ length: Int, _ second: Int64, _ third: Int64) {
            hasDate = true
            let (year, day) = length <= 2 && third > 31 ? (third, first) : (first, third)
            guard year <= 999_999, day <= 99 else {
                isContradictory = true
                return
            }
            parts.year = Self.completed(year)
            parts.month = Int32(second)
            parts.day = Int32(day)
        }

        /// `17-Dec-2019`, `10/Oct/2000`; answers whether it was one.
        private mutating func namedDate(_ text: Span<UInt8>, _ day: Int64, _ length: Int, separator: UInt8) -> Bool {
            let start = cursor.place
            cursor.place += 1
            guard !hasDate, parts.month == nil, length <= 2, let month = cursor.monthName(text) else {
                cursor.place = start
                return false
            }
            hasDate = true
            parts.day = Int32(day)
            parts.month = month
            if cursor.take(text, separator), let year = cursor.digits(text, most: 6) {
                parts.year = Self.completed(year)
                // Apache writes the hour right behind the year.
                if cursor.peek(text) == UInt8(ascii: ":") { cursor.place += 1 }
            }
            return true
        }

        /// A number with nothing known around it.
        private mutating func lone(_ text: Span<UInt8>, _ value: Int64, _ length: Int, _ start: Int) {
            switch length {
            case 1, 2:
                if hasDate, !hasTime, parts.hour == nil {
                    parts.hour = Int32(value)
                    hasTime = true
                } else if loneDay == nil {
                    loneDay = Int32(value)
                    skipOrdinal(text)
                } else if loneYear == nil {
                    loneYear = Self.completed(value)
                }
            case 4 where parts.month != nil: loneYear = Int32(value)
            case 8 where !hasDate: compactDate(text, value, hasTimeOfDay: false)
            case 14 where !hasDate: compactDate(text, value, hasTimeOfDay: true)
            case 12 where !hasDate: compactDate(text, value * 100, hasTimeOfDay: true)
            case 5 where !hasDate:
                hasDate = true
                parts.year = Self.completed(value / 1000)
                parts.dayOfYear = Int32(value % 1000)
            case 7 where !hasDate:
                hasDate = true
                parts.year = Int32(value / 1000)
                parts.dayOfYear = Int32(value % 1000)
            case 3: break
            default: if !hasDate && parts.month == nil { isContradictory = true }
            }
        }

        /// `20191217`, `20191217181504`, `20191217T181504Z`.
        private mutating func compactDate(_ text: Span<UInt8>, _ value: Int64, hasTimeOfDay: Bool) {
            let day = hasTimeOfDay ? value / 1_000_000 : value
            hasDate = true
            parts.year = Int32(day / 10_000)
            parts.month = Int32(day / 100 % 100)
            parts.day = Int32(day % 100)
            var time = hasTimeOfDay ? value % 1_000_000 : -1
            if time < 0, let letter = cursor.peek(text), letter | 0x20 == UInt8(ascii: "t") {
                let start = cursor.place
                cursor.place += 1
                let digits = cursor.digits(text, most: 6)
                switch (digits, cursor.place - start - 1) {
                case (let value?, 6): time = value
                case (let value?, 4): time = value * 100
                default: cursor.place = start
                }
            }
            guard time >= 0 else { return }
            hasTime = true
            parts.hour = Int32(time / 10_000)
            parts.minute = Int32(time / 100 % 100)
            parts.second = Int32(time % 100)
            if let point = cursor.peek(text), point == UInt8(ascii: ".") || point == UInt8(ascii: ",") {
                cursor.place += 1
                parts.fraction = cursor.fraction(text)
            }
        }

        /// `17th`
        private mutating func skipOrdinal(_ text: Span<UInt8>) {
            if cursor.matches(text, "st") || cursor.matches(text, "nd") || cursor.matches(text, "rd")
                || cursor.matches(text, "th")
            {
                cursor.place += 2
            }
        }

        private static func completed(_ year: Int64) -> Int32 {
            year >= 100 ? Int32(year) : Int32(year) + (year >= 69 ? 1900 : 2000)
        }
    }
}
