import Grok

/// The day of a time, by all ways that programs write one.
extension TimestampScanner {
    mutating func date() -> Found? {
        let start = at
        guard day() else {
            reset(start)
            return nil
        }
        let end = at
        let count = letters.count
        let hasYear = TimestampShape(letters: letters).hasYear
        if joined(), time() {
            yearAtEnd()
            if let found = found() { return found }
        }
        at = end
        letters.removeSubrange(count...)
        // A day alone: with a year, and not the beginning of an address or a version.
        guard hasYear, byte() != UInt8(ascii: "."), byte() != UInt8(ascii: "-"), let found = found(),
            letters.count > 3
        else {
            reset(start)
            return nil
        }
        return found
    }

    private mutating func reset(_ start: Int) {
        at = start
        letters = []
        ambiguous = []
    }

    private mutating func day() -> Bool {
        if byte().isUppercase {
            let isWeekday = name(Self.days, "a")
            if isWeekday {
                if literal(",") {}
                guard blanks() else { return false }
            }
            return monthAndDay() || isWeekday && numbered()
        }
        return numbered()
    }

    /// `Mar 4`, `Mar 4 2026`, `Mar 4, 2026`.
    private mutating func monthAndDay() -> Bool {
        let start = at
        let count = letters.count
        guard name(Self.months, "b"), blanks(), number("d", 1...2, 1...31) else {
            at = start
            letters.removeSubrange(count...)
            return false
        }
        let end = at
        let kept = letters.count
        if literal(",") { guard blanks() else { return false } } else { _ = blanks() }
        if digits() == 4, number("Y", 4...4, 1970...2100), byte() != UInt8(ascii: ":") || byte(1).isDigit {
            return true
        }
        at = end
        letters.removeSubrange(kept...)
        return true
    }

    /// A date that begins with a digit.
    private mutating func numbered() -> Bool {
        switch digits() {
        case 4: return yearFirst() || monthAndDayJoined()
        case 8:
            let value = value(8)
            guard (1970...2100).contains(value / 10000), (1...12).contains(value / 100 % 100),
                (1...31).contains(value % 100)
            else { return false }
            add("YmD", 8)
            return true
        case 6:
            // `081109 203615`, `161209  3:08:33`: too short to be told from two numbers anywhere but at the beginning.
            let value = value(6)
            guard at == 0 || at == 1, (1...12).contains(value / 100 % 100), (1...31).contains(value % 100),
                byte(6) == 0x20, (7..<13).allSatisfy({ byte($0).isDigit }) && !byte(13).isWord || isClock(7)
            else { return false }
            add("ymD", 6)
            return true
        case 1, 2: return dayFirst()
        default: return false
        }
    }

    /// `0312 08:01:02.123456`, as glog and klog write it: four digits are a date only at the beginning of a text and before a
    /// time of day with microseconds.
    private mutating func monthAndDayJoined() -> Bool {
        // A year may have been read in vain.
        guard at == 0 else { return false }
        let value = value(4)
        guard (1...12).contains(value / 100), (1...31).contains(value % 100), byte(4) == 0x20, isClock(5),
            byte(5).isDigit, byte(13) == UInt8(ascii: "."), (14..<20).allSatisfy({ byte($0).isDigit }),
            !byte(20).isDigit
        else { return false }
        add("mD", 4)
        return true
    }

    /// Whether a time of day with seconds stands so many bytes ahead, perhaps with a blank for its first digit.
    func isClock(_ offset: Int) -> Bool {
        guard byte(offset).isDigit || byte(offset) == 0x20 else { return false }
        return [1, 3, 4, 6, 7].allSatisfy { byte(offset + $0).isDigit } && byte(offset + 2) == UInt8(ascii: ":")
            && byte(offset + 5) == UInt8(ascii: ":")
    }

    private mutating func yearFirst() -> Bool {
        guard number("Y", 4...4, 1970...2100) else { return false }
        let mark = byte()
        if mark == 0x20 {
            guard blanks(), name(Self.months, "b"), blanks() else { return false }
            return number("d", 1...2, 1...31)
        }
        guard mark == UInt8(ascii: "-") || mark == UInt8(ascii: "/") || mark == UInt8(ascii: ".") else { return false }
        at += 1
        letters.append(mark)
        if digits() == 2 {
            guard number("m", 2...2, 1...12) else { return false }
        } else if digits() == 1 {
            guard number("q", 1...1, 1...12) else { return false }
            // One digit may also be one of two: the letter for a day has both widths.
            letters[letters.count - 1] = UInt8(ascii: "n")
        } else {
            guard name(Self.months, "b") else { return false }
        }
        guard byte() == mark else { return false }
        at += 1
        letters.append(mark)
        return number("d", 1...2, 1...31)
    }

    /// `4 Mar 2026`, `04/Mar/2026`, `04/03/2026`, `04/03/26`, `03-04` before a time of day.
    private mutating func dayFirst() -> Bool {
        let start = at
        let width = digits()
        let first = value(width)
        at += width
        let mark = byte()
        if mark == 0x20 || mark == UInt8(ascii: "-") || mark == UInt8(ascii: "/"), byte(1).isUppercase {
            guard (1...31).contains(first) else { return false }
            letters.append(UInt8(ascii: "d"))
            if mark == 0x20 { _ = blanks() } else { at += 1; letters.append(mark) }
            guard name(Self.months, "b") else { return false }
            let end = at
            let count = letters.count
            if mark == 0x20 ? blanks() : literal(Unicode.Scalar(mark)) {
                if digits() == 4, number("Y", 4...4, 1970...2100) { return true }
                if mark != 0x20, digits() == 2, number("y", 2...2, 0...99) { return true }
            }
            at = end
            letters.removeSubrange(count...)
            return mark == 0x20
        }
        guard mark == UInt8(ascii: "/") || mark == UInt8(ascii: ".") || mark == UInt8(ascii: "-") else { return false }
        at += 1
        let second = digits()
        guard (1...2).contains(second) else { return false }
        let two = value(second)
        at += second
        guard byte() == mark else {
            // `03-04 05:06:07`
            guard width == 2, second == 2, (1...12).contains(first), (1...31).contains(two), byte() == 0x20,
                byte(1).isDigit
            else { return false }
            letters += [UInt8(ascii: "m"), mark, UInt8(ascii: "D")]
            return byte(2) == UInt8(ascii: ":") || byte(3) == UInt8(ascii: ":")
        }
        at += 1
        let third = digits()
        letters += [UInt8(ascii: "q"), mark, UInt8(ascii: "q"), mark]
        ambiguous = [first, two]
        if third == 4, number("Y", 4...4, 1970...2100) {
            return (first <= 12 || two <= 12) && (1...31).contains(first) && (1...31).contains(two)
        }
        // Two digits of a year only before a time of day: `1.2.30` is a version.
        guard third == 2, width == 2, second == 2, byte(2) == 0x20 || byte(2) == UInt8(ascii: "-"), byte(3).isDigit,
            byte(4) == UInt8(ascii: ":") || byte(5) == UInt8(ascii: ":")
        else { return false }
        ambiguous.append(value(2))
        add("q", 2)
        _ = start
        return true
    }
}
