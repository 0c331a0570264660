/// `2019-12-17T04:50:50.123456+09:00`: the form of RFC 3339 and XML Schema's dateTime, which is what `%iso8601` reads.
enum ISO8601Time {
    /// The whole text must have the form; white space around it is allowed, a missing zone is the reader's zone.
    static func read(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> TimeParts? {
        var cursor = TextCursor(start, end)
        cursor.skipSpace(text)
        guard let parts = readDateTime(text, &cursor) else { return nil }
        cursor.skipSpace(text)
        return cursor.isAtEnd ? parts : nil
    }

    /// `isLenient`: a space may stand for the T, and a comma for the point.
    static func readDateTime(_ text: Span<UInt8>, _ cursor: inout TextCursor, isLenient: Bool = false) -> TimeParts? {
        var parts = TimeParts()
        let isNegative = cursor.take(text, UInt8(ascii: "-"))
        guard let year = cursor.digits(text, most: 6), cursor.take(text, UInt8(ascii: "-")) else { return nil }
        parts.year = Int32(isNegative ? -year : year)
        guard let month = twoDigits(text, &cursor), cursor.take(text, UInt8(ascii: "-")),
            let day = twoDigits(text, &cursor),
            cursor.take(text, UInt8(ascii: "T")) || cursor.take(text, UInt8(ascii: "t"))
                || isLenient && cursor.take(text, 0x20),
            let hour = twoDigits(text, &cursor), cursor.take(text, UInt8(ascii: ":")),
            let minute = twoDigits(text, &cursor), cursor.take(text, UInt8(ascii: ":")),
            let second = twoDigits(text, &cursor)
        else { return nil }
        (parts.month, parts.day, parts.hour, parts.minute, parts.second) = (month, day, hour, minute, second)
        if cursor.take(text, UInt8(ascii: ".")) || isLenient && cursor.take(text, UInt8(ascii: ",")) {
            guard let fraction = cursor.fraction(text) else { return nil }
            parts.fraction = fraction
        }
        return readZone(text, &cursor, &parts) ? parts : nil
    }

    /// `Z`, `+09:00`, `+0900`, `+09`, or nothing.
    private static func readZone(_ text: Span<UInt8>, _ cursor: inout TextCursor, _ parts: inout TimeParts) -> Bool {
        guard let byte = cursor.peek(text), !isSpace(byte) else { return true }
        if byte | 0x20 == UInt8(ascii: "z") {
            cursor.place += 1
            parts.zoneOffset = 0
            return true
        }
        guard byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") else { return false }
        cursor.place += 1
        guard let hours = twoDigits(text, &cursor) else { return false }
        var minutes: Int32 = 0
        let hasColon = cursor.take(text, UInt8(ascii: ":"))
        if let value = twoDigits(text, &cursor) { minutes = value } else if hasColon { return false }
        let seconds = hours * 3600 + minutes * 60
        parts.zoneOffset = byte == UInt8(ascii: "-") ? -seconds : seconds
        return true
    }

    static func twoDigits(_ text: Span<UInt8>, _ cursor: inout TextCursor) -> Int32? {
        guard cursor.place + 2 <= cursor.end else { return nil }
        let tens = text[cursor.place] &- 0x30
        let ones = text[cursor.place + 1] &- 0x30
        guard tens < 10, ones < 10 else { return nil }
        cursor.place += 2
        return Int32(tens) * 10 + Int32(ones)
    }
}
