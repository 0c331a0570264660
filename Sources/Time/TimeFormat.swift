package import Events

/// A `time_format` of strptime's kind, taken apart once. Immutable and shared between threads.
///
/// Sources: strptime(3) and the documentation of Ruby's `Time.strptime`; what Ruby does with a text was observed.
/// Beyond Ruby: a width in `%3N` limits the digits, and flags such as `%-d` are accepted and mean nothing.
package struct TimeFormat: Sendable {
    enum Step: Sendable, Equatable {
        case literal(UInt8)
        /// Any number of white-space characters, also none.
        case space
        case year(digits: Int)
        case yearOfCentury, century, month, monthName, day, dayName, dayOfYear
        case hour24, hour12, halfDay, minute, second
        case fraction(digits: Int)
        case epochSeconds, epochMilliseconds
        case zone
        /// Week numbers and weekday numbers: read, and left out of account.
        case ignored(digits: Int)
    }

    let steps: [Step]
    /// Whether the text names its own zone, so that the parser's zone does not count.
    package let hasZone: Bool
    package let text: String

    package init(_ text: String, parameter: String = "time_format") throws(SettingError) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else {
            throw SettingError(parameter, "the time format is empty", hint: "write for example %Y-%m-%d %H:%M:%S")
        }
        var compiler = Compiler(bytes: bytes, parameter: parameter)
        try compiler.compile()
        steps = compiler.steps
        hasZone = steps.contains(.zone)
        self.text = text
    }

    private struct Compiler {
        let bytes: [UInt8]
        let parameter: String
        var steps: [Step] = []

        init(bytes: [UInt8], parameter: String) {
            self.bytes = bytes
            self.parameter = parameter
        }

        mutating func compile() throws(SettingError) {
            var place = 0
            while place < bytes.count {
                if bytes[place] == UInt8(ascii: "%"), place + 1 < bytes.count {
                    try directive(&place)
                } else if isSpace(bytes[place]) {
                    steps.append(.space)
                    place += 1
                } else {
                    steps.append(.literal(bytes[place]))
                    place += 1
                }
            }
        }

        private mutating func directive(_ place: inout Int) throws(SettingError) {
            let start = place
            place += 1
            while place < bytes.count, "-_0^#:EO".utf8.contains(bytes[place]) { place += 1 }
            var width: Int?
            while place < bytes.count, isDigit(bytes[place]) {
                width = min((width ?? 0) * 10 + Int(bytes[place] - 0x30), 100)
                place += 1
            }
            guard place < bytes.count else { throw unknown(start, place) }
            let letter = bytes[place]
            place += 1
            let isNumberNext = Self.startsWithNumber(bytes, place)
            switch letter {
            case UInt8(ascii: "Y"): steps.append(.year(digits: width ?? (isNumberNext ? 4 : 18)))
            case UInt8(ascii: "y"): steps.append(.yearOfCentury)
            case UInt8(ascii: "C"): steps.append(.century)
            case UInt8(ascii: "m"): steps.append(.month)
            case UInt8(ascii: "B"), UInt8(ascii: "b"), UInt8(ascii: "h"): steps.append(.monthName)
            case UInt8(ascii: "d"), UInt8(ascii: "e"): steps.append(.day)
            case UInt8(ascii: "A"), UInt8(ascii: "a"): steps.append(.dayName)
            case UInt8(ascii: "j"): steps.append(.dayOfYear)
            case UInt8(ascii: "H"), UInt8(ascii: "k"): steps.append(.hour24)
            case UInt8(ascii: "I"), UInt8(ascii: "l"): steps.append(.hour12)
            case UInt8(ascii: "p"), UInt8(ascii: "P"): steps.append(.halfDay)
            case UInt8(ascii: "M"): steps.append(.minute)
            case UInt8(ascii: "S"): steps.append(.second)
            case UInt8(ascii: "L"): steps.append(.fraction(digits: width ?? (isNumberNext ? 3 : .max)))
            case UInt8(ascii: "N"): steps.append(.fraction(digits: width ?? (isNumberNext ? 9 : .max)))
            case UInt8(ascii: "s"): steps.append(.epochSeconds)
            case UInt8(ascii: "Q"): steps.append(.epochMilliseconds)
            case UInt8(ascii: "z"), UInt8(ascii: "Z"): steps.append(.zone)
            case UInt8(ascii: "G"): steps.append(.ignored(digits: isNumberNext ? 4 : 18))
            case UInt8(ascii: "g"), UInt8(ascii: "V"), UInt8(ascii: "U"), UInt8(ascii: "W"):
                steps.append(.ignored(digits: 2))
            case UInt8(ascii: "u"), UInt8(ascii: "w"): steps.append(.ignored(digits: 1))
            case UInt8(ascii: "n"), UInt8(ascii: "t"): steps.append(.space)
            case UInt8(ascii: "%"): steps.append(.literal(letter))
            default:
                guard let expansion = TimeFormat.expansion(letter) else { throw unknown(start, place) }
                // The following text decides how many digits the last part takes.
                var inner = Compiler(bytes: Array(expansion.utf8), parameter: parameter)
                try inner.compile()
                steps += inner.steps
            }
        }

        private func unknown(_ start: Int, _ end: Int) -> SettingError {
            let directive = String(decoding: bytes[start..<min(end, bytes.count)], as: UTF8.self)
            return SettingError(
                parameter,
                "unknown directive '\(directive)' in the time format '\(String(decoding: bytes, as: UTF8.self))'",
                hint: TimeFormat.hint(directive),
                offset: start)
        }

        /// Whether a number follows, so that a year cannot take more than its four digits.
        private static func startsWithNumber(_ bytes: [UInt8], _ place: Int) -> Bool {
            guard place < bytes.count else { return false }
            if isDigit(bytes[place]) { return true }
            guard bytes[place] == UInt8(ascii: "%"), place + 1 < bytes.count else { return false }
            var next = place + 1
            while next < bytes.count, "-_0EO".utf8.contains(bytes[next]) { next += 1 }
            return next < bytes.count
                && (isDigit(bytes[next]) || "CDdeFGgHIjkLlMmNQRrSsTUuVvWwXxYy".utf8.contains(bytes[next]))
        }
    }
}

extension TimeFormat {
    /// What was meant by a directive that does not exist: that of another language often has the same meaning.
    static func hint(_ directive: String) -> String {
        switch directive {
        case "%f": "write %N for fractions of a second"
        case "%i": "minutes are %M, and seconds %S"
        default: "write %% for a percent sign"
        }
    }

    /// What a directive stands for that is short for others.
    static func expansion(_ letter: UInt8) -> String? {
        switch letter {
        case UInt8(ascii: "T"), UInt8(ascii: "X"): "%H:%M:%S"
        case UInt8(ascii: "F"): "%Y-%m-%d"
        case UInt8(ascii: "D"), UInt8(ascii: "x"): "%m/%d/%y"
        case UInt8(ascii: "R"): "%H:%M"
        case UInt8(ascii: "r"): "%I:%M:%S %p"
        case UInt8(ascii: "c"): "%a %b %e %H:%M:%S %Y"
        case UInt8(ascii: "v"): "%e-%b-%Y"
        case UInt8(ascii: "+"): "%a %b %e %H:%M:%S %Z %Y"
        default: nil
        }
    }
}
