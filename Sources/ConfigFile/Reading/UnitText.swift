/// Numbers, sizes, times and lists as configurations write them; pure functions on text.
enum UnitText {
    /// What to write instead.
    struct Problem: Error, Hashable {
        let hint: String
    }

    /// Optional sign, digits, `_` between digits.
    static func integer(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        let signed = bytes.first.map { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } ?? false
        let digits = bytes.dropFirst(signed ? 1 : 0)
        guard let first = digits.first, let last = digits.last, Byte.isDigit(first), Byte.isDigit(last) else {
            return nil
        }
        guard digits.allSatisfy({ Byte.isDigit($0) || $0 == UInt8(ascii: "_") }), !text.contains("__") else {
            return nil
        }
        return Int(String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self))
    }

    /// A decimal number with optional exponent; no `inf`, no hexadecimal.
    static func float(_ text: String) -> Double? {
        guard text.utf8.allSatisfy({ Byte.isDigit($0) || "+-.eE".utf8.contains($0) }), let number = Double(text),
            number.isFinite
        else { return nil }
        return number
    }

    private static let sizeUnits: [(String, Int)] = [("k", 10), ("m", 20), ("g", 30), ("t", 40)]

    /// Bytes. `8m`, `8M`, `8MB`, `8MiB`, `8388608`.
    static func size(_ text: String) -> Result<Int, Problem> {
        if let bytes = integer(text) { return .success(bytes) }
        let lower = text.lowercased()
        let digits = lower.prefix { $0.isASCII && $0.isNumber }
        let unit = lower.dropFirst(digits.count)
        for (letter, shift) in sizeUnits where [letter, letter + "b", letter + "ib"].contains(String(unit)) {
            if digits.isEmpty { break }
            guard let count = Int(digits) else { break }
            let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << shift)
            if overflow { return .failure(Problem(hint: "that is more than fits into 64 bits")) }
            return .success(bytes)
        }
        // `1.5m`: offer the same size in the next smaller unit.
        let number = lower.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
        let rest = String(lower.dropFirst(number.count))
        if let value = float(String(number)), value < 1_000_000,
            let index = sizeUnits.firstIndex(where: { [$0.0, $0.0 + "b", $0.0 + "ib"].contains(rest) })
        {
            let scaled = Int((value * 1024).rounded())
            let smaller = index > 0 ? sizeUnits[index - 1].0 : ""
            return .failure(Problem(hint: "only whole numbers take a unit; write \(scaled)\(smaller)"))
        }
        return .failure(Problem(hint: "write bytes, or a whole number with k, m, g or t, such as 8m"))
    }

    /// Fluentd reads the letter and not what stands behind it, so the words mean what they say.
    private static let timeUnits: [(names: [String], seconds: Double)] = [
        (["s", "sec", "secs", "second", "seconds"], 1), (["m", "min", "mins", "minute", "minutes"], 60),
        (["h", "hr", "hrs", "hour", "hours"], 3600), (["d", "day", "days"], 86400),
    ]

    private static func secondsOfUnit(_ name: String) -> Double? {
        timeUnits.first { $0.names.contains(name) }?.seconds
    }

    /// Seconds. `10`, `0.5`, `10s`, `5m`, `1h`, `1d`, `10sec`, `5min`; also `0.5s`, which can mean nothing else (Fluentd
    /// takes the 5).
    static func time(_ text: String) -> Result<Double, Problem> {
        if let seconds = float(text) { return .success(seconds) }
        if text.hasSuffix("s"), let seconds = float(String(text.dropLast())) { return .success(seconds) }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = String(text.dropFirst(digits.count))
        if !digits.isEmpty, let count = Double(String(digits)), let factor = secondsOfUnit(unit) {
            return .success(count * factor)
        }
        let number = text.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
        let rest = String(text.dropFirst(number.count).drop { $0 == " " })
        if let value = float(String(number)), value < 1_000_000_000 {
            if rest == "ms" {
                return .failure(Problem(hint: "milliseconds are written as seconds: \(plain(value / 1000))"))
            }
            if let factor = secondsOfUnit(rest.lowercased()) {
                let hint =
                    number.contains(".")
                    ? "only whole numbers take a unit; write \(plain(value * factor))"
                    : "write \(number)\(rest.lowercased())"
                return .failure(Problem(hint: hint))
            }
        }
        return .failure(Problem(hint: "write seconds, such as 0.5, or a whole number with s, m, h or d, such as 10s"))
    }

    private static func plain(_ seconds: Double) -> String {
        seconds == seconds.rounded() && seconds < 1e15 ? String(Int(seconds)) : "\(seconds)"
    }

    /// The items between commas, trimmed; no items for an empty text.
    static func list(_ text: String) -> [String] {
        func trim(_ bytes: ArraySlice<UInt8>) -> String {
            var bytes = bytes
            while let first = bytes.first, Byte.isSpace(first) { bytes.removeFirst() }
            while let last = bytes.last, Byte.isSpace(last) { bytes.removeLast() }
            return String(decoding: bytes, as: UTF8.self)
        }
        let bytes = Array(text.utf8)
        var items = bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(trim)
        while items.last == "" { items.removeLast() }
        return items
    }
}
