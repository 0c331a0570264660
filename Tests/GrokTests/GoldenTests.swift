import Grok
import Testing

/// Every case of `Tests/Golden/grok/cases.jsonl` through the library's API.
@Suite struct GoldenTests {
    /// Cases where the library differs from the plugin on purpose; each has a test of its own.
    static let deliberate: Set<String> = [
        // `int` and `long` are accepted: Logstash's users write them.
        "expr/legacy/int-alias/1", "expr/legacy/long-alias/1", "expr/legacy/int-alias-in-list/1",
        "expr/legacy/int-alias-in-list/2",
    ]

    /// Errors of what lies beyond the expression: the time of a section, which Parsing and Pipeline handle.
    static let elsewhere: Set<String> = [
        "expr/legacy/list-timezone-only/1", "expr/legacy/list-bad-timezone/1", "expr/legacy/time-key-unparsable/1",
    ]

    @Test("every golden case gives what the plugin gave")
    func cases() throws {
        let libraries = [
            "legacy": try PatternLibrary(series: .legacy), "ecs-v1": try PatternLibrary(series: .ecsV1),
        ]
        var failures: [String] = []
        var count = 0
        for object in try GoldenFile.objects("cases.jsonl") {
            let id = object["id"]?.string ?? "?"
            if Self.deliberate.contains(id) || Self.elsewhere.contains(id) { continue }
            count += 1
            guard let library = libraries[object["series"]?.string ?? ""] else {
                failures.append("\(id): no such series")
                continue
            }
            if let problem = Self.problem(object, library) { failures.append("\(id): \(problem)") }
        }
        #expect(count == 2585 - Self.deliberate.count - Self.elsewhere.count)
        // Missing definitions come last: one missing file would hide everything else.
        let sorted =
            failures.filter { !$0.contains("is not defined") } + failures.filter { $0.contains("is not defined") }
        #expect(
            failures.isEmpty, "\(failures.count) of \(count) differ:\n\(sorted.prefix(100).joined(separator: "\n"))")
    }

    static func sources(_ object: JSONValue) -> [GrokSet.Source] {
        if let expression = object["expression"]?.string { return [GrokSet.Source(expression)] }
        return (object["expressions"]?.array ?? []).map {
            GrokSet.Source($0.string ?? $0["pattern"]?.string ?? "", name: $0["name"]?.string)
        }
    }

    /// What is wrong with the library's answer to a case; nil when nothing is.
    static func problem(_ object: JSONValue, _ shipped: PatternLibrary) -> String? {
        var library = shipped
        if let custom = object["custom_patterns"]?.array {
            library.add(text: custom.compactMap(\.string).joined(separator: "\n") + "\n", file: "custom")
        }
        let stage = object["error"]?["stage"]?.string
        let set: GrokSet
        do {
            set = try GrokSet(
                sources(object), compiler: GrokCompiler(library: library),
                multiline: object["multiline"] == .bool(true))
        } catch {
            return stage == "build" ? nil : "does not compile: \(error)"
        }
        if stage == "build" { return "compiles, the plugin refuses: \(object["error"]?["message"]?.string ?? "")" }
        let rejected = object["build_log"]?.array?.count ?? 0
        if set.rejected.count != rejected { return "\(set.rejected.count) expressions rejected, expected \(rejected)" }

        let line = object.line
        let text = SubjectText.classify(line.span)
        let matcher = GrokMatcher(set)
        // The plugin matches a binary string byte by byte, which fails when line and expression go beyond ASCII.
        if object["line_binary"] == .bool(true), text != .ascii,
            set.members.contains(where: { $0.pattern.regex.containsNonASCII })
        {
            return stage == "parse" ? nil : "the binary line does not fit"
        }
        let result = matcher.match(line.span, as: text)
        if stage == "parse" {
            if case .gaveUp = result { return nil }
            return "\(result), the plugin raises"
        }
        guard case .hit(let member) = result else {
            return object["matched"] == .bool(false) && result == .noMatch ? nil : "\(result)"
        }
        guard object["matched"] == .bool(true) else { return "matches, expected no match" }
        if let hit = object["hit"] {
            let name: JSONValue =
                set.members[member].name.map { .string($0) } ?? .number("\(set.members[member].index)")
            if name != hit { return "hit \(name), expected \(hit)" }
        }
        return compare(object, matcher, set.members[member].pattern, line)
    }

    private static func compare(
        _ object: JSONValue, _ matcher: GrokMatcher, _ pattern: GrokPattern, _ line: [UInt8]
    ) -> String? {
        let options = object["options"]
        var timeKey = options?["time_key"]?.string ?? "time"
        if options?["keep_time_key"]?.string == "true" { timeKey = "" }
        for section in object["expressions"]?.array ?? [] {
            if let key = section["time_key"]?.string { timeKey = key }
        }
        let nullEmpty = options?["null_empty_string"]?.string == "true"
        var got: [String] = []
        for (index, field) in pattern.fields.enumerated() {
            let range = matcher.range(of: index)
            guard range.isSet, field.name != timeKey else { continue }
            let bytes = Array(line[Int(range.start)..<Int(range.end)])
            let value = CaptureValue(bytes, as: field.type)
            got.append(nullEmpty && bytes.isEmpty ? "\(field.name) null" : "\(field.name) \(render(value))")
        }
        let expected = (object["captures"]?.array ?? []).map { capture -> String in
            let parts = capture.array ?? []
            guard parts.count == 3 else { return "?" }
            return "\(parts[0].string ?? "?") \(render(parts[1].string ?? "?", parts[2]))"
        }
        let comparable = zip(got, expected).map { pair in
            // A time that does not parse becomes null: that is for Parsing to find out.
            pair.0.hasSuffix(" time") && pair.1.hasSuffix(" null") ? pair.1 : pair.0
        }
        if got.count != expected.count || comparable != expected { return "got \(got), expected \(expected)" }
        return nil
    }

    private static func render(_ value: CaptureValue) -> String {
        switch value {
        case .string(let bytes): "string \(bytes.map { String($0) }.joined(separator: "."))"
        case .integer(let digits): "integer \(digits)"
        case .float(let number): "float \(number)"
        case .bool(let flag): "bool \(flag)"
        case .time: "time"
        case .array(let parts): "array \(parts.map { String(decoding: $0, as: UTF8.self) })"
        }
    }

    private static func render(_ type: String, _ value: JSONValue) -> String {
        switch (type, value) {
        case ("string", .string(let text)): "string \(text.utf8.map { String($0) }.joined(separator: "."))"
        case ("string", .object): "string base64"
        case ("integer", .number(let digits)): "integer \(digits)"
        case ("float", .number(let text)): "float \(Double(text) ?? .nan)"
        case ("float", .string(let text)):
            "float \(Double(text.replacing("Infinity", with: "inf").lowercased()) ?? .nan)"
        case ("bool", .bool(let flag)): "bool \(flag)"
        case ("time", _): "time"
        case ("array", .array(let parts)): "array \(parts.map { $0.string ?? "?" })"
        case ("null", _): "null"
        default: "\(type) \(value)"
        }
    }
}
