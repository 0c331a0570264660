internal import Events

/// Seconds since 1970 as text.
enum EpochTime {
    /// The leading whole number, as Ruby's `to_i` takes it; none is 0.
    static func seconds(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> EventTime {
        var cursor = TextCursor(start, end)
        return EventTime(seconds: whole(text, &cursor))
    }

    /// The leading number; what follows the first point is the fraction, and a second point ends it.
    static func float(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> EventTime {
        var cursor = TextCursor(start, end)
        let seconds = whole(text, &cursor)
        while let byte = cursor.peek(text), byte != UInt8(ascii: ".") { cursor.place += 1 }
        guard cursor.take(text, UInt8(ascii: ".")), let nanoseconds = cursor.fraction(text) else {
            return EventTime(seconds: seconds)
        }
        return EventTime(seconds: seconds, nanoseconds: UInt32(nanoseconds))
    }

    /// Whether the whole text is a number, as Ruby's `Float()` sees it.
    static func isNumber(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        var cursor = TextCursor(start, end)
        cursor.skipSpace(text)
        if !cursor.take(text, UInt8(ascii: "-")) { _ = cursor.take(text, UInt8(ascii: "+")) }
        guard cursor.digits(text) != nil else { return false }
        if cursor.take(text, UInt8(ascii: ".")), cursor.fraction(text) == nil { return false }
        if let byte = cursor.peek(text), byte | 0x20 == UInt8(ascii: "e") {
            cursor.place += 1
            if !cursor.take(text, UInt8(ascii: "-")) { _ = cursor.take(text, UInt8(ascii: "+")) }
            guard cursor.digits(text, most: 3) != nil else { return false }
        }
        cursor.skipSpace(text)
        return cursor.isAtEnd
    }

    private static func whole(_ text: Span<UInt8>, _ cursor: inout TextCursor) -> Int64 {
        cursor.skipSpace(text)
        let isNegative = cursor.take(text, UInt8(ascii: "-"))
        if !isNegative { _ = cursor.take(text, UInt8(ascii: "+")) }
        // Any number of digits; what 64 bits do not hold is beyond every time anyway.
        var value: Int64 = 0
        while let byte = cursor.peek(text), isDigit(byte) {
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            value = overflow ? .max : shifted &+ Int64(byte &- 0x30)
            if value < 0 { value = .max }
            cursor.place += 1
        }
        return isNegative ? -value : value
    }
}
