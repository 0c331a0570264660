/// A line on a terminal that says how far a long command has come: `sending  12,000 events`.
///
/// Says what to write and is told the time; nothing on anything but a terminal, nothing in the first two seconds, and
/// at most four times a second.
package struct Progress: Sendable {
    package static let silentMilliseconds: Int64 = 2000
    package static let intervalMilliseconds: Int64 = 250

    private let label: String
    private let terminal: Terminal
    private let startMilliseconds: Int64
    private var lastMilliseconds: Int64?

    package init(_ label: String, on terminal: Terminal, startMilliseconds: Int64) {
        self.label = label
        self.terminal = terminal
        self.startMilliseconds = startMilliseconds
    }

    /// The bytes to write now, or nil. `of` is the total when it is known.
    package mutating func update(done: Int, of total: Int? = nil, unit: String, atMilliseconds now: Int64) -> String? {
        guard terminal.isTerminal, now - startMilliseconds >= Self.silentMilliseconds else { return nil }
        if let lastMilliseconds, now - lastMilliseconds < Self.intervalMilliseconds { return nil }
        lastMilliseconds = now
        var line = "\(label)  \(grouped(done))"
        if let total, total > 0 { line += " of \(grouped(total))" }
        line += " \(unit)"
        if let total, total > 0 { line += "  \(min(done * 100 / total, 100)) %" }
        // Carriage return and "erase to the end of the line" (ECMA-48 EL).
        return "\r\(line.prefix(max(terminal.width - 1, 1)))\u{1b}[K"
    }

    /// What clears the line at the end; nil when nothing was shown.
    package mutating func finish() -> String? {
        guard lastMilliseconds != nil else { return nil }
        lastMilliseconds = nil
        return "\r\u{1b}[K"
    }
}

/// A count with a comma between the thousands.
func grouped(_ count: Int) -> String {
    let digits = Array(String(count))
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, digits[index - 1] != "-", (digits.count - index) % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return text
}
