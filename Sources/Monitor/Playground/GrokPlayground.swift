internal import Events
internal import Grok
internal import Suggest
internal import Time

/// Grok expressions tried on pasted lines: `/api/grok/match`, `/api/grok/explain`, `/api/grok/suggest`.
///
/// Places in answers count UTF-16 code units, as a browser counts them. Work is bounded: lines, bytes, and time, which is
/// the calling thread's own.
struct GrokPlayground {
    /// Lines that are looked at; the others are not.
    static let mostLines = 200
    /// Of an expression, in bytes.
    static let expressionBytes = 16 * 1024
    /// For all lines of a request.
    static let matchMilliseconds: Int64 = 800

    private let library: PatternLibrary

    /// - Parameter definitions: more patterns, `NAME regexp` a line.
    init(definitions: String) throws(PageRefusal) {
        do throws(PatternLibraryError) {
            var library = try Self.shipped.get()
            library.add(text: definitions, file: "the definitions")
            self.library = library
        } catch {
            throw PageRefusal(500, "\(error)")
        }
    }

    /// Read once: the files do not change while a daemon runs.
    private static let shipped: Result<PatternLibrary, PatternLibraryError> = {
        do throws(PatternLibraryError) {
            return .success(try PatternLibrary(series: .legacy))
        } catch {
            return .failure(error)
        }
    }()

    // MARK: - Match

    /// `{"fields":[…],"matched":1,"lines":[{"matched":true,"captures":[{"field","value","start","end"}]},{"matched":false,
    /// "reason"}],"note","section"}`, or `{"error":{"message","hint","start","end"}}`.
    func match(_ expression: String, lines text: String) throws(PageRefusal) -> ByteBuffer {
        try Self.check(expression)
        var out = ByteBuffer(capacity: 4096)
        let pattern: GrokPattern
        do throws(GrokError) {
            let compiler = GrokCompiler(library: library)
            if let unclosed = compiler.unclosedReferences(in: expression).first { throw unclosed }
            pattern = try compiler.compile(expression)
        } catch {
            Self.write(error, expression, to: &out)
            return out
        }
        out.append("{\"fields\":[")
        for (index, field) in pattern.fields.enumerated() {
            if index > 0 { out.append(",") }
            out.appendJSONString(field.name)
        }
        out.append("],\"lines\":[")
        let matcher = GrokMatcher(GrokSet([GrokSet.Member(name: nil, pattern: pattern, index: 0)]))
        let lines = Self.lines(text)
        var matched = 0
        var tried = 0
        let end = Clock.monotonicMilliseconds() + Self.matchMilliseconds
        for line in lines.prefix(Self.mostLines) {
            if tried > 0, Clock.monotonicMilliseconds() >= end { break }
            if tried > 0 { out.append(",") }
            tried += 1
            if Self.write(line, matcher, pattern, to: &out) { matched += 1 }
        }
        out.append("],\"matched\":\(matched)")
        if tried < lines.count {
            let why = tried < Self.mostLines ? "the time was over" : "no more are looked at"
            out.append(",\"note\":\"the first \(tried) of \(lines.count) lines: \(why)\"")
        }
        out.append(",\"section\":")
        out.appendJSONString(section(expression))
        out.append("}")
        return out
    }

    /// - Returns: whether the line matches.
    private static func write(
        _ line: [UInt8], _ matcher: GrokMatcher, _ pattern: GrokPattern, to out: inout ByteBuffer
    ) -> Bool {
        switch matcher.match(line.span, as: SubjectText.classify(line.span)) {
        case .hit:
            out.append("{\"matched\":true,\"captures\":[")
            var isFirst = true
            for (index, field) in pattern.fields.enumerated() {
                let range = matcher.range(of: index)
                guard range.isSet else { continue }
                let bytes = Int(range.start)..<Int(range.end)
                out.append(isFirst ? "{\"field\":" : ",{\"field\":")
                isFirst = false
                out.appendJSONString(field.name)
                out.append(",\"value\":")
                out.appendJSON(captured: Array(line[bytes]), as: field.type)
                appendPlace(bytes, in: line, to: &out)
                out.append("}")
            }
            out.append("]}")
            return true
        case .noMatch:
            out.append("{\"matched\":false}")
        case .gaveUp(_, let reason):
            out.append("{\"matched\":false,\"reason\":")
            out.appendJSONString("\(reason)")
            out.append("}")
        }
        return false
    }

    /// What to write into a configuration.
    private func section(_ expression: String) -> String {
        var text = "<parse>\n  @type grok\n  grok_pattern \(expression)\n"
        let own = library.names.compactMap(library.definition(of:)).filter { $0.file == "the definitions" }
        if !own.isEmpty {
            var json = ByteBuffer(capacity: 256)
            for (index, definition) in own.enumerated() {
                json.append(index > 0 ? "," : "{")
                json.appendJSONString(definition.name)
                json.append(":")
                json.appendJSONString(definition.expression)
            }
            json.append("}")
            text += "  pattern_definitions \(json.text(Slice(offset: 0, length: json.count)))\n"
        }
        return text + "</parse>\n"
    }

    // MARK: - Explain

