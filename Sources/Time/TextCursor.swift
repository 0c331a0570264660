/// A place in a text that is read from left to right. The bytes are handed to each call, since a struct cannot keep a span.
@usableFromInline package struct TextCursor {
    @usableFromInline package var place: Int
    @usableFromInline package let end: Int

    @inlinable package init(_ place: Int, _ end: Int) {
        self.place = place
        self.end = end
    }

    @inlinable package var isAtEnd: Bool { place >= end }

    @inlinable package func peek(_ text: Span<UInt8>, _ ahead: Int = 0) -> UInt8? {
        place + ahead < end ? text[place + ahead] : nil
    }

    @inlinable package mutating func take(_ text: Span<UInt8>, _ byte: UInt8) -> Bool {
        guard place < end, text[place] == byte else { return false }
        place += 1
        return true
    }

    @inlinable package mutating func skipSpace(_ text: Span<UInt8>) {
        while place < end, isSpace(text[place]) { place += 1 }
    }

    /// Up to `most` decimal digits. nil, and nothing taken, when there is none or the number needs more than 18 digits.
    @inlinable package mutating func digits(_ text: Span<UInt8>, most: Int = 18) -> Int64? {
        let start = place
        var value: Int64 = 0
        let last = min(end, place + min(most, 18))
        while place < last {
            let digit = text[place] &- 0x30
            if digit > 9 { break }
            value = value &* 10 &+ Int64(digit)
            place += 1
        }
        if most > 18, place < end, place - start == 18, isDigit(text[place]) {
            place = start
            return nil
        }
        return place > start ? value : nil
    }

    /// A number that may have a space in place of its first digit (`Dec  7`), within bounds.
    @inlinable package mutating func padded(_ text: Span<UInt8>, digits most: Int, _ bounds: ClosedRange<Int64>)
        -> Int32?
    {
        let start = place
        var most = most
        if place < end, text[place] == 0x20 {
            place += 1
            most -= 1
        }
        guard let value = digits(text, most: most), bounds.contains(value) else {
            place = start
            return nil
        }
        return Int32(value)
    }

    /// Digits of a fraction as nanoseconds; digits beyond the ninth are dropped.
    @inlinable package mutating func fraction(_ text: Span<UInt8>, most: Int = .max) -> Int32? {
        let start = place
        var value: Int32 = 0
        var taken = 0
        while place < end, taken < most {
            let digit = text[place] &- 0x30
            if digit > 9 { break }
            if taken < 9 { value = value &* 10 &+ Int32(digit) }
            taken += 1
            place += 1
        }
        guard place > start else { return nil }
        var scaled = taken
        while scaled < 9 {
            value *= 10
            scaled += 1
        }
        return value
    }

    /// The letters from here on.
    func word(_ text: Span<UInt8>) -> Int {
        var length = 0
        while place + length < end, isLetter(text[place + length]) { length += 1 }
        return length
    }

    /// Three letters in lower case as one number, to compare with names.
    func threeLetters(_ text: Span<UInt8>) -> UInt32? {
        guard place + 3 <= end, isLetter(text[place]), isLetter(text[place + 1]), isLetter(text[place + 2]) else {
            return nil
        }
        return UInt32(text[place] | 0x20) << 16 | UInt32(text[place + 1] | 0x20) << 8 | UInt32(text[place + 2] | 0x20)
    }

    /// Whether the bytes from here on are `word` (lower case), in any case.
    package func matches(_ text: Span<UInt8>, _ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard place + length <= end else { return false }
        return word.withUTF8Buffer { letters in
            for index in 0..<length {
                let byte = text[place + index]
                let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
                if unsafe lower != letters[index] { return false }
            }
            return true
        }
    }
}

@inlinable @inline(__always) package func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
@inlinable @inline(__always) package func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
@inlinable @inline(__always) package func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 9 < 5 }
