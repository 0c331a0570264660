import Grok

/// Finds out whether a time stands at a place of a line, and how it is written.
///
/// Known dates: `2026-03-04`, `2026/03/04`, `2026.03.04`, `03/04/2026`, `4.3.2026`, `04-03-2026`, `26/03/04`, `20260304`,
/// `260304 050607`, `04/Mar/2026`, `4-Mar-2026`, `4 Mar 2026`, `Mar 4`, `Mar 4 2026`, `Mar 4, 2026`, `Wed Mar 4`,
/// `03-04 05:06:07`; known times: `5:06`, `05:06:07`, with a fraction behind `.`, `,` or `:`, AM or PM, an offset, a zone.
struct TimestampScanner {
    struct Found {
        let shape: TimestampShape
        let end: Int
        /// The numbers behind the letters `q`.
        let ambiguous: [Int]
    }

    private let line: [UInt8]
    private var at: Int
    private var letters: [UInt8] = []
    private var ambiguous: [Int] = []

    /// - Parameter isBehindColour: what stands before it is a colour code, whose last letter is part of no word.
    static func find(in line: [UInt8], at start: Int, isBehindColour: Bool = false) -> Found? {
        guard start < line.count, line[start].isDigit || line[start].isUppercase else { return nil }
        if start > 0, line[start - 1].isWord, !isBehindColour { return nil }
        var scanner = TimestampScanner(line, start)
        return scanner.date() ?? scanner.timeOfDay()
    }

    private init(_ line: [UInt8], _ start: Int) {
        self.line = line
        at = start
    }

    // MARK: - Pieces

    private func byte(_ offset: Int = 0) -> UInt8 {
        line.indices.contains(at + offset) ? line[at + offset] : 0
    }

    private func digits() -> Int {
        var count = 0
        while count < 20, byte(count).isDigit { count += 1 }
        return count
    }

    private func value(_ count: Int) -> Int { line[at..<(at + count)].reduce(0) { $0 * 10 + Int($1 - 0x30) } }

    private mutating func add(_ text: StaticString, _ count: Int) {
        at += count
        text.withUTF8Buffer { letters += unsafe Array($0) }
    }

    /// A number of so many digits within a range.
    private mutating func number(_ letter: StaticString, _ widths: ClosedRange<Int>, _ range: ClosedRange<Int>) -> Bool
    {
        let count = digits()
        guard widths.contains(count), range.contains(value(count)) else { return false }
        add(letter, count)
        return true
    }

    private mutating func literal(_ scalar: Unicode.Scalar) -> Bool {
        guard byte() == UInt8(ascii: scalar) else { return false }
        at += 1
        letters.append(UInt8(ascii: scalar))
        return true
    }

