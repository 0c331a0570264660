internal import Words

/// Reads one value from a file: unquoted, in quotes, or JSON. Leaves `position` behind it (at the line's end).
///
/// What is wrong is reported, and the scanner goes on at a place from which the rest of the file still makes sense.
struct ValueScanner {
    let file: SourceFile
    var position: Int
    let embedded: EmbeddedCode
    let diagnostics: Diagnostics
    /// Whether code without double quotes means something to who reads the value, as in the `<record>` of a filter.
    var leavesCode = false

    /// A value as it was read.
    struct Value {
        var value: Parameter.Value
        var quoting: Parameter.Quoting
        var start: Int
        var end: Int
        var runs: [Parameter.Run]
        var oddities = Parameter.Oddities()
    }

    private var bytes: [UInt8] { file.bytes }
    private var current: UInt8? { position < file.bytes.count ? file.bytes[position] : nil }

    /// The end of the line that holds `offset`: its newline, or the end of the file.
    func lineEnd(_ offset: Int) -> Int {
        file.bytes[min(offset, file.bytes.count)...].firstIndex(of: Byte.newline) ?? file.bytes.count
    }

    /// The value at `position`, and whatever of its line is not the value.
    mutating func value(takesJSON: Bool = true) -> Value {
        switch current {
        case Byte.openBracket where takesJSON, Byte.openBrace where takesJSON: return json()
        case Byte.quote: return quoted(double: true)
        case Byte.apostrophe: return quoted(double: false)
        default: return unquoted()
        }
    }

    // MARK: - Unquoted

    /// Up to the end of the line or a `#` behind a blank; a `#` that begins the value or stands in a word belongs to it.
    mutating func unquoted() -> Value {
        let start = position
        var end = lineEnd(start)
        var comment: Int?
        for index in (start + 1..<max(end, start + 1)) where bytes[index] == Byte.hash {
            if bytes[index - 1] == Byte.space || bytes[index - 1] == Byte.tab {
                comment = index
                break
            }
        }
        position = end
        if let comment { end = comment }
        while end > start, Byte.isBlank(bytes[end - 1]) { end -= 1 }
        let text = file.text(start..<end)
        if !leavesCode { Self.warnOfCode(text, Place(file, start, end), diagnostics) }
        if text.hasPrefix("# ") {
            diagnostics.warning(
                Place(file, start, end), "the value is '\(text)': a '#' that begins a value is no comment",
                hint: "put the comment on its own line")
        }
        return Value(
            value: .text(text), quoting: .unquoted, start: start, end: end,
            runs: [Parameter.Run(valueOffset: 0, fileOffset: start)],
            oddities: .init(comment: comment.map { Place(file, $0, $0 + 1) }))
    }

    /// Code that stands where none is evaluated: a value, an argument or a path without double quotes.
    static func warnOfCode(
        _ text: String, _ place: Place, _ diagnostics: Diagnostics, inYAML isYAML: Bool = false
    ) {
        guard let code = text.place(of: "#{"), isMeantAsCode(text[code.upperBound...]) else { return }
        if isYAML {
            diagnostics.warning(
                place, "'#{…}' is not evaluated without '!fluent/s'",
                hint: "write !fluent/s in front of the text in quotes")
            return
        }
        // In double quotes each backslash is written twice; quotes that stand around a part of the value would end it.
        var quoted = ""
        var depth = 0
        for character in text {
            if character == "{" { depth += 1 }
            if character == "}" { depth -= 1 }
            if character == "\"", depth <= 0 { continue }
            quoted += character == "\\" ? "\\\\" : String(character)
        }
        diagnostics.warning(place, "'#{…}' is not evaluated without double quotes", hint: "write \"\(quoted)\"")
    }

    private static func isMeantAsCode(_ text: Substring) -> Bool {
        let text = text.drop { $0 == " " }
        return [
            "ENV[", "ENV.", "hostname", "worker_id", "Socket.", "use_nil", "use_default", "File.", "IO.", "Dir.", "`",
            "Time.", "(ENV",
        ].contains { text.hasPrefix($0) }
    }

    // MARK: - Quotes

