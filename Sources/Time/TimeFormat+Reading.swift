extension TimeFormat {
    /// Reads a text from its beginning; text behind the last directive is left alone, as in Ruby. nil: does not fit.
    func read(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> TimeParts? {
        var cursor = TextCursor(start, end)
        var parts = TimeParts()
        for index in steps.indices {
            guard Self.take(steps[index], &cursor, text, &parts) else { return nil }
        }
        parts.combine()
        return parts
    }

    private static func take(
        _ step: Step, _ cursor: inout TextCursor, _ text: Span<UInt8>, _ parts: inout TimeParts
    ) -> Bool {
        switch step {
        case .literal(let byte): return cursor.take(text, byte)
        case .space:
            cursor.skipSpace(text)
            return true
        case .year(let digits):
            let isNegative = cursor.take(text, UInt8(ascii: "-"))
            if !isNegative { _ = cursor.take(text, UInt8(ascii: "+")) }
            guard let value = cursor.digits(text, most: digits), value <= 999_999 else { return false }
            parts.year = Int32(isNegative ? -value : value)
        case .yearOfCentury:
            guard let value = cursor.digits(text, most: 2) else { return false }
            parts.year = Int32(value) + (value >= 69 ? 1900 : 2000)
        case .century:
            guard let value = cursor.digits(text, most: 2) else { return false }
            parts.century = Int32(value)
        case .month:
            guard let value = cursor.digits(text, most: 2), (1...12).contains(value) else { return false }
            parts.month = Int32(value)
        case .monthName:
            guard let value = cursor.monthName(text) else { return false }
            parts.month = value
        case .day:
            guard let value = cursor.padded(text, digits: 2, 1...31) else { return false }
            parts.day = value
        case .dayName: return cursor.dayName(text) != nil
        case .dayOfYear:
            guard let value = cursor.digits(text, most: 3), (1...366).contains(value) else { return false }
            parts.dayOfYear = Int32(value)
        case .hour24:
            guard let value = cursor.padded(text, digits: 2, 0...24) else { return false }
            parts.hour = value
        case .hour12:
            guard let value = cursor.padded(text, digits: 2, 1...12) else { return false }
            parts.hour = value
        case .halfDay: return takeHalfDay(&cursor, text, &parts)
        case .minute:
            guard let value = cursor.digits(text, most: 2), value <= 59 else { return false }
            parts.minute = Int32(value)
        case .second:
            guard let value = cursor.digits(text, most: 2), value <= 60 else { return false }
            parts.second = Int32(value)
        case .fraction(let digits):
            guard let value = cursor.fraction(text, most: digits) else { return false }
            parts.fraction = value
        case .epochSeconds:
            let isNegative = cursor.take(text, UInt8(ascii: "-"))
            guard let value = cursor.digits(text, most: 18) else { return false }
            parts.epochSeconds = isNegative ? -value : value
        case .epochMilliseconds:
            let isNegative = cursor.take(text, UInt8(ascii: "-"))
            guard var value = cursor.digits(text, most: 18) else { return false }
            if isNegative { value = -value }
            let rest = (value % 1000 + 1000) % 1000
            parts.epochSeconds = (value - rest) / 1000
            parts.fraction = Int32(rest) * 1_000_000
        case .zone:
            let (found, offset) = cursor.zone(text)
            parts.zoneOffset = offset
            return found
        case .ignored(let digits): return cursor.digits(text, most: digits) != nil
        }
        return true
    }

    /// `AM`, `pm`, `a.m.`
    private static func takeHalfDay(_ cursor: inout TextCursor, _ text: Span<UInt8>, _ parts: inout TimeParts) -> Bool {
        guard let letter = cursor.peek(text).map({ $0 | 0x20 }),
            letter == UInt8(ascii: "a") || letter == UInt8(ascii: "p")
        else { return false }
        if cursor.matches(text, "am") || cursor.matches(text, "pm") {
            cursor.place += 2
        } else if cursor.matches(text, "a.m.") || cursor.matches(text, "p.m.") {
            cursor.place += 4
        } else {
            return false
        }
        parts.halfDay = letter == UInt8(ascii: "p") ? 12 : 0
        return true
    }
}
