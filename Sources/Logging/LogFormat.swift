/// How an entry becomes a line.
package enum LogFormat: String, Sendable, CaseIterable {
    /// Fluentd's: `2026-11-24 17:53:31 +0000 [info]: listening port=24224`, in local time.
    case text
    /// One object a line, with the keys of Fluentd's `<log> format json`: `time`, `level`, `message`, then the fields.
    case json

    /// The line with its newline. Colour (text only) marks the level, for terminals.
    package func line(_ entry: LogEntry, coloured: Bool = false) -> String {
        switch self {
        case .text: LogFormat.text(entry, coloured: coloured)
        case .json: LogFormat.json(entry)
        }
    }

    private static func text(_ entry: LogEntry, coloured: Bool) -> String {
        var line = coloured ? colour(of: entry.level) : ""
        line += localTime(entry.time.seconds)
        line += " [\(entry.level)]:"
        if coloured { line += "\u{1b}[0m" }
        line += " "
        appendMessage(entry.message, to: &line)
        for field in entry.fields {
            line += " \(field.name)="
            switch field.value {
            case .text(let text):
                if isPlain(text) { line += text } else { appendQuoted(text, to: &line) }
            case .integer(let integer): line += String(integer)
            case .number(let number): line += String(number)
            case .flag(let flag): line += String(flag)
            }
        }
        return line + "\n"
    }

    private static func json(_ entry: LogEntry) -> String {
        var line = "{\"time\":\"\(localTime(entry.time.seconds))\",\"level\":\"\(entry.level)\",\"message\":"
        appendQuoted(entry.message, to: &line)
        for field in entry.fields {
            line += ","
            appendQuoted(field.name, to: &line)
            line += ":"
            switch field.value {
            case .text(let text): appendQuoted(text, to: &line)
            case .integer(let integer): line += String(integer)
            // JSON has no NaN and no infinity.
            case .number(let number): line += number.isFinite ? String(number) : "null"
            case .flag(let flag): line += String(flag)
            }
        }
        return line + "}\n"
    }

    private static func localTime(_ seconds: Int64) -> String { LocalTime(seconds)?.stamp ?? "@\(seconds)" }

    /// Keeps a message's own line breaks but indents what follows them, so that nothing a client sent can pass for a
    /// line of ours; other control characters are escaped.
    private static func appendMessage(_ message: String, to line: inout String) {
        for scalar in message.unicodeScalars {
            switch scalar {
            case "\n": line += "\n  "
            case "\t": line += "\t"
            default: appendEscapingControls(scalar, to: &line)
            }
        }
    }

    /// Whether a value can stand without quotes: something, and no blank, quote, backslash, `=` or control character.
    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte > 0x20 && byte != 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                    && byte != UInt8(ascii: "=")
            } && !text.unicodeScalars.contains { (0x80...0x9f).contains($0.value) }
    }

    /// A JSON string (RFC 8259), which is also how Fluentd quotes.
    private static func appendQuoted(_ text: String, to line: inout String) {
        line += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            default: appendEscapingControls(scalar, to: &line)
            }
        }
        line += "\""
    }

    /// C0, DEL and C1 as `\u001b`: a terminal obeys them, and the bytes may be a stranger's.
    private static func appendEscapingControls(_ scalar: Unicode.Scalar, to line: inout String) {
        if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) {
            let digits = String(scalar.value, radix: 16)
            line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
            line.unicodeScalars.append(scalar)
        }
    }

    /// SGR sequences (ECMA-48) by level.
    private static func colour(of level: LogLevel) -> String {
        switch level {
        case .trace: "\u{1b}[34m"
        case .debug: "\u{1b}[36m"
        case .info: "\u{1b}[32m"
        case .warn: "\u{1b}[33m"
        case .error: "\u{1b}[31m"
        case .fatal: "\u{1b}[1;31m"
        }
    }
}
