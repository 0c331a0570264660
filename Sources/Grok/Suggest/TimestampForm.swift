/// A way to write a time that is recognised in sample lines.
struct TimestampForm: Sendable {
    /// How it looks: `Y` four digits, `m` two digits, `d` and `H` one or two, `M` and `S` two, `b` a month's name, `a` a
    /// weekday's, `f` an optional fraction, `z` an optional offset, `Z` an offset, `n` a zone's name, `T` a T or a space,
    /// `s` spaces; anything else stands for itself.
    let shape: String
    /// The grok expression for it.
    let expression: String
    /// The expression is one reference, which can carry the field's name itself.
    let isReference: Bool
    /// Time of day or day only: no point in time.
    let isPartial: Bool
    /// Format to read it with; an empty one is for the forms the parser guesses; nil when it cannot be promised.
    let format: String?

    private init(_ shape: String, _ expression: String, partial: Bool = false, format: String? = nil) {
        self.shape = shape
        self.expression = expression
        isReference = expression.utf8.count { $0 == UInt8(ascii: "{") } == 1 && expression.hasSuffix("}")
        isPartial = partial
        self.format = format
    }

    /// All forms; the longest that fits is taken.
    static let all: [TimestampForm] = [
        TimestampForm("Y-m-dTH:M:Sfz", "%{TIMESTAMP_ISO8601}", format: ""),
        TimestampForm("Y-m-dTH:Mz", "%{TIMESTAMP_ISO8601}", format: ""),
        TimestampForm("Y-m-dTH:M:Sf Z", "%{TIMESTAMP_ISO8601} %{ISO8601_TIMEZONE}", format: ""),
        TimestampForm("Y-m-dTH:M:Sf n", "%{TIMESTAMP_ISO8601} [A-Z]{3,4}"),
        TimestampForm("d/b/Y:H:M:S Z", "%{HTTPDATE}", format: "%d/%b/%Y:%H:%M:%S %z"),
        TimestampForm("d/b/Y:H:M:Sf", "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME}"),
        TimestampForm("bsdsH:M:Sf", "%{SYSLOGTIMESTAMP}"),
        TimestampForm("bsdsYsH:M:Sf", "%{MONTH} +%{MONTHDAY} %{YEAR} %{TIME}"),
        TimestampForm("bsd, Y H:M:S p", "%{MONTH} +%{MONTHDAY}, %{YEAR} %{HOUR}:%{MINUTE}:%{SECOND} (?:AM|PM)"),
        TimestampForm("Y/m/d H:M:Sf", "%{YEAR}/%{MONTHNUM}/%{MONTHDAY} %{TIME}"),
        TimestampForm("d.m.Y H:M:Sf", "%{DATE_EU} %{TIME}"),
        TimestampForm("d.m.Y, H:M:Sf", "%{DATE_EU}, %{TIME}"),
        TimestampForm("d/m/Y H:M:Sf", "%{MONTHDAY}/%{MONTHDAY}/%{YEAR} %{TIME}"),
        TimestampForm("d/m/Y-H:M:Sf", "%{MONTHDAY}/%{MONTHDAY}/%{YEAR}-%{TIME}"),
        TimestampForm("d-m-Y H:M:Sf", "%{MONTHDAY}-%{MONTHDAY}-%{YEAR} %{TIME}"),
        TimestampForm("asbsdsH:M:SfsY", "%{DAY} +%{MONTH} +%{MONTHDAY} %{TIME} %{YEAR}"),
        TimestampForm("asbsdsH:M:SfsnsY", "%{DAY} +%{MONTH} +%{MONTHDAY} %{TIME} [A-Z]{3,4} %{YEAR}"),
        TimestampForm("a, d b Y H:M:S Z", "%{DATESTAMP_RFC2822}", format: ""),
        TimestampForm("a, d b Y H:M:S n", "%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} [A-Z]{3,4}"),
        TimestampForm("d-b-Y H:M:Sf", "%{MONTHDAY}-%{MONTH}-%{YEAR} %{TIME}"),
        TimestampForm("d b Y H:M:Sf", "%{MONTHDAY} %{MONTH} %{YEAR} %{TIME}"),
        TimestampForm("dsbsH:M:Sf", "%{MONTHDAY} %{MONTH} %{TIME}"),
        TimestampForm("YmdTHMSf", "%{YEAR}%{MONTHNUM2}%{MONTHDAY}T%{HOUR}%{MINUTE}%{SECOND}"),
        TimestampForm("H:M:Sf", "%{TIME}", partial: true),
        TimestampForm("Y-m-d", "%{YEAR}-%{MONTHNUM}-%{MONTHDAY}", partial: true),
        TimestampForm("Y/m/d", "%{YEAR}/%{MONTHNUM}/%{MONTHDAY}", partial: true),
    ]

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .map { Array($0.utf8) }
    private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map { Array($0.utf8) }
    private static let shapes: [[UInt8]] = all.map { Array($0.shape.utf8) }

