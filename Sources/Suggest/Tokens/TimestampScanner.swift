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

    let line: [UInt8]
    var at: Int
    var letters: [UInt8] = []
    var ambiguous: [Int] = []

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

    func byte(_ offset: Int = 0) -> UInt8 {
        line.indices.contains(at + offset) ? line[at + offset] : 0
    }

    func digits() -> Int {
        var count = 0
        while count < 20, byte(count).isDigit { count += 1 }
        return count
    }

    func value(_ count: Int) -> Int { line[at..<(at + count)].reduce(0) { $0 * 10 + Int($1 - 0x30) } }

    mutating func add(_ text: StaticString, _ count: Int) {
        at += count
        text.withUTF8Buffer { letters += unsafe Array($0) }
    }

    /// A number of so many digits within a range.
    mutating func number(_ letter: StaticString, _ widths: ClosedRange<Int>, _ range: ClosedRange<Int>) -> Bool {
        let count = digits()
        guard widths.contains(count), range.contains(value(count)) else { return false }
        add(letter, count)
        return true
    }

    mutating func literal(_ scalar: Unicode.Scalar) -> Bool {
        guard byte() == UInt8(ascii: scalar) else { return false }
        at += 1
        letters.append(UInt8(ascii: scalar))
        return true
    }

    mutating func blanks() -> Bool {
        guard byte() == 0x20 else { return false }
        while byte() == 0x20 { at += 1 }
        letters.append(UInt8(ascii: "s"))
        return true
    }

    static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .map { Array($0.utf8) }
    static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map { Array($0.utf8) }

    mutating func name(_ names: [[UInt8]], _ letter: StaticString) -> Bool {
        guard at + 3 <= line.count, !byte(3).isLetter,
            names.contains(where: { $0[0] == line[at] && $0[1] == line[at + 1] && $0[2] == line[at + 2] })
        else { return false }
        add(letter, 3)
        return true
    }

    func found() -> Found? {
        // Not within a longer word or number.
        if at < line.count, line[at].isWord { return nil }
        return Found(shape: TimestampShape(letters: letters), end: at, ambiguous: ambiguous)
    }

    // MARK: - Times of day

    /// What stands between a day and a time.
    mutating func joined() -> Bool {
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

    mutating func time() -> Bool {
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
    mutating func yearAtEnd() {
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
