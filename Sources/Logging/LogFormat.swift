/// How an entry becomes a line.
///
/// What stands in messages and values may be a stranger's: whatever it is, an entry is one line, no byte of it is obeyed
/// by a terminal, it is valid JSON where JSON is asked for, and it is not longer than `maximumLineBytes`. That is seen to
/// here and nowhere else.
package enum LogFormat: String, Sendable, CaseIterable {
    /// Fluentd's: `2026-11-24 17:53:31 +0000 [info]: listening port=24224`, in local time.
    case text
    /// One object a line, with the keys of Fluentd's `<log> format json`: `time`, `level`, `message`, then the fields.
    case json

    /// Bytes of a message, of a value and of a line, as they are written; what is longer is cut, with its size. The
    /// operator's own text (`LogEntry.block`) is not counted.
    package static let maximumMessageBytes = 4096
    package static let maximumValueBytes = 1024
    package static let maximumLineBytes = 8192

    /// The line with its newline. Colour (text only) marks the level, for terminals.
    package func line(_ entry: LogEntry, coloured: Bool = false) -> String {
        switch self {
        case .text: LogFormat.text(entry, coloured: coloured)
        case .json: LogFormat.json(entry)
        }
    }

    /// The entry as the record of an event, one JSON object: its fields, and as `message` what the text has behind time and
    /// level (Fluentd's `Fluent::Log` makes its events so).
    package static func record(_ entry: LogEntry) -> String {
        var line = "{"
        append(entry.fields.filter { $0.name != "message" }, to: &line) {
            jsonField($0) + ","
        } leftOut: {
            "\"fields_left_out\":\($0),"
        }
        var message = ""
        appendSentence(entry, to: &message)
        line += "\"message\":"
        appendQuoted(message, limit: .max, to: &line)
        return line + "}"
    }

    private static func text(_ entry: LogEntry, coloured: Bool) -> String {
        var line = coloured ? colour(of: entry.level) : ""
        line += localTime(entry.time.seconds)
        line += " [\(entry.level)]:"
        if coloured { line += "\u{1b}[0m" }
        line += " "
        appendSentence(entry, to: &line)
        return line + "\n"
    }

    /// What stands behind time and level.
    private static func appendSentence(_ entry: LogEntry, to line: inout String) {
        appendEscaped(entry.message, limit: maximumMessageBytes, to: &line)
        append(entry.fields, to: &line) { field in
            var text = " "
            appendEscaped(field.name, limit: maximumValueBytes / 8, to: &text)
            text += "="
            switch field.value {
            case .text(let value):
                if isPlain(value) { text += value } else { appendQuoted(value, limit: maximumValueBytes, to: &text) }
            case .integer(let integer): text += String(integer)
            case .number(let number): text += String(number)
            case .flag(let flag): text += String(flag)
            }
            return text
        } leftOut: {
            " fields_left_out=\($0)"
        }
        if !entry.block.isEmpty {
            for row in entry.block.split(separator: "\n", omittingEmptySubsequences: false) {
                line += "\n  "
                appendEscaped(row, limit: .max, to: &line)
            }
        }
    }

    private static func json(_ entry: LogEntry) -> String {
        var line = "{\"time\":\"\(localTime(entry.time.seconds))\",\"level\":\"\(entry.level)\",\"message\":"
        if entry.block.isEmpty {
            appendQuoted(entry.message, limit: maximumMessageBytes, to: &line)
        } else {
            appendQuoted(entry.message + "\n" + entry.block, limit: .max, to: &line)
        }
        append(entry.fields, to: &line) {
            "," + jsonField($0)
        } leftOut: {
            ",\"fields_left_out\":\($0)"
        }
        return line + "}\n"
    }

    /// `"name":value`
    private static func jsonField(_ field: LogField) -> String {
        var text = ""
        appendQuoted(field.name, limit: maximumValueBytes / 8, to: &text)
        text += ":"
        switch field.value {
        case .text(let value): appendQuoted(value, limit: maximumValueBytes, to: &text)
        case .integer(let integer): text += String(integer)
        // JSON has no NaN and no infinity.
        case .number(let number): text += number.isFinite ? String(number) : "null"
        case .flag(let flag): text += String(flag)
        }
        return text
    }

    /// As many fields as the line has room for, and how many there were more.
    private static func append(
        _ fields: [LogField], to line: inout String, _ text: (LogField) -> String, leftOut: (Int) -> String
    ) {
        // Room for the words about what was left out, and the end of the line.
        var left = maximumLineBytes - 64 - line.utf8.count
        for (index, field) in fields.enumerated() {
            let piece = text(field)
            left -= piece.utf8.count
            if left < 0 {
                line += leftOut(fields.count - index)
                return
            }
            line += piece
        }
    }

    private static func localTime(_ seconds: Int64) -> String { LocalTime(seconds)?.stamp ?? "@\(seconds)" }

    /// Whether a value can stand without quotes: something short, and no blank, quote, backslash, `=` or character that
    /// has to be escaped.
    private static func isPlain(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= maximumValueBytes else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            scalar != " " && scalar != "\"" && scalar != "\\" && scalar != "=" && !UnsafeScalar.contains(scalar.value)
        }
    }

    /// A JSON string (RFC 8259), which is also how Fluentd quotes.
    private static func appendQuoted(_ text: String, limit: Int, to line: inout String) {
        line += "\""
        appendEscaped(text, limit: limit, escapesQuotes: true, to: &line)
        line += "\""
    }

    /// Escapes, and cuts after so many bytes of what is written.
    private static func appendEscaped(
        _ text: some StringProtocol, limit: Int, escapesQuotes: Bool = false, to line: inout String
    ) {
        var left = limit
        for scalar in text.unicodeScalars {
            if UnsafeScalar.contains(scalar.value) || escapesQuotes && (scalar == "\"" || scalar == "\\") {
                let escape =
                    scalar == "\"" ? "\\\"" : scalar == "\\" ? "\\\\" : UnsafeScalar.escape(scalar.value)
                left -= escape.utf8.count
                if left >= 0 { line += escape }
            } else {
                left -= UTF8.width(scalar)
                if left >= 0 { line.unicodeScalars.append(scalar) }
            }
            if left < 0 {
                line += "… (\(text.utf8.count) bytes)"
                return
            }
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