    /// The longest form at a place of a line, and where it ends.
    static func longest(in line: [UInt8], at start: Int) -> (index: Int, end: Int)? {
        var best: (index: Int, end: Int)?
        for index in shapes.indices {
            if let end = end(of: shapes[index], line, start), end > best?.end ?? 0 { best = (index, end) }
        }
        return best
    }

    private static func end(of shape: [UInt8], _ line: [UInt8], _ start: Int) -> Int? {
        var at = start
        /// Reads a number of one of the given widths, the widest that is there, not above a bound.
        func number(_ least: Int, _ most: Int, upTo bound: Int) -> Bool {
            var value = 0
            var width = 0
            while width < most, at + width < line.count, line[at + width].isDigit {
                value = value * 10 + Int(line[at + width] - 0x30)
                width += 1
            }
            at += width
            return width >= least && value <= bound
        }
        func name(_ names: [[UInt8]]) -> Bool {
            guard at + 3 <= line.count, names.contains(where: { line[at..<(at + 3)].elementsEqual($0) }) else {
                return false
            }
            at += 3
            return true
        }
        func offset() -> Bool {
            guard at < line.count else { return false }
            if line[at] == UInt8(ascii: "Z") {
                at += 1
                return true
            }
            let begin = at
            guard line[at] == UInt8(ascii: "+") || line[at] == UInt8(ascii: "-") else { return false }
            at += 1
            guard number(2, 2, upTo: 14) else {
                at = begin
                return false
            }
            if at < line.count, line[at] == UInt8(ascii: ":") { at += 1 }
            // Hours alone are no offset to the pattern for ISO times.
            guard number(2, 2, upTo: 59) else {
                at = begin
                return false
            }
            return true
        }
        for element in shape {
            var fits = true
            switch element {
            case UInt8(ascii: "Y"): fits = number(4, 4, upTo: 9999)
            case UInt8(ascii: "m"): fits = number(2, 2, upTo: 31)
            case UInt8(ascii: "d"): fits = number(1, 2, upTo: 31)
            case UInt8(ascii: "H"): fits = number(1, 2, upTo: 23)
            case UInt8(ascii: "M"): fits = number(2, 2, upTo: 59)
            case UInt8(ascii: "S"): fits = number(2, 2, upTo: 60)
            case UInt8(ascii: "b"): fits = name(months)
            case UInt8(ascii: "a"): fits = name(days)
            case UInt8(ascii: "p"):
                fits = at + 2 <= line.count && line[at + 1] == UInt8(ascii: "M")
                at += 2
            case UInt8(ascii: "f"):
                if at + 1 < line.count, line[at] == UInt8(ascii: ".") || line[at] == UInt8(ascii: ","),
                    line[at + 1].isDigit
                {
                    at += 1
                    while at < line.count, line[at].isDigit { at += 1 }
                }
            case UInt8(ascii: "z"): _ = offset()
            case UInt8(ascii: "Z"): fits = offset()
            case UInt8(ascii: "n"):
                let begin = at
                while at < line.count, line[at].isUppercase { at += 1 }
                fits = (3...4).contains(at - begin) && !LineTokenizer.isLevel(line[begin..<at])
            case UInt8(ascii: "T"):
                fits = at < line.count && (line[at] == UInt8(ascii: "T") || line[at] == 0x20)
                at += 1
            case UInt8(ascii: "s"):
                fits = at < line.count && line[at] == 0x20
                while at < line.count, line[at] == 0x20 { at += 1 }
            default:
                fits = at < line.count && line[at] == element
                at += 1
            }
            if !fits { return nil }
        }
        // Not within a longer word or number.
        if at < line.count, line[at].isWord { return nil }
        return at
    }
}

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isUppercase: Bool { (0x41...0x5A).contains(self) }
    var isLowercase: Bool { (0x61...0x7A).contains(self) }
    var isLetter: Bool { (0x41...0x5A).contains(self & 0xDF) }
    var isWord: Bool { isDigit || isLetter || self == 0x5F }
    var isHexDigit: Bool { isDigit || (0x41...0x46).contains(self & 0xDF) }
    var isBlank: Bool { self == 0x20 || self == 0x09 }
}