    /// Why the first line does not match: `{"stops":{"element","definition","start","end"},"wanted","found":{"text","start",
    /// "end"},"fixes":[{"advice","expression","definition":{"name","expression"}}],"remarks":[…],"cut_short"}`; with
    /// `"note"` alone where there is nothing to explain.
    func explain(_ expression: String, lines text: String) throws(PageRefusal) -> ByteBuffer {
        try Self.check(expression)
        let line = Self.lines(text).first ?? []
        var out = ByteBuffer(capacity: 1024)
        do throws(GrokError) {
            // A clock that runs double: half of the time that the command line has.
            let found = try GrokCompiler(library: library).explain(
                expression, line: line, now: { MatchBudget.threadNanoseconds() &* 2 })
            if let found {
                Self.write(found, expression, line, to: &out)
            } else {
                out.append("{\"note\":\"no element is to blame alone, or the line matches\"}")
            }
        } catch {
            Self.write(error, expression, to: &out)
        }
        return out
    }

    private static func write(
        _ found: GrokExplanation, _ expression: String, _ line: [UInt8], to out: inout ByteBuffer
    ) {
        let element = found.places.last.map { Array(Array($0.text.utf8)[$0.range]) } ?? []
        out.append("{\"stops\":{\"element\":")
        out.appendJSONString(element)
        if let definition = found.places.last?.definition {
            out.append(",\"definition\":")
            out.appendJSONString(definition)
        }
        appendPlace(found.expressionRange, in: Array(expression.utf8), to: &out)
        out.append("},\"wanted\":")
        out.appendJSONString(found.wanted)
        out.append(",\"found\":{\"text\":")
        out.appendJSONString(Array(line[found.found]))
        appendPlace(found.found, in: line, to: &out)
        out.append("},\"fixes\":[")
        for (index, fix) in found.suggestions.enumerated() {
            out.append(index > 0 ? ",{\"advice\":" : "{\"advice\":")
            out.appendJSONString(fix.advice)
            out.append(",\"expression\":")
            out.appendJSONString(fix.expression)
            if let definition = fix.definition {
                out.append(",\"definition\":{\"name\":")
                out.appendJSONString(definition.name)
                out.append(",\"expression\":")
                out.appendJSONString(definition.expression)
                out.append("}")
            }
            out.append("}")
        }
        out.append("],\"remarks\":[")
        for (index, remark) in GrokRemarks.of(line).enumerated() {
            if index > 0 { out.append(",") }
            out.appendJSONString(remark)
        }
        out.append("],\"cut_short\":\(found.isCutShort)}")
    }

    // MARK: - Suggest and names

    /// As `sluice grok suggest --format json`.
    func suggest(lines text: String) -> ByteBuffer {
        var limits = SuggestLimits()
        limits.maximumLines = Self.mostLines
        let sample = SampleLines(text: Array(text.utf8), limits: limits)
        var out = ByteBuffer(capacity: 4096)
        GrokSuggestJSON.write(GrokSuggester(library: library, series: .legacy).suggest(sample), to: &out)
        return out
    }

    /// `{"patterns":[{"name","about","sample"}]}`.
    func patterns() -> ByteBuffer {
        var out = ByteBuffer(capacity: 64 * 1024)
        out.append("{\"patterns\":[")
        for (index, name) in library.names.enumerated() {
            let definition = library.definition(of: name)
            out.append(index > 0 ? ",{\"name\":" : "{\"name\":")
            out.appendJSONString(name)
            for (key, value) in [("about", definition?.about), ("sample", definition?.sample)] {
                guard let value else { continue }
                out.append(",\"\(key)\":")
                out.appendJSONString(value)
            }
            out.append("}")
        }
        out.append("]}")
        return out
    }

    // MARK: - Parts

    private static func check(_ expression: String) throws(PageRefusal) {
        guard expression.utf8.count <= expressionBytes else {
            throw PageRefusal(413, "the expression is longer than \(expressionBytes) bytes")
        }
    }

    /// Without line ends and empty lines.
    private static func lines(_ text: String) -> [[UInt8]] {
        text.utf8.split(separator: 0x0A).map { $0.last == 0x0D ? Array($0.dropLast()) : Array($0) }.filter {
            !$0.isEmpty
        }
    }

    private static func write(_ error: GrokError, _ expression: String, to out: inout ByteBuffer) {
        let through = error.path.isEmpty ? "" : " (in \(error.path.joined(separator: " → ")))"
        let bytes = Array(expression.utf8)
        let start = min(error.offset, bytes.count)
        out.append("{\"error\":{\"message\":")
        out.appendJSONString(error.message + through)
        if let hint = error.hint {
            out.append(",\"hint\":")
            out.appendJSONString(hint)
        }
        appendPlace(start..<min(start + error.length, bytes.count), in: bytes, to: &out)
        out.append("}}")
    }

    /// `,"start":…,"end":…`.
    private static func appendPlace(_ range: Range<Int>, in text: [UInt8], to out: inout ByteBuffer) {
        let start = units(text[..<range.lowerBound])
        out.append(",\"start\":\(start),\"end\":\(start + units(text[range]))")
    }

    /// UTF-16 code units of UTF-8: one for each character, two for those beyond the first 65536.
    private static func units(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : $1 >= 0xF0 ? 2 : 1) }
    }
}
