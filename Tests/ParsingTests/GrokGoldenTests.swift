import Events
import Foundation
import Grok
import Parsing
import TestSupport
import Testing
import Time

private enum GoldenGrok {
    /// The cases, captured with `TZ=UTC`: times without a zone are the process's, which so must be UTC here too.
    static func cases() throws -> Data {
        setenv("TZ", "UTC", 1)
        tzset()
        let folder = ProcessInfo.processInfo.environment["SLUICE_GOLDEN"] ?? GoldenData.folder.path
        return try Data(contentsOf: URL(fileURLWithPath: folder + "/grok/cases.jsonl"))
    }
}

/// The golden grok cases through the parser: records with their types, event times, failures.
/// `Tests/Golden/grok/cases.jsonl`, or that of `$SLUICE_GOLDEN`.
@Suite("Grok, golden")
struct GrokGoldenTests {
    /// Beyond the plugin on purpose: `int` and `long` are types. And one whose byte order mark Foundation's JSON drops.
    static let deliberate: Set<String> = [
        "expr/legacy/bom/1",
        "expr/legacy/int-alias/1", "expr/legacy/long-alias/1", "expr/legacy/int-alias-in-list/1",
        "expr/legacy/int-alias-in-list/2",
    ]

    @Test("every golden case gives the plugin's record")
    func cases() throws {
        let libraries = ["legacy": try PatternLibrary(series: .legacy), "ecs-v1": try PatternLibrary(series: .ecsV1)]
        var problems: [String] = []
        var count = 0
        for line in try GoldenGrok.cases().split(separator: 0x0A) {
            // The Foundation of JSON is good enough for all but integers beyond 64 bits, which have a test of their own.
            guard let object = try JSONSerialization.jsonObject(with: line) as? [String: Any],
                let id = object["id"] as? String, let library = libraries[object["series"] as? String ?? ""],
                !Self.deliberate.contains(id)
            else { continue }
            count += 1
            if let problem = Self.problem(object, library) { problems.append("\(id): \(problem)") }
        }
        #expect(count == 2585 - Self.deliberate.count)
        #expect(problems.isEmpty, "\(problems.count) of \(count):\n\(problems.prefix(60).joined(separator: "\n"))")
    }

    static func options(_ object: [String: Any], _ base: ParserOptions = ParserOptions()) -> ParserOptions {
        var options = base
        options.timeKey = object["time_key"] as? String ?? base.timeKey
        options.keepTimeKey = (object["keep_time_key"] as? String).map { $0 == "true" } ?? base.keepTimeKey
        options.timeFormat = object["time_format"] as? String ?? base.timeFormat
        options.timezone = object["timezone"] as? String ?? base.timezone
        options.nullEmptyString = (object["null_empty_string"] as? String).map { $0 == "true" } ?? base.nullEmptyString
        options.types = object["types"] as? String ?? base.types
        return options
    }

    static func problem(_ object: [String: Any], _ shipped: PatternLibrary) -> String? {
        var library = shipped
        if let custom = object["custom_patterns"] as? [String] {
            library.add(text: custom.joined(separator: "\n") + "\n", file: "custom")
        }
        let given = object["options"] as? [String: Any] ?? [:]
        let common = Self.options(given)
        var sections: [GrokOptions.Section] = []
        if let expression = object["expression"] as? String { sections.append(.init(expression)) }
        for entry in object["expressions"] as? [Any] ?? [] {
            if let text = entry as? String { sections.append(.init(text)) }
            if let section = entry as? [String: Any] {
                sections.append(
                    .init(
                        section["pattern"] as? String ?? "", name: section["name"] as? String,
                        options: Self.options(section, common)))
            }
        }
        var grok = GrokOptions(sections, library: library)
        grok.isMultiline = object["multiline"] as? Bool ?? false
        grok.options = common
        grok.failureKey = "no match"
        let error = object["error"] as? [String: Any]
        let stage = error?["stage"] as? String
        let recipe: ParserRecipe
        do { recipe = try ParserRecipe.grok(grok) } catch {
            return stage == "build" ? nil : "does not compile: \(error)"
        }
        if stage == "build" { return "compiles, but should not" }
        let line =
            (object["line"] as? String).map { Array($0.utf8) }
            ?? (object["line_base64"] as? String).flatMap { Data(base64Encoded: $0) }.map { Array($0) } ?? []
        let answer = Trial.run(recipe.makeParser(), line)
        if stage == "parse" {
            guard let message = error?["message"] as? String, message.hasPrefix("invalid time") else { return nil }
            return answer == .invalidTime(message) ? nil : "got \(answer), expected \(message)"
        }
        guard case .record(let json, let time) = answer else { return "got \(answer)" }
        guard object["matched"] as? Bool == true else {
            return json.hasSuffix(#""no match":"No grok pattern matched"}"#) ? nil : "matched: \(json)"
        }
        let expected = Self.json(object["captures"] as? [[Any]] ?? [])
        if let expected, expected != json { return "\n  got      \(json)\n  expected \(expected)" }
        let moment = (object["event_time"] as? [String: Any]).map {
            EventTime(
                seconds: ($0["sec"] as? NSNumber)?.int64Value ?? 0,
                nanoseconds: ($0["nsec"] as? NSNumber)?.uint32Value ?? 0)
        }
        let isYearless = (object["note"] as? String ?? "").contains("no year")
        return isYearless || moment == time
            ? nil : "time \(String(describing: time)), expected \(String(describing: moment))"
    }

    /// nil: not comparable, because Foundation cannot hold a number exactly.
    static func json(_ captures: [[Any]]) -> String? {
        var out = ByteBuffer()
        out.append("{")
        for (index, capture) in captures.enumerated() {
            if index > 0 { out.append(",") }
            out.appendJSONString(capture[0] as? String ?? "")
            out.append(":")
            switch (capture[1] as? String, capture[2]) {
            case ("string", let text as String): out.appendJSONString(text)
            case ("string", let base as [String: Any]):
                out.appendJSONString(Array(Data(base64Encoded: base["base64"] as? String ?? "") ?? Data()))
            case ("integer", let number as NSNumber):
                guard number.doubleValue.magnitude < 1e18 else { return nil }
                out.appendDecimal(number.int64Value)
            case ("float", let number as NSNumber): out.appendJSON(number.doubleValue)
            case ("float", _): out.append("null")
            case ("bool", let value as Bool): out.append(value ? "true" : "false")
            case ("time", let time as [String: Any]): out.appendDecimal((time["sec"] as? NSNumber)?.int64Value ?? 0)
            case ("array", let parts as [String]):
                out.append("[")
                for (place, part) in parts.enumerated() {
                    if place > 0 { out.append(",") }
                    out.appendJSONString(part)
                }
                out.append("]")
            default: out.append("null")
            }
        }
        out.append("}")
        return out.text(Slice(offset: 0, length: out.count))
    }
}