    /// A value in quotes. Double quotes may span lines, single quotes end on theirs.
    mutating func quoted(double: Bool, limit: Int? = nil) -> Value {
        let start = position
        let bound = limit ?? (double ? bytes.count : lineEnd(start))
        var text = TextRuns()
        var special: Parameter.Value?
        var hasBadEscape = false
        var lost: Place?
        var isBroken = false
        position += 1
        while position < bound {
            let byte = bytes[position]
            if byte == (double ? Byte.quote : Byte.apostrophe) {
                position += 1
                let end = position
                return rest(
                    Value(
                        value: special ?? .text(text.text), quoting: double ? .double : .single, start: start,
                        end: end, runs: text.runs,
                        oddities: .init(lostBackslash: lost, isBroken: isBroken)),
                    limit: limit)
            }
            if byte == Byte.carriageReturn, position + 1 < bound, bytes[position + 1] == Byte.newline {
                position += 1
            } else if double, byte == Byte.hash, position + 1 < bound, bytes[position + 1] == Byte.openBrace {
                let errors = diagnostics.errorCount
                let result = embedded.evaluate(file, from: position, diagnostics)
                if diagnostics.errorCount > errors { isBroken = true }
                // A closing brace behind the bound belongs to something else.
                switch result.value {
                case .text(let piece): text.append(Array(piece.utf8), from: position)
                case .none: special = special == nil || special == .useDefault ? Parameter.Value.none : special
                case .useDefault: if special == nil { special = .useDefault }
                }
                position = min(result.end, bound)
            } else if byte == Byte.backslash, position + 1 < bound {
                if double, lost == nil, ".[](){}*+?|^$".utf8.contains(bytes[position + 1]) {
                    lost = Place(file, position, position + 2)
                }
                escape(double: double, into: &text, &hasBadEscape)
            } else {
                text.append([byte], from: position)
                position += 1
            }
        }
        return unclosed(start: start, double: double, limit: limit)
    }

    private mutating func escape(double: Bool, into text: inout TextRuns, _ hasBadEscape: inout Bool) {
        let start = position
        let byte = bytes[start + 1]
        position += 2
        guard double else {
            if byte == Byte.apostrophe || byte == Byte.backslash {
                text.append([byte], from: start)
            } else {
                position = start + 1
                text.append([Byte.backslash], from: start)
            }
            return
        }
        switch byte {
        case UInt8(ascii: "n"): text.append([0x0A], from: start)
        case UInt8(ascii: "r"): text.append([0x0D], from: start)
        case UInt8(ascii: "t"): text.append([0x09], from: start)
        case UInt8(ascii: "f"): text.append([0x0C], from: start)
        case UInt8(ascii: "b"): text.append([0x08], from: start)
        case UInt8(ascii: "0"): text.append([0], from: start)
        case Byte.newline: break
        case Byte.carriageReturn where position < bytes.count && bytes[position] == Byte.newline: position += 1
        case _ where Byte.isDigit(byte) || Byte.isLetter(byte):
            text.append([Byte.backslash, byte], from: start)
            if !hasBadEscape {
                hasBadEscape = true
                let letter = String(UnicodeScalar(byte))
                diagnostics.error(
                    Place(file, start, start + 2), "'\\\(letter)' means nothing in double quotes",
                    hint: "write '\\\\\(letter)', or put the value in single quotes")
            }
        default:
            // The rest of a longer character follows byte by byte.
            text.append([byte], from: start + 1)
        }
    }

    /// Behind the closing quote only a comment may follow.
    private mutating func rest(_ value: Value, limit: Int?) -> Value {
        if limit != nil { return value }
        var index = position
        while index < bytes.count, Byte.isBlank(bytes[index]) { index += 1 }
        let end = lineEnd(index)
        if index == end || bytes[index] == Byte.hash {
            position = end
            return value
        }
        let first = lineEnd(value.start)
        if first < value.end {
            // Several lines and then more text: far more likely a quote is missing on the first line.
            let line = file.lineIndex(at: value.end) + 1
            diagnostics.error(
                Place(file, value.start, first), "the closing quote is missing",
                hint: "the next quote stands on line \(line), with more text behind it",
                related: [.init(Place(file, value.end - 1, value.end), "the next quote is here")])
            position = first
            return firstLine(of: value)
        }
        var last = end
        while last > index, Byte.isBlank(bytes[last - 1]) { last -= 1 }
        diagnostics.error(
            Place(file, index, last), "text after the closing quote",
            hint: "quote the whole value, and write a quote inside it with a backslash")
        position = end
        return value
    }

