import Foundation
import Grok
import Testing

/// The finished program: `sluice grok`. Built beside the tests; SLUICE_BIN names another one.
enum GrokProgram {
    static let path: String? = {
        if let given = ProcessInfo.processInfo.environment["SLUICE_BIN"] { return given }
        // The bundle lies in the folder of the products.
        let products = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let candidates = [
            products.appendingPathComponent("sluice"), root.appendingPathComponent(".build/debug/sluice"),
            root.appendingPathComponent(".build/release/sluice"),
        ]
        return candidates.map(\.path).first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    struct Result {
        let status: Int32
        let output: [UInt8]
        let errors: String
        var text: String { String(decoding: output, as: UTF8.self) }
        var lines: [ArraySlice<UInt8>] { output.split(separator: 0x0A) }
    }

    /// Runs it with files as input and output, so that no pipe can fill up.
    static func run(_ arguments: [String], input: [UInt8] = [], folder: URL? = nil) throws -> Result {
        let path = try #require(Self.path)
        let manager = FileManager.default
        let work = manager.temporaryDirectory.appendingPathComponent("grok-\(UUID().uuidString)")
        try manager.createDirectory(at: work, withIntermediateDirectories: true)
        defer { try? manager.removeItem(at: work) }
        let names = ["in", "out", "err"].map { work.appendingPathComponent($0) }
        try Data(input).write(to: names[0])
        for name in names[1...] { try Data().write(to: name) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = folder ?? work
        process.standardInput = try FileHandle(forReadingFrom: names[0])
        process.standardOutput = try FileHandle(forWritingTo: names[1])
        process.standardError = try FileHandle(forWritingTo: names[2])
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, output: Array(try Data(contentsOf: names[1])),
            errors: String(decoding: try Data(contentsOf: names[2]), as: UTF8.self))
    }
}

@Suite(.enabled(if: GrokProgram.path != nil)) struct GrokCommandTests {
    /// A golden case as the program can be given it: one expression, text without parameters of a section.
    private struct Case {
        let id: String
        let expression: String
        let line: [UInt8]
        let object: JSONValue
    }

    private static func cases(_ series: String) throws -> [Case] {
        try GoldenFile.objects("cases.jsonl").compactMap { object in
            guard object["series"]?.string == series, let expression = object["expression"]?.string,
                object["options"] == nil, object["custom_patterns"] == nil, object["multiline"] != .bool(true),
                object["line_binary"] != .bool(true), !object.line.contains(0), !expression.utf8.contains(0)
            else { return nil }
            return Case(id: object["id"]?.string ?? "?", expression: expression, line: object.line, object: object)
        }
    }

    @Test("the golden cases through the program, one process for each series", arguments: ["legacy", "ecs-v1"])
    func golden(_ series: String) throws {
        let cases = try Self.cases(series).filter { !GoldenTests.deliberate.contains($0.id) }
        #expect(cases.count > 1000)
        var input: [UInt8] = []
        for each in cases { input += Array(each.expression.utf8) + [0] + each.line + [0] }
        let result = try GrokProgram.run(
            ["grok", "match", "--series", series, "--pairs", "-0", "--format", "json"], input: input)
        #expect(result.status == 2, "some cases are bad expressions: \(result.errors)")
        let lines = result.lines
        try #require(lines.count == cases.count)
        var problems: [String] = []
        for (each, line) in zip(cases, lines) {
            guard let answer = JSONValue(line) else {
                problems.append("\(each.id): no JSON: \(String(decoding: line, as: UTF8.self))")
                continue
            }
            if let problem = Self.problem(each.object, answer, line) { problems.append("\(each.id): \(problem)") }
        }
        #expect(
            problems.isEmpty, "\(problems.count) of \(cases.count):\n\(problems.prefix(20).joined(separator: "\n"))")
    }

