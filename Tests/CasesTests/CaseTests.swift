import Events
import Foundation
import Logging
import Outputs
import TestSupport
import Testing
import YAML

@testable import Cases
@testable import Pipeline

@Suite("Cases of a configuration")
struct CaseTests {
    private static let step = TrialStep(
        stage: "es", type: "elasticsearch", place: "line 3", label: "@ROOT", tag: "app",
        record: record(#"{"took":12,"user":{"name":"jane","ids":[1,2]},"ok":true,"none":null,"text":"12"}"#),
        change: .taken([]))

    private static func record(_ json: String) -> TrialRecord {
        var storage = ByteBuffer()
        storage.append(json)
        var rows = Rows()
        try? rows.appendFields(json: Slice(offset: 0, length: storage.count), &storage)
        let record = Record(time: EventTime(seconds: 1_577_836_800), firstField: 0, fieldCount: rows.fields.count)
        return TrialRecord(record, rows, storage)
    }

    private static let ends: [SeenEnd] = [
        .output(
            step, [OutputPart("action", #"{"index":{"_index":"logs"}}"#, isJSON: true), OutputPart("line", "a b")]),
        .dropped(
            TrialStep(
                stage: "filter:7", type: "grep", place: "line 7", label: "@X", tag: "app", record: record("{}"),
                change: .filtered(into: [], refused: []))),
        .refused(step, reason: "pattern not matched with data 'x'"),
    ]

    /// A file with one case, whose expectations these are.
    private func result(_ expected: String, _ seen: [SeenEnd] = ends) throws -> CaseResult {
        let text = "cases:\n- name: n\n  tag: app\n  line: x\n  expect:\n" + expected
        let file = try CaseFile(Array(text.utf8))
        return CaseResult(try #require(file.cases.first), seen)
    }

    /// `record.took: 13 12`: place, expected, seen.
    private func differences(_ expected: String, _ seen: [SeenEnd] = ends) throws -> [String] {
        try result(expected, seen).differences.map { "\($0.place): \($0.expected ?? "-") \($0.seen ?? "-")" }
    }

    @Test(
        "what is as it should be",
        arguments: [
            "  - output: es", "  - output: elasticsearch", "  - output: \"@ROOT\"",
            "  - output: es\n    record: {took: 12, user: {name: jane, ids: [1, 2]}, ok: true, none: null, text: '12'}",
            "  - output: es\n    record: {took: 12.0, ...: true}",
            "  - output: es\n    record: {took: /^1\\d$/, user: /jane/, ...: true}",
            "  - output: es\n    action: {index: {_index: /log/}}\n    line: a b\n    tag: app",
            "  - output: es\n    time: 2020-01-01T00:00:00.000000000+00:00",
        ])
    func equal(expected: String) throws { #expect(try differences(expected, [Self.ends[0]]) == []) }

    @Test(
        "each difference is told with its place",
        arguments: [
            ("  - output: es\n    record: {took: 13, ...: true}", ["output es: record.took: 13 12"]),
            ("  - output: es\n    record: {took: '12', ...: true}", [#"output es: record.took: "12" 12"#]),
            ("  - output: es\n    record: {text: 12, ...: true}", [#"output es: record.text: 12 "12""#]),
            ("  - output: es\n    record: {ok: 'true', ...: true}", [#"output es: record.ok: "true" true"#]),
            ("  - output: es\n    record: {gone: 1, ...: true}", ["output es: record.gone: 1 -"]),
            (
                "  - output: es\n    record: {user: {name: joe, ...: true}, ...: true}",
                [#"output es: record.user.name: "joe" "jane""#]
            ),
            (
                "  - output: es\n    record: {user: {ids: [1, 3], ...: true}, ...: true}",
                ["output es: record.user.ids[1]: 3 2"]
            ),
            (
                "  - output: es\n    record: {user: {ids: [1], ...: true}, ...: true}",
                ["output es: record.user.ids: [1] [1,2]"]
            ),
            ("  - output: es\n    record: {took: /^2/, ...: true}", [#"output es: record.took: "/^2/" 12"#]),
            ("  - output: es\n    document: {}", ["output es: document: {} -"]),
        ])
    func different(expected: String, told: [String]) throws {
        #expect(try differences(expected, [Self.ends[0]]) == told)
    }

    @Test("a mapping is compared whole unless it says otherwise") func others() throws {
        let told = try differences(
            "  - output: es\n    record: {took: 12, ok: true, none: ~, text: '12'}", [Self.ends[0]])
        #expect(told == [#"output es: record.user: - {"name":"jane","ids":[1,2]}"#])
    }

    @Test("ends that are missing and ends that are too many are differences") func ends() throws {
        let all = "  - output: es\n  - dropped: filter:7\n  - refused: pattern not matched\n"
        #expect(try differences(all) == [])
        #expect(try differences("  - output: es\n  - dropped: true\n  - refused: /data '.'/\n") == [])
        #expect(try differences("  - output: es\n  - dropped: filter:8\n  - refused: other\n").count == 4)
        #expect(
            try differences("  - output: es\n") == [
                "dropped by filter:7: - this end",
                "refused by es: pattern not matched with data 'x': - this end",
            ])
        #expect(try differences("  - unmatched: true\n", [.unmatched(tag: "app")]) == [])
        #expect(try differences("  - unmatched: true\n", [Self.ends[1]]).count == 2)
    }

    @Test("what a filter holds has no end before the filter lets it go") func held() {
        let step = TrialStep(
            stage: "filter:5", type: "concat", place: "line 5", label: "@ROOT", tag: "app",
            record: Self.record(#"{"log":"a"}"#), change: .held)
        #expect(SeenEnd.of([step], tag: "app").isEmpty)
        #expect(SeenEnd.of([], tag: "app").map(\.title) == ["no <match> takes app"])
    }

    @Test(
        "what an update writes means itself, whatever is in it",
        arguments: [
            "/x+/", "/(/", "/^a.b$/", "//", "\u{7F}", "\u{85}\u{2028}\u{2029}", "\u{FEFF}x", "'\"\\n", "...", "# x", "",
            String(repeating: "ä", count: 2000),
        ])
    func literal(text: String) throws {
        var name = ByteBuffer()
        name.appendJSONString(text)
        let json =
            "{\"a\":\(String(decoding: name.array(), as: UTF8.self)),\"b\":{\"c\":[\(String(decoding: name.array(), as: UTF8.self))]}}"
        let step = TrialStep(
            stage: "es", type: "elasticsearch", place: "line 3", label: "@ROOT", tag: "app", record: Self.record(json),
            change: .taken([]))
        let ends: [SeenEnd] = [.output(step, []), .refused(step, reason: text)]
        let old = "cases:\n- tag: app\n  line: x\n"
        let before = [CaseResult(try #require(CaseFile(Array(old.utf8)).cases.first), ends)]
        let updated = try CaseRewriting.text(old, before)
        let written = try #require(CaseFile(Array(updated.utf8)).cases.first)
        #expect(CaseResult(written, ends).differences.isEmpty, "\(updated)")
        // And nothing else does.
        let others: [SeenEnd] = [.output(Self.step, []), ends[1]]
        #expect(!CaseResult(written, others).differences.isEmpty)
    }

    @Test("what cannot be written leaves the file as it is, and the case is named") func unwritable() throws {
        let old = "cases:\n- tag: app\n  line: x\n- ? tag\n  : app\n  ? line\n  : y\n"
        let before = try CaseFile(Array(old.utf8)).cases.map { CaseResult($0, [.unmatched(tag: "app")]) }
        let error = #expect(throws: YAMLError.self) { try CaseRewriting.text(old, before) }
        #expect(error?.description.contains("'app' cannot be written here") == true, "\(error?.description ?? "")")
    }

    @Test(
        "a file that says something else is an error with its place",
        arguments: [
            ("", "1:1: the file is empty"), ("a: 1", "1:1: a file of cases has no 'a'"),
            ("cases: 1", "1:8: 'cases' is a list"),
            ("cases:\n- {tag: a}", "2:3: a case needs one of"), ("cases:\n- {line: a}", "2:3: a case needs a 'tag'"),
            ("cases:\n- {tag: a, line: b, record: {}}", "2:3: a case needs one of"),
            ("cases:\n- {tag: a, lin: b}", "2:12: a case has no 'lin'"),
            ("cases:\n- {tag: a, line: b, time: soon}", "2:27: 'soon' is no time"),
            ("cases:\n- {tag: a, line: b, expect: [{output: a, dropped: b}]}", "2:30: an entry of 'expect' names one"),
            ("cases:\n- {tag: a, line: b, expect: [{dropped: b, record: {}}]}", "2:43: 'record' belongs"),
        ])
    func mistakes(text: String, told: String) {
        let error = #expect(throws: YAMLError.self) { _ = try CaseFile(Array(text.utf8)) }
        #expect(error?.description.hasPrefix(told) == true, "\(error?.description ?? "")")
    }

    @Test(
        "an update replaces what differs and nothing else, and passes then",
        arguments: [
            "cases:\n# kept\n- tag: app\n  line: x   # kept\n  expect:\n    - output: old\n- tag: app\n  record: {a: 1}\n",
            "cases:\n  - tag: app\n    line: x\n    expect: []\n  - {tag: app, line: y, expect: [{unmatched: true}]}\n",
            "cases:\n- tag: app\n  expect:\n  - refused: |\n      words\n  line: ä",
            // Between brackets.
            "cases:\n  - {tag: app, line: x}\n  - {tag: app, line: y, expect: [{unmatched: true}]}\n",
            "cases: [{tag: app, expect: [{output: old, record: {a: [1]}}], line: x}, {line: y, tag: app}]\n",
            "cases:\n- tag: app\n  expect: [{output: old, record: {a: [1]}}] # kept\n  line: x\n",
        ])
    func update(text: String) throws {
        func results(_ text: String) throws -> [CaseResult] {
            try CaseFile(Array(text.utf8)).cases.enumerated().map {
                CaseResult($1, $0 == 0 ? Self.ends : [.unmatched(tag: "app")])
            }
        }
        let before = try results(text)
        #expect(before.contains { !$0.differences.isEmpty })
        let updated = try CaseRewriting.text(text, before)
        let after = try results(updated)
        #expect(after.allSatisfy { $0.differences.isEmpty }, "\(updated)\n\(after.map(\.differences))")
        #expect(updated.components(separatedBy: "kept").count == text.components(separatedBy: "kept").count)
        #expect(try CaseRewriting.text(updated, after) == updated)
    }

    @Test("noise in a file is refused or read, and never more than that", arguments: 0..<10) func noise(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let parts = [
            "cases:", "\n- ", "tag: a", "\n  ", "line: b", "expect:", "output: c", "[", "]", "{", "}", ": ", "'", "ä",
        ]
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 1..<12, using: &random)).map { _ in parts.randomElement(using: &random)! }
            guard let file = try? CaseFile(Array(text.joined().utf8)) else { continue }
            let results = file.cases.map { CaseResult($0, Self.ends) }
            _ = try? CaseRewriting.text(text.joined(), results)
        }
    }
}