    private mutating func unclosed(start: Int, double: Bool, limit: Int?) -> Value {
        let end = min(lineEnd(start), limit ?? bytes.count)
        diagnostics.error(
            Place(file, start, start + 1), "the closing quote is missing",
            hint: double
                ? "end the value with '\"'" : "end the value with \"'\" on the same line; double quotes may span lines")
        position = end
        let value = Value(
            value: .text(""), quoting: double ? .double : .single, start: start, end: end,
            runs: [Parameter.Run(valueOffset: 0, fileOffset: start + 1)])
        return firstLine(of: value)
    }

    private func firstLine(of value: Value) -> Value {
        var end = min(lineEnd(value.start), bytes.count)
        while end > value.start + 1, Byte.isBlank(bytes[end - 1]) { end -= 1 }
        var cut = value
        cut.end = end
        cut.value = .text(file.text(min(value.start + 1, end)..<end))
        cut.runs = [Parameter.Run(valueOffset: 0, fileOffset: value.start + 1)]
        return cut
    }

    // MARK: - JSON

    private mutating func json() -> Value {
        let start = position
        var scanner = JSONScanner(file: file, position: start, embedded: embedded, diagnostics: diagnostics)
        do throws(JSONScanner.Failure) {
            let value = try scanner.value(depth: 0)
            let end = scanner.position
            position = end
            let json = Value(value: .text(value.text), quoting: .json, start: start, end: end, runs: [])
            var index = end
            while index < bytes.count, Byte.isBlank(bytes[index]) { index += 1 }
            let line = lineEnd(index)
            if index < line, bytes[index] != Byte.hash {
                let name = bytes[start] == Byte.openBracket ? "'['" : "'{'"
                diagnostics.error(
                    Place(file, index, line), "text after a JSON value",
                    hint: "a value that begins with \(name) is JSON; if it is text, put it in single quotes")
            }
            position = line
            return json
        } catch {
            let opener = bytes[start] == Byte.openBracket ? "'['" : "'{'"
            diagnostics.error(
                Place(file, error.start, max(error.end, error.start + 1)), "not valid JSON: \(error.message)",
                hint: error.hint ?? addressHint(start)
                    ?? "a value that begins with \(opener) is JSON; if it is text, put it in single quotes",
                related: lineEnd(start) < error.start
                    ? [.init(Place(file, start, start + 1), "the value begins here")] : [])
            position = endOfBrokenJSON(from: start)
            return Value(
                value: .text(file.text(start..<lineEnd(start))), quoting: .json, start: start, end: position, runs: [],
                oddities: .init(isBroken: true))
        }
    }

    /// `[::1]:9200` is an address, and what to write is known.
    private func addressHint(_ start: Int) -> String? {
        var end = lineEnd(start)
        while end > start, Byte.isBlank(bytes[end - 1]) { end -= 1 }
        let inside = bytes[start..<end].dropFirst().prefix { $0 != Byte.closeBracket }
        let isAddress =
            inside.count { $0 == UInt8(ascii: ":") } > 1
            && inside.allSatisfy { Byte.isDigit($0) || (0x61...0x66).contains($0 | 0x20) || ":.".utf8.contains($0) }
        return isAddress ? "put an address with brackets in quotes: '\(file.text(start..<end))'" : nil
    }

    /// Where to go on: the end of the line on which the brackets balance, if that comes before the next tag,
    /// else the end of the first line.
    private func endOfBrokenJSON(from start: Int) -> Int {
        var depth = 0
        var isInString = false
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if isInString {
                if byte == Byte.backslash { index += 1 }
                if byte == Byte.quote || byte == Byte.newline { isInString = false }
            } else if byte == Byte.quote {
                isInString = true
            } else if byte == Byte.openBracket || byte == Byte.openBrace {
                depth += 1
            } else if byte == Byte.closeBracket || byte == Byte.closeBrace {
                depth -= 1
                if depth <= 0 { return lineEnd(index) }
            }
            if byte == Byte.newline {
                var next = index + 1
                while next < bytes.count, Byte.isBlank(bytes[next]) { next += 1 }
                if next < bytes.count, bytes[next] == Byte.less { break }
            }
            index += 1
        }
        return lineEnd(start)
    }
}

/// The text of a quoted value, with the places its bytes came from.
private struct TextRuns {
    private var bytes: [UInt8] = []
    private(set) var runs: [Parameter.Run] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func append(_ piece: [UInt8], from offset: Int) {
        let continues = runs.last.map { $0.fileOffset + bytes.count - $0.valueOffset == offset } ?? false
        if !continues || piece.count != 1 {
            runs.append(Parameter.Run(valueOffset: bytes.count, fileOffset: offset))
        }
        bytes += piece
    }
}
