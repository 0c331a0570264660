extension TextCursor {
    /// A zone as logs write it: `Z`, `UTC`, `+09:00`, `-0700`, `+09`, `GMT+1`, `EST`. Answers seconds ahead of UTC, nil for
    /// a name that stands for no known offset (the caller's zone then applies, as in Ruby), and whether there was a zone.
    ///
    /// The names are those Ruby's Time knows (RFC 2822 §4.3, and military letters).
    mutating func zone(_ text: Span<UInt8>) -> (found: Bool, offset: Int32?) {
        let start = place
        if matches(text, "utc") || matches(text, "gmt") {
            place += 3
        } else if matches(text, "ut"), peek(text, 2).map({ !isLetter($0) }) ?? true {
            place += 2
        }
        if let sign = peek(text), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            peek(text, 1).map(isDigit) ?? false
        {
            place += 1
            let seconds = numericZone(text)
            return (true, sign == UInt8(ascii: "-") ? -seconds : seconds)
        }
        if place > start, peek(text).map({ !isLetter($0) }) ?? true { return (true, 0) }
        place = start
        let length = word(text)
        guard length > 0 else { return (false, nil) }
        defer { place = start + length }
        if length == 1 { return (true, Self.militaryZone(text[place] & 0xDF)) }
        guard length == 3, let letters = threeLetters(text) else { return (true, nil) }
        return (true, Self.zoneName(letters))
    }

    /// `09:00`, `0900`, `09`, `9`, with seconds too.
    private mutating func numericZone(_ text: Span<UInt8>) -> Int32 {
        let start = place
        guard let digits = digits(text, most: 6) else { return 0 }
        var value = Int32(digits)
        switch place - start {
        case 1, 2:
            value *= 3600
            for unit in [Int32(60), 1] {
                guard peek(text) == UInt8(ascii: ":"), peek(text, 1).map(isDigit) ?? false else { break }
                place += 1
                value += Int32(self.digits(text, most: 2) ?? 0) * unit
            }
            return value
        case 3, 4: return value / 100 * 3600 + value % 100 * 60
        default: return value / 10_000 * 3600 + value / 100 % 100 * 60 + value % 100
        }
    }

    private static func militaryZone(_ letter: UInt8) -> Int32? {
        switch letter {
        case UInt8(ascii: "Z"): 0
        case UInt8(ascii: "A")...UInt8(ascii: "I"): Int32(letter - 0x40) * 3600
        case UInt8(ascii: "K")...UInt8(ascii: "M"): Int32(letter - 0x41) * 3600
        case UInt8(ascii: "N")...UInt8(ascii: "Y"): -Int32(letter - 0x4D) * 3600
        default: nil
        }
    }

    private static func zoneName(_ letters: UInt32) -> Int32? {
        let hours: Int32
        switch letters {
        case 0x656474: hours = -4  // edt
        case 0x657374, 0x636474: hours = -5  // est, cdt
        case 0x637374, 0x6D6474: hours = -6  // cst, mdt
        case 0x6D7374, 0x706474: hours = -7  // mst, pdt
        case 0x707374: hours = -8  // pst
        default: return nil
        }
        return hours * 3600
    }
}
