import TestSupport

/// Seeded values for made log lines.
struct CorpusValues {
    private var generator: SeededGenerator
    private var seconds = 0

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    mutating func pick(_ choices: [String]) -> String { choices[number(0...(choices.count - 1))] }
    mutating func text(_ range: ClosedRange<Int>) -> String { "\(number(range))" }
    mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

    static func padded(_ number: Int, _ width: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    mutating func ip() -> String { "\(number(1...223)).\(number(0...255)).\(number(0...255)).\(number(1...254))" }
    mutating func port() -> String { text(1024...65535) }
    mutating func hex(_ digits: Int) -> String {
        (0..<digits).map { _ in String(number(0...15), radix: 16) }.joined()
    }
    mutating func uuid() -> String { [8, 4, 4, 4, 12].map { hex($0) }.joined(separator: "-") }
    mutating func user() -> String { pick(["jane", "bob", "carol", "root", "svc-1", "eve", "deploy", "x.y"]) }
    mutating func host() -> String { pick(["web-1", "web-02", "db1.example", "lb.example.org", "node17", "cache-a"]) }
    mutating func path() -> String {
        "/" + pick(["api", "shop", "img", "static", "v1"]) + "/" + pick(["item", "cart", "logo.png", "users"])
            + (chance(30) ? "?id=\(number(1...999))" : "")
    }
    mutating func agent() -> String {
        pick([
            "Mozilla/5.0 (X11; Linux x86_64)", "curl/8.5.0", "okhttp/4.9.1",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101",
        ])
    }
    mutating func level() -> String { pick(["INFO", "INFO", "INFO", "WARN", "ERROR", "DEBUG"]) }
    mutating func method() -> String { pick(["GET", "GET", "POST", "PUT", "DELETE"]) }
    mutating func status() -> String { pick(["200", "201", "301", "404", "500", "503"]) }
    mutating func className() -> String {
        "org.acme." + pick(["web", "billing", "auth"]) + "." + pick(["LoginController", "InvoiceService", "Main"])
    }
    mutating func thread() -> String { pick(["main", "http-8080-exec-1", "worker-2", "pool-1-thread-7", "Timer 3"]) }
    /// Running text with nothing regular in it.
    mutating func prose() -> String {
        let words = [
            "cache", "started", "failed", "to", "write", "after", "retry", "the", "queue", "is", "full", "Connection",
            "refused", "by", "peer", "loaded", "rules", "no", "route", "lost", "updated", "quickly", "Slow", "answer",
        ]
        return (0..<number(3...9)).map { _ in pick(words) }.joined(separator: " ")
    }

    // MARK: - Times

    /// The parts of a time in the year 2026.
    struct Moment {
        let month: Int
        let day: Int
        let hour: Int
        let minute: Int
        let second: Int
        let milliseconds: Int

        private func two(_ number: Int) -> String { padded(number, 2) }
        static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        var monthName: String { Self.months[month - 1] }
        var clock: String { "\(two(hour)):\(two(minute)):\(two(second))" }
        var fraction: String { padded(milliseconds, 3) }
        var date: String { "2026-\(two(month))-\(two(day))" }
        var iso: String { "\(date)T\(clock).\(fraction)Z" }
        var plain: String { "\(date) \(clock)" }
        var comma: String { "\(date) \(clock),\(fraction)" }
        var dot: String { "\(date) \(clock).\(fraction)" }
        var syslog: String { "\(monthName) \(day < 10 ? " " : "")\(day) \(clock)" }
        var http: String { "\(two(day))/\(monthName)/2026:\(clock) +0000" }
        var slashed: String { "2026/\(two(month))/\(two(day)) \(clock)" }
        var american: String { "\(two(month))/\(two(day))/2026" }
        var short: String { "26/\(two(month))/\(two(day)) \(clock)" }
        var epoch: Int { 1_767_225_600 + ((month * 30 + day) * 24 + hour) * 3600 + minute * 60 + second }

        private func padded(_ number: Int, _ width: Int) -> String { CorpusValues.padded(number, width) }
    }

    mutating func moment() -> Moment {
        Moment(
            month: number(1...12), day: number(1...28), hour: number(0...23), minute: number(0...59),
            second: number(0...59), milliseconds: number(0...999))
    }
}

/// A made line and the values that a reader would name in it.
struct CorpusLine {
    let text: String
    let expected: [String]

    init(_ text: String, _ expected: [String]) {
        self.text = text
        self.expected = expected
    }
}

/// A format of the corpus: lines of its shape, with other values for every seed.
struct CorpusFormat: Sendable, CustomStringConvertible {
    let name: String
    /// Lines before all others, such as the names of columns.
    var header: [String] = []
    /// The least share of values that must be found.
    var floor = 0.9
    let line: @Sendable (inout CorpusValues) -> CorpusLine

    var description: String { name }

    init(
        _ name: String, header: [String] = [], floor: Double = 0.9,
        _ line: @escaping @Sendable (inout CorpusValues) -> CorpusLine
    ) {
        self.name = name
        self.header = header
        self.floor = floor
        self.line = line
    }

    func lines(seed: UInt64, count: Int = 200) -> [CorpusLine] {
        var values = CorpusValues(seed: seed)
        return (0..<count).map { _ in line(&values) }
    }
}
