/// How a time is written, letter by letter, and what reads it: a regular expression, a grok expression, strptime's
/// format (strptime(3)) and the pattern of Java's `DateTimeFormatter`, which Elasticsearch's date processor takes.
///
/// `Y` a year of four digits, `y` of two, `m` a month of two, `q` one or two digits of which it is not known whether they
/// are a day or a month, `d` a day of one or two, `D` of two, `b` a month's name, `a` a weekday's, `H` an hour of one or
/// two digits, `h` of two, `M` minutes, `S` seconds, `n`, `u`, `v` a month, minutes, seconds of one digit, `f` a fraction (the mark before it stands for itself), `p` AM or PM,
/// `z` an offset or Z, `N` a zone's name, `s` blanks; anything else stands for itself.
struct TimestampShape: Hashable, Sendable {
    let letters: [UInt8]

    private func has(_ letter: Unicode.Scalar) -> Bool { letters.contains(UInt8(ascii: letter)) }

    /// A day and a time of day: a point in time.
    var isWhole: Bool { hasDate && (has("H") || has("h")) }
    var hasDate: Bool { has("d") || has("D") || has("q") }
    var hasYear: Bool { has("Y") || has("y") }
    var hasZone: Bool { has("z") || has("N") }

    /// Shapes of one base can share a column: a fraction or an offset may be missing in some.
    var base: TimestampShape {
        var kept: [UInt8] = []
        for letter in letters {
            switch Unicode.Scalar(letter) {
            case "f": kept.removeLast()
            case "z": break
            case "n": kept.append(UInt8(ascii: "m"))
            case "u": kept.append(UInt8(ascii: "M"))
            case "v": kept.append(UInt8(ascii: "S"))
            default: kept.append(letter)
            }
        }
        while kept.last == 0x20 { kept.removeLast() }
        return TimestampShape(letters: kept)
    }

    /// How the parts that are not known to be days or months can be read.
    enum Order: CaseIterable {
        case monthFirst, dayFirst, yearFirst
    }

    /// The orders in which the ambiguous digits of a column make dates, the likeliest first.
    ///
    /// - Parameters most: the largest first, second and third number that stands there.
    static func orders(_ letters: [UInt8], most: [Int]) -> [Order] {
        let count = letters.count { $0 == UInt8(ascii: "q") }
        guard count >= 2, most.count >= 2 else { return [.monthFirst] }
        var orders: [Order] = []
        let isDotted = letters.contains(UInt8(ascii: "."))
        if most[0] <= 12 { orders.append(.monthFirst) }
        if most[1] <= 12, count < 3 || most[2] >= 0 { orders.append(.dayFirst) }
        if isDotted, orders.count == 2 { orders.swapAt(0, 1) }
        // `17/06/09` is how log4j writes `yy/MM/dd`.
        if count == 3, most[1] <= 12, most[2] <= 31 { orders.insert(.yearFirst, at: most[0] <= 12 ? orders.count : 0) }
        return orders.isEmpty ? [.dayFirst] : orders
    }

    /// The letters with `q` resolved.
    private func resolved(_ order: Order) -> [UInt8] {
        let parts: [Unicode.Scalar] =
            switch order {
            case .monthFirst: ["n", "d", "y"]
            case .dayFirst: ["d", "n", "y"]
            case .yearFirst: ["y", "n", "d"]
            }
        var next = 0
        return letters.map { letter in
            guard letter == UInt8(ascii: "q") else { return letter }
            next += 1
            return UInt8(ascii: parts[min(next - 1, 2)])
        }
    }

    /// The format for `time_format`.
    func strptime(_ order: Order) -> String {
        let isHalf = has("p")
        return resolved(order).map { letter -> String in
            switch Unicode.Scalar(letter) {
            case "Y", "y", "m", "d", "b", "a", "M", "S", "p": "%\(Unicode.Scalar(letter))"
            case "n": "%m"
            case "u": "%M"
            case "v": "%S"
            case "D": "%d"
            case "H", "h": isHalf ? "%I" : "%H"
            case "f": "%N"
            case "z": "%z"
            case "N": "%Z"
            case "s": " "
            default: String(Unicode.Scalar(letter))
            }
        }.joined()
    }

    /// The pattern for Elasticsearch's date processor.
    func java(_ order: Order) -> String {
        let isHalf = has("p")
        return resolved(order).map { letter -> String in
            switch Unicode.Scalar(letter) {
            case "Y": "yyyy"
            case "y": "yy"
            case "m": "MM"
            case "n": "M"
            case "d": "d"
            case "D": "dd"
            case "b": "MMM"
            case "a": "EEE"
            case "H": isHalf ? "h" : "H"
            case "h": "HH"
            case "M": "mm"
            case "S": "ss"
            case "u": "m"
            case "v": "s"
            case "f": "n"
            case "p": "a"
            case "z": "XX"
            case "N": "zzz"
            case "s": " "
            case "T": "'T'"
            default: String(Unicode.Scalar(letter))
            }
        }.joined()
    }

    /// A regular expression for it, without grok's names: it also finds first lines.
    var regularExpression: String {
        letters.map { letter -> String in
            switch Unicode.Scalar(letter) {
            case "Y": #"\d{4}"#
            case "y", "m", "D", "h", "M", "S": #"\d{2}"#
            case "u", "v", "n": #"\d{1,2}"#
            case "q", "d", "H": #"\d{1,2}"#
            case "b", "a": "[A-Z][a-z]{2}"
            case "f": #"\d+"#
            case "p": "[AaPp][Mm]"
            case "z": #"(?:Z|[+-]\d{2}:?\d{2})"#
            case "N": "[A-Z]{3,5}"
            case "s": " +"
            case ".", "+", "|": "\\" + String(Unicode.Scalar(letter))
            default: String(Unicode.Scalar(letter))
            }
        }.joined()
    }

    /// The pattern of the library that takes just these, where there is one.
    var reference: String? {
        let base = String(decoding: base.letters, as: UTF8.self)
        switch base {
        case "Y-m-dTH:M:S", "Y-m-d H:M:S":
            let isJoined = !letters.contains(UInt8(ascii: "z")) || letters[letters.count - 2] != 0x20
            return isJoined ? "TIMESTAMP_ISO8601" : nil
        case "bsdsH:M:S": return has("z") ? nil : "SYSLOGTIMESTAMP"
        case "d/b/Y:H:M:S": return has("z") && !has("f") ? "HTTPDATE" : nil
        default: return nil
        }
    }
}