    private static func problem(_ object: JSONValue, _ answer: JSONValue, _ line: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: line, as: UTF8.self)
        if object["error"] != nil {
            // A line that is not UTF-8 raises in the plugin; here it is repaired first, as in the daemon.
            let isInvalid = object["line_base64"] != nil
            return answer["error"] != nil || isInvalid ? nil : "no error: \(text)"
        }
        guard object["matched"] == answer["matched"] else { return "got \(text)" }
        guard object["matched"] == .bool(true) else { return nil }
        if (object["event_time"] != nil) != (answer["time"] != nil) { return "time of the event: \(text)" }
        let captures = object["captures"]?.array ?? []
        var expected: [String: JSONValue] = [:]
        for capture in captures {
            let parts = capture.array ?? []
            guard parts.count == 3, let name = parts[0].string else { continue }
            switch (parts[1].string, parts[2]) {
            case ("time", let time):
                // The record of the daemon has the seconds alone; the command keeps the fraction.
                let nanoseconds = Double(time["nsec"]?.number ?? "0") ?? 0
                let seconds = Double(time["sec"]?.number ?? "") ?? .nan
                expected[name] = .number(
                    nanoseconds == 0 ? time["sec"]?.number ?? "?" : "\(seconds + nanoseconds / 1e9)")
            // JSON has no infinity; a text of bytes has no exact form.
            case ("float", .string): expected[name] = .null
            case ("string", .object): expected[name] = answer["captures"]?[name]
            default: expected[name] = parts[2]
            }
        }
        guard case .object(let got)? = answer["captures"] else { return "no captures: \(text)" }
        if Set(got.keys) != Set(expected.keys) {
            return "fields \(got.keys.sorted()), expected \(expected.keys.sorted())"
        }
        for (name, value) in expected where !same(value, got[name]) {
            return "\(name) is \(String(describing: got[name])), expected \(value)"
        }
        // The order, by the places of the keys in the text.
        let places = captures.compactMap { $0.array?.first?.string }.map { text.range(of: "\"\($0)\":")?.lowerBound }
        let known = places.compactMap(\.self)
        return known == known.sorted() ? nil : "order of \(text)"
    }

    private static func same(_ expected: JSONValue, _ got: JSONValue?) -> Bool {
        if case .number(let a) = expected, case .number(let b)? = got { return a == b || Double(a) == Double(b) }
        return expected == got
    }

    @Test("objects have the promised form, and the exit status says whether all matched")
    func objects() throws {
        let good = try GrokProgram.run(
            ["grok", "match", "--format", "json", "-p", "took %{INT:ms:integer} %{WORD:unit}", "-p", "(?<all>.+)"],
            input: Array("took 12 ms\nx\ntook 1 s".utf8))
        #expect(good.status == 0)
        #expect(
            good.text == """
                {"matched":true,"pattern":0,"captures":{"ms":12,"unit":"ms"}}
                {"matched":true,"pattern":1,"captures":{"all":"x"}}
                {"matched":true,"pattern":0,"captures":{"ms":1,"unit":"s"}}

                """)
        let some = try GrokProgram.run(
            ["grok", "match", "--format", "json", "-p", "%{INT:n}"], input: Array("1\n\nx\n".utf8))
        #expect(some.status == 1)
        #expect(
            some.text == """
                {"matched":true,"pattern":0,"captures":{"n":"1"}}
                {"matched":false}
                {"matched":false}

                """)
        let limit = try GrokProgram.run(
            ["grok", "match", "--format", "json", "-p", "^(?<x>(?:a+,?)+)$"],
            input: Array((String(repeating: "a", count: 80) + "b\n").utf8))
        #expect(limit.text == "{\"matched\":false,\"gave_up\":true}\n" && limit.status == 1)
        let bad = try GrokProgram.run(
            ["grok", "match", "-p", "%{OUT:x}", "--define", "OUT a%{IN}", "--define", "IN x(%{INT}"])
        #expect(bad.status == 2 && bad.text.isEmpty)
        #expect(
            bad.errors.contains("in OUT\n    a%{IN}\n     ^^^^^")
                && bad.errors.contains("in IN\n    x(%{INT}\n     ^\n"))
    }

    @Test("texts may end with a zero byte and have several lines; pretty output has no colour in a file")
    func zeroBytes() throws {
        let texts = Array("a\nb\0c\nd".utf8)
        let result = try GrokProgram.run(
            ["grok", "match", "-0", "--multiline", "--format", "json", "-p", "(?<all>.*)"], input: texts)
        #expect(
            result.text == """
                {"matched":true,"pattern":0,"captures":{"all":"a\\nb"}}
                {"matched":true,"pattern":0,"captures":{"all":"c\\nd"}}

                """)
        let pretty = try GrokProgram.run(["grok", "match", "-p", "%{WORD:first}"], input: Array("one two\n?\n".utf8))
        #expect(pretty.text.hasPrefix("one two\n  first  one\n?\n  no match\n\n2 lines: 1 matched, 1 did not"))
        #expect(!pretty.output.contains(0x1B))
    }

    @Test("the filter of a configuration is what is tried")
    func configuration() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("grok-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try """
        <source>
          @type forward
        </source>
        <filter app.**>
          @type parser
          key_name message
          <parse>
            @type grok
            <grok>
              name first
              pattern %{INT:n:integer} apples
            </grok>
            <grok>
              name second
              pattern %{TIMESTAMP_ISO8601:time} %{WORD:w}
              time_format %Y-%m-%dT%H:%M:%S%z
            </grok>
          </parse>
        </filter>
        <match **>
          @type stdout
        </match>
        """.write(to: folder.appendingPathComponent("fluent.conf"), atomically: true, encoding: .utf8)
        let result = try GrokProgram.run(
            ["grok", "match", "-c", "fluent.conf", "--filter", "app.web", "--format", "json"],
            input: Array("7 apples\n2026-11-24T18:22:44+0000 pear\n".utf8), folder: folder)
        #expect(result.errors == "" && result.status == 0)
        #expect(
            result.text == """
                {"matched":true,"pattern":0,"name":"first","captures":{"n":7}}
                {"matched":true,"pattern":1,"name":"second","time":"2026-11-24T18:22:44.000000000+00:00","captures":{"w":"pear"}}

                """)
        let other = try GrokProgram.run(
            ["grok", "match", "-c", "fluent.conf", "--filter", "web"], folder: folder)
        #expect(other.status == 2 && other.errors.contains("its grok filters are for 'app.**'"))
    }

    @Test("explain, patterns and bench say what they are asked")
    func others() throws {
        let explain = try GrokProgram.run(["grok", "explain", "-p", "took %{INT:ms} ms", "took 12ms"])
        #expect(explain.status == 1)
        #expect(explain.text.contains("wanted    one space") && explain.text.contains("took %{INT:ms} ?ms"))
        let matching = try GrokProgram.run(["grok", "explain", "-p", "took %{INT:ms}", "took 12ms"])
        #expect(matching.status == 0 && matching.text.contains("the line matches"))
        let one = try GrokProgram.run(["grok", "patterns", "RUBY_LOGGER"])
        #expect(one.status == 0)
        for part in ["fields      timestamp, pid, loglevel, progname, message", "sample      I, [", "expansion"] {
            #expect(one.text.contains(part), "\(part)")
        }
        let names = try GrokProgram.run(["grok", "patterns", "--names", "ruby*", "--series", "ecs-v1"])
        #expect(names.text == "RUBY_LOGGER\nRUBY_LOGLEVEL\n")
        let all = try GrokProgram.run(["grok", "patterns", "--names"])
        #expect(all.lines.count == 317)
        let unknown = try GrokProgram.run(["grok", "patterns", "RUBY_LOGER"])
        #expect(unknown.status == 2 && unknown.errors.contains("did you mean RUBY_LOGGER?"))
        let bench = try GrokProgram.run(
            ["grok", "bench", "--seconds", "0.05", "-p", "%{INT:n}"], input: Array("1\nx\n".utf8))
        #expect(bench.status == 0 && bench.text.contains("matched    1 (50.0 %)"))
    }

    @Test("of several lines the first that does not match is explained")
    func severalLines() throws {
        let given = try GrokProgram.run(["grok", "explain", "-p", "%{WORD:w} %{INT:n}", "a 1", "b x"])
        #expect(given.status == 1 && given.text.hasPrefix("line 2 of 2, the first that does not match\nno match"))
        let read = try GrokProgram.run(
            ["grok", "explain", "-p", "%{WORD:w} %{INT:n}"], input: Array("a 1\nb x\nc y\n".utf8))
        #expect(read.status == 1 && read.text.contains("line 2 of 3") && read.text.contains("found     'x'"))
        let good = try GrokProgram.run(["grok", "explain", "-p", "%{INT:n}"], input: Array("1\n2\n".utf8))
        #expect(good.status == 0 && good.text == "all 2 lines match\n")
        let nearest = try GrokProgram.run(
            ["grok", "explain", "-p", "id=%{INT:n} %{WORD:w}", "-p", "%{WORD:w} took %{INT:n} ms", "job took 12ms"])
        #expect(nearest.text.hasPrefix("none of 2 patterns matches; the nearest first\n\npattern 1\n"))
    }

    @Test("lines that do not match, values by their number, and what could not be converted")
    func matchForms() throws {
        let lines = Array("took 1 ms\nnothing\ntook 2 s\ntook 3 ms\n".utf8)
        let expression = ["grok", "match", "-p", "took %{INT:n} %{WORD:unit}"]
        let unmatched = try GrokProgram.run(expression + ["--only-unmatched"], input: lines)
        #expect(unmatched.text == "nothing\n" && unmatched.status == 1)
        let counts = try GrokProgram.run(expression + ["--count-by", "unit"], input: lines)
        #expect(
            counts.text == """
                COUNT   SHARE  unit
                    2  50.0 %  ms
                    1  25.0 %  s
                    1  25.0 %  (no match)

                """)
        let json = try GrokProgram.run(expression + ["--count-by", "unit", "--format", "json"], input: lines)
        #expect(json.text.hasPrefix("{\"value\":\"ms\",\"count\":2}\n"))
        let bad = try GrokProgram.run(
            ["grok", "match", "--format", "json", "-p", "%{NOTSPACE:size:integer} %{WORD:unit}"],
            input: Array("big kB\n".utf8))
        #expect(
            bad.text == """
                {"matched":true,"pattern":0,"captures":{"size":0,"unit":"kB"},"unconverted":["size: 'big' is no number: 0 is stored"]}

                """)
        let mark = try GrokProgram.run(
            ["grok", "match", "--format", "json", "-p", "^%{INT:n}$"], input: Array("\u{FEFF}5\n".utf8))
        #expect(mark.text.contains("\"remarks\":[\"the line begins with a byte order mark (U+FEFF)\"]"))
    }

    @Test("times keep their fraction, and are shown as ISO 8601 when asked")
    func times() throws {
        let arguments = [
            "grok", "match", "--format", "json", "-p", "%{TIMESTAMP_ISO8601:at:time}",
        ]
        let line = Array("2026-11-24T18:22:44.615Z\n".utf8)
        #expect(
            try GrokProgram.run(arguments, input: line).text
                == "{\"matched\":true,\"pattern\":0,\"captures\":{\"at\":1795544564.615}}\n")
        #expect(
            try GrokProgram.run(arguments + ["--time"], input: line).text.contains(
                "{\"at\":\"2026-11-24T18:22:44.615000000+00:00\"}"))
    }

    @Test("mistakes in an expression: an unclosed reference, a type in a group's name")
    func mistakes() throws {
        let unclosed = try GrokProgram.run(["grok", "match", "-p", "%{INT:n"], input: Array("x\n".utf8))
        #expect(unclosed.status == 2 && unclosed.errors.contains("Error: '%{INT:n' has no }"))
        #expect(!unclosed.errors.contains("captures nothing"))
        let typed = try GrokProgram.run(
            ["grok", "match", "-p", "(?<took:float>[0-9.]+) s"], input: Array("1.25 s\n".utf8))
        #expect(typed.status == 0 && typed.errors.contains("names a field 'took:float' that is text"))
    }

    @Test("patterns are found by any text of theirs, and written as JSON")
    func search() throws {
        let found = try GrokProgram.run(["grok", "patterns", "--search", "MAIL ADDRESS", "--names"])
        #expect(found.text.contains("EMAILADDRESS\n") && !found.text.contains("IPORHOST"))
        let json = try GrokProgram.run(["grok", "patterns", "IPORHOST", "--format", "json"])
        let object = try #require(json.lines.first.flatMap { JSONValue($0) })
        #expect(object["definition"] == .string("(?:%{IP}|%{HOSTNAME})") && object["used_by"]?.array?.isEmpty == false)
        let none = try GrokProgram.run(["grok", "patterns", "--search", "no such text"])
        #expect(none.status == 1 && none.errors.contains("in no pattern's name"))
    }

    @Test("a file that cannot be read has another status than a line that does not match")
    func unreadable() throws {
        for command in ["match", "bench"] {
            #expect(try GrokProgram.run(["grok", command, "-p", "%{INT:n}", "missing.log"]).status == 66)
        }
        #expect(try GrokProgram.run(["grok", "suggest", "missing.log"]).status == 66)
    }

    @Test("a line goes through all parser filters of a tag, as far as it comes")
    func chain() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("grok-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let filters = [("message", "json", ""), ("log", "grok", "grok_pattern took %{INT:n:integer} ms")].map {
            key, type, more in
            """
            <filter app.**>
              @type parser
              key_name \(key)
              reserve_data true
              <parse>
                @type \(type)
                \(more)
              </parse>
            </filter>

            """
        }.joined()
        try (filters + "<match **>\n  @type stdout\n</match>\n").write(
            to: folder.appendingPathComponent("fluent.conf"), atomically: true, encoding: .utf8)
        let arguments = ["-c", "fluent.conf", "--filter", "app.web"]
        let good = try GrokProgram.run(
            ["grok", "match"] + arguments + ["--format", "json"], input: Array(#"{"log":"took 7 ms"}"#.utf8),
            folder: folder)
        #expect(good.status == 0 && good.errors == "")
        let object = try #require(good.lines.first.flatMap { JSONValue($0) })
        #expect(object["matched"] == .bool(true) && object["record"]?["n"] == .number("7"))
        #expect(object["stages"]?.array?.count == 2)
        let bad = try GrokProgram.run(
            ["grok", "explain"] + arguments + [#"{"log":"took 7ms"}"#], folder: folder)
        #expect(bad.status == 1)
        #expect(bad.text.contains("<filter app.**> (json, message)") && bad.text.contains("wanted    one space"))
        let broken = try GrokProgram.run(["grok", "explain"] + arguments + ["no json"], folder: folder)
        #expect(broken.status == 1 && broken.text.contains("is where the line stops"))
    }

    @Test("every example of the help runs", arguments: ["match", "explain", "suggest", "patterns", "bench"])
    func examples(_ command: String) throws {
        let program = URL(fileURLWithPath: try #require(GrokProgram.path))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("grok-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let texts = [
            "access.log":
                "203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] \"GET / HTTP/1.1\" 200 12 \"-\" \"curl/8.1\"\n",
            "syslog": "Nov 24 18:22:44 web-1 sshd[311]: Accepted publickey for carol\n",
            "fluent.conf": """
            <source>
              @type forward
            </source>
            <filter app.**>
              @type parser
              key_name message
              <parse>
                @type grok
                grok_pattern %{COMBINEDAPACHELOG}
              </parse>
            </filter>
            <match **>
              @type stdout
            </match>
            """,
        ]
        for (name, text) in texts {
            try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        let help = try GrokProgram.run(["grok", command, "--help"])
        #expect(help.status == 0)
        let examples = help.text.split(separator: "\n").filter {
            $0.hasPrefix("  ") && $0.contains("sluice grok \(command)")
        }
        .filter { !$0.contains("USAGE") && !$0.hasPrefix("   ") }
        #expect(!examples.isEmpty)
        for example in examples {
            let line = example.replacing("/var/log/syslog", with: "syslog")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = ["-c", "PATH=\(program.deletingLastPathComponent().path):$PATH; \(line) >out 2>err"]
            process.currentDirectoryURL = folder
            try process.run()
            process.waitUntilExit()
            // An example of `explain` is one of a line that does not match.
            #expect(
                process.terminationStatus == 0 || command == "explain" && process.terminationStatus == 1, "\(line)")
            #expect(try !Data(contentsOf: folder.appendingPathComponent("out")).isEmpty, "\(line)")
            #expect(try Data(contentsOf: folder.appendingPathComponent("err")).isEmpty, "\(line)")
        }
    }
}
