internal import Events
internal import Time

/// Numbers at the beginning of a text, as Ruby's `to_i` and `to_f` find them: white space and a sign first, single
/// underscores between digits, whatever follows is passed over; no number is 0.
enum RubyNumber {
    /// An integer of any size: beyond 64 bits it stays text.
    static func integer(_ text: Slice, _ storage: inout ByteBuffer) -> Value {
        var magnitude: UInt64 = 0
        var isTooLarge = false
        var isNegative = false
        do {
            let span = storage.span
            var cursor = TextCursor(Int(text.offset), text.end)
            isNegative = sign(span, &cursor)
            while let digit = nextDigit(span, &cursor) {
                let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
                if overflow || carry {
                    isTooLarge = true
                    break
                }
                magnitude = sum
            }
        }
        if isTooLarge || isNegative && magnitude > UInt64(1) << 63 { return largeInteger(text, &storage) }
        return isNegative ? .int(Int64(truncatingIfNeeded: 0 &- magnitude)) : .uint(magnitude)
    }

    /// Plain decimal fractions stay text, which JSON output takes over without a conversion.
    static func float(_ text: Slice, _ storage: inout ByteBuffer) -> Value {
        if isPlainFraction(text, storage) { return Value(.number, text) }
        let mark = storage.count
        var clean = ByteBuffer(capacity: 32)
        do {
            let span = storage.span
            var cursor = TextCursor(Int(text.offset), text.end)
            if sign(span, &cursor) { clean.append(UInt8(ascii: "-")) }
            let start = clean.count
            appendDigits(span, &cursor, &clean)
            if clean.count == start { clean.append(0x30) }
            if cursor.peek(span) == UInt8(ascii: "."), cursor.peek(span, 1).map(isDigit) ?? false {
                cursor.place += 1
                clean.append(UInt8(ascii: "."))
                appendDigits(span, &cursor, &clean)
            }
            appendExponent(span, &cursor, &clean)
        }
        storage.append(clean)
        let value = storage.double(number: Slice(offset: mark, length: storage.count - mark))
        storage.truncate(to: mark)
        return .double(value)
    }

    /// Whether there is a number at the beginning at all, so that 0 is what the text says.
    static func begins(_ text: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        let span = storage.span
        var cursor = TextCursor(Int(text.offset), text.end)
        _ = sign(span, &cursor)
        if cursor.peek(span) == UInt8(ascii: ".") { cursor.place += 1 }
        return cursor.peek(span).map(isDigit) ?? false
    }

    // MARK: - Steps

    private static func sign(_ text: Span<UInt8>, _ cursor: inout TextCursor) -> Bool {
        cursor.skipSpace(text)
        if cursor.take(text, UInt8(ascii: "-")) { return true }
        _ = cursor.take(text, UInt8(ascii: "+"))
        return false
    }

    /// The next digit, over one underscore that stands between digits.
    private static func nextDigit(_ text: Span<UInt8>, _ cursor: inout TextCursor) -> UInt8? {
        guard var byte = cursor.peek(text) else { return nil }
        if byte == UInt8(ascii: "_"), let next = cursor.peek(text, 1), isDigit(next), cursor.place > 0,
            isDigit(text[cursor.place - 1])
        {
            cursor.place += 1
            byte = next
        }
        guard isDigit(byte) else { return nil }
        cursor.place += 1
        return byte - 0x30
    }

    private static func appendDigits(_ text: Span<UInt8>, _ cursor: inout TextCursor, _ out: inout ByteBuffer) {
        guard cursor.peek(text).map(isDigit) ?? false else { return }
        while let digit = nextDigit(text, &cursor) { out.append(digit + 0x30) }
    }

    private static func appendExponent(_ text: Span<UInt8>, _ cursor: inout TextCursor, _ out: inout ByteBuffer) {
        guard let letter = cursor.peek(text), letter | 0x20 == UInt8(ascii: "e") else { return }
        let isSigned = cursor.peek(text, 1).map { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") } ?? false
        guard cursor.peek(text, isSigned ? 2 : 1).map(isDigit) ?? false else { return }
        out.append(letter)
        if isSigned { out.append(text[cursor.place + 1]) }
        cursor.place += isSigned ? 2 : 1
        appendDigits(text, &cursor, &out)
    }

    private static func largeInteger(_ text: Slice, _ storage: inout ByteBuffer) -> Value {
        var digits = ByteBuffer(capacity: Int(text.length))
        do {
            let span = storage.span
            var cursor = TextCursor(Int(text.offset), text.end)
            if sign(span, &cursor) { digits.append(UInt8(ascii: "-")) }
            var isLeading = true
            while let digit = nextDigit(span, &cursor) {
                if digit == 0 && isLeading { continue }
                isLeading = false
                digits.append(digit + 0x30)
            }
        }
        let start = storage.count
        storage.append(digits)
        return Value(.number, Slice(offset: start, length: digits.count))
    }

    /// `12.5`, `-0.25`: the form of a JSON number with a fraction and nothing else.
    private static func isPlainFraction(_ text: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        let span = storage.span
        var cursor = TextCursor(Int(text.offset), text.end)
        _ = cursor.take(span, UInt8(ascii: "-"))
        let start = cursor.place
        while let byte = cursor.peek(span), isDigit(byte) { cursor.place += 1 }
        let digits = cursor.place - start
        guard digits == 1 || digits > 1 && span[start] != 0x30, cursor.take(span, UInt8(ascii: ".")) else {
            return false
        }
        let fraction = cursor.place
        while let byte = cursor.peek(span), isDigit(byte) { cursor.place += 1 }
        return cursor.isAtEnd && cursor.place > fraction
    }
}