    private mutating func blanks() -> Bool {
        guard byte() == 0x20 else { return false }
        while byte() == 0x20 { at += 1 }
        letters.append(UInt8(ascii: "s"))
        return true
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .map { Array($0.utf8) }
    private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map { Array($0.utf8) }

    private mutating func name(_ names: [[UInt8]], _ letter: StaticString) -> Bool {
        guard at + 3 <= line.count, !byte(3).isLetter,
            names.contains(where: { $0[0] == line[at] && $0[1] == line[at + 1] && $0[2] == line[at + 2] })
        else { return false }
        add(letter, 3)
        return true
    }

    private func found() -> Found? {
        // Not within a longer word or number.
        if at < line.count, line[at].isWord { return nil }
        return Found(shape: TimestampShape(letters: letters), end: at, ambiguous: ambiguous)
    }

    // MARK: - Dates

    private mutating func date() -> Found? {
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
        case 4: return yearFirst() || false
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

    /// Whether a time of day with seconds stands so many bytes ahead, perhaps with a blank for its first digit.
    private func isClock(_ offset: Int) -> Bool {
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

    // MARK: - Times of day

    /// What stands between a day and a time.
    private mutating func joined() -> Bool {
        switch byte() {
        case UInt8(ascii: "T"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "/"):
            letters.append(byte())
            at += 1
        case UInt8(ascii: ","):
            at += 1
            letters.append(UInt8(ascii: ","))
            guard byte() == 0x20 else { return false }
            at += 1
            letters.append(0x20)
        case 0x20:
            let isNamed = letters.contains(UInt8(ascii: "b"))
            // `161209  3:08:33`, whose hour may be padded with a blank.
            let isPadded = letters.elementsEqual("ymD".utf8) && isClock(1)
            if isNamed || isPadded { return blanks() }
            guard byte(1).isDigit else { return false }
            at += 1
            letters.append(0x20)
        default: return false
        }
        return byte().isDigit
    }

    private mutating func time() -> Bool {
        let count = digits()
        if count == 6, !letters.isEmpty,
            byte(-1) == UInt8(ascii: "T") || byte(-1) == 0x20 || byte(-1) == UInt8(ascii: "-")
        {
            let value = value(6)
            guard value / 10000 < 24, value / 100 % 100 < 60, value % 100 <= 60 else { return false }
            add("hMS", 6)
            fraction()
            zone()
            return true
        }
        guard count == 1 || count == 2, value(count) <= 23 else { return false }
        add("H", count)
        let mark = byte()
        let isDotted = mark == UInt8(ascii: ".") && letters.contains(UInt8(ascii: "Y"))
        guard mark == UInt8(ascii: ":") || isDotted, byte(1).isDigit else { return false }
        at += 1
        letters.append(mark)
        guard minutes("M", "u") else { return false }
        if byte() == mark, byte(1).isDigit {
            let end = at
            at += 1
            letters.append(mark)
            guard minutes("S", "v") else {
                at = end
                return false
            }
            fraction()
        }
        halfDay()
        zone()
        return true
    }

    /// Two digits; one digit is written by programs that do not pad.
    private mutating func minutes(_ letter: StaticString, _ single: StaticString) -> Bool {
        digits() == 2 ? number(letter, 2...2, 0...60) : number(single, 1...1, 0...9)
    }

    private mutating func fraction() {
        let mark = byte()
        guard mark == UInt8(ascii: ".") || mark == UInt8(ascii: ",") || mark == UInt8(ascii: ":"), byte(1).isDigit
        else {
            return
        }
        at += 1
        let count = digits()
        guard count <= 9, mark != UInt8(ascii: ":") || count == 3, byte(count) != mark else {
            at -= 1
            return
        }
        at += count
        letters += [mark, UInt8(ascii: "f")]
    }

    private mutating func halfDay() {
        let skip = byte() == 0x20 ? 1 : 0
        guard [0x41, 0x50].contains(byte(skip) & 0xDF), byte(skip).isLetter, byte(skip + 1) & 0xDF == 0x4D,
            !byte(skip + 2).isWord
        else { return }
        if skip == 1 { letters.append(0x20) }
        add("p", skip + 2)
    }

    private mutating func zone() {
        let skip = byte() == 0x20 ? 1 : 0
        let first = byte(skip)
        if first == UInt8(ascii: "Z"), skip == 0, !byte(1).isWord { return add("z", 1) }
        if first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
            var width = 1
            while width < 7, byte(skip + width).isDigit || width == 3 && byte(skip + width) == UInt8(ascii: ":") {
                width += 1
            }
            guard
                width == 5 && byte(skip + 3) != UInt8(ascii: ":") || width == 6 && byte(skip + 3) == UInt8(ascii: ":"),
                !byte(skip + width).isWord
            else { return }
            if skip == 1 { letters.append(0x20) }
            return add("z", skip + width)
        }
        guard skip == 1, letters.contains(UInt8(ascii: "S")) else { return }
        let word = line[(at + 1)...].prefix { $0.isUppercase }
        guard Self.zones.contains(where: { word.elementsEqual($0) }), !byte(1 + word.count).isWord else { return }
        letters += [0x20, UInt8(ascii: "N")]
        at += 1 + word.count
    }

    private static let zones = [
        "UTC", "GMT", "CET", "CEST", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "BST", "IST", "JST", "MSK",
        "AEST", "AEDT", "WET", "WEST", "EET", "EEST",
    ].map { Array($0.utf8) }

    /// `Wed Mar 4 05:06:07 2026`.
    private mutating func yearAtEnd() {
        guard !TimestampShape(letters: letters).hasYear, letters.first == UInt8(ascii: "a") else { return }
        guard byte() == 0x20, (1..<5).allSatisfy({ byte($0).isDigit }), !byte(5).isWord else { return }
        at += 5
        letters += [0x20, UInt8(ascii: "Y")]
    }

    private mutating func timeOfDay() -> Found? {
        guard byte().isDigit, time(), letters.contains(UInt8(ascii: "S")) || letters.contains(UInt8(ascii: "p")),
            byte() != UInt8(ascii: ":")
        else { return nil }
        return found()
    }
}
