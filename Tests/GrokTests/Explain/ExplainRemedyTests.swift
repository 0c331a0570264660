import Grok
import Testing

/// Changes that are proposed: the first one, with what it captures.
@Suite struct ExplainRemedyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let expression: String
        let line: String
        /// The element to blame.
        let element: String
        /// The first change.
        let change: String
        var testDescription: String { "\(expression) on \(line.debugDescription)" }

        init(_ expression: String, _ line: String, _ element: String, _ change: String) {
            self.expression = expression
            self.line = line
            self.element = element
            self.change = change
        }
    }

    @Test(
        "the first change is the one that was meant",
        arguments: [
            Case(#"^%{NUMBER:n} %{WORD:u}$"#, "1,234 kB", "%{NUMBER:n}", #"^(?<n>\d[\d,]*) %{WORD:u}$"#),
            Case(#"^%{DATE_US:d} %{WORD:w}$"#, "14/03/2026 ok", "%{DATE_US:d}", #"^%{DATE_EU:d} %{WORD:w}$"#),
            Case(#"^%{DATE_EU:day} %{WORD:w}$"#, "03/14/2026 ok", "%{DATE_EU:day}", #"^%{DATE_US:day} %{WORD:w}$"#),
            Case(
                #"^%{TIMESTAMP_ISO8601:t} %{WORD:w}$"#, "04.03.2026 05:06 ok", "%{TIMESTAMP_ISO8601:t}",
                #"^(?<t>%{DATE_EU} %{HOUR}:%{MINUTE}) %{WORD:w}$"#),
            Case(
                #"[%{HTTPDATE:at}] %{WORD:verb}"#, "[04/Mar/2026:05:06:07 +0000] GET", "[%{HTTPDATE:at}]",
                #"\[%{HTTPDATE:at}\] %{WORD:verb}"#),
            Case(
                #"%{IP:ip} [%{WORD:zone}] ok"#, "192.0.2.1 [eu-1] ok", "[%{WORD:zone}]",
                #"%{IP:ip} \[%{NOTSPACE:zone}\] ok"#),
            Case(
                #"^login (?:as guest )?%{USERNAME:user} from %{IP:src}$"#, "login as guest night owl from 192.0.2.9",
                "%{USERNAME:user}", #"^login (?:as guest )?%{DATA:user} from %{IP:src}$"#),
            Case(#"^%{IPV4:ip} up$"#, "2001:db8::42 up", "%{IPV4:ip}", #"^%{IP:ip} up$"#),
            Case(
                #"^took %{INT:ms:integer} ms$"#, "took 12.5 ms", "%{INT:ms:integer}", #"^took %{NUMBER:ms:float} ms$"#),
            Case(
                #"^took %{INT:ms:integer} ms$"#, "took - ms", "%{INT:ms:integer}", #"^took (?:-|%{INT:ms:integer}) ms$"#
            ),
            Case(#"^%{WORD:a}: %{WORD:b}$"#, "x= y", ":", #"^%{WORD:a}[:=] %{WORD:b}$"#),
            Case(#"^%{WORD:w} %{INT:n} .*"#, "a 12.5 x y", "%{INT:n}", #"^%{WORD:w} %{NUMBER:n} .*"#),
            Case(
                #"\[pid %{POSINT:p}(?::tid %{INT:t})?\] %{GREEDYDATA:m}"#, "[pid -12:tid 7] x", "%{POSINT:p}",
                #"\[pid %{INT:p}(?::tid %{INT:t})?\] %{GREEDYDATA:m}"#),
            Case(#"^%{LOGLEVEL:l} \| %{WORD:w}$"#, "INFO| x", " ", #"^%{LOGLEVEL:l} ?\| %{WORD:w}$"#),
            Case(#"^\(%{DATA:p}\) from %{WORD:w}$"#, "(no way] from x", #"\)"#, #"^\(%{DATA:p}[)\]] from %{WORD:w}$"#),
            Case(
                #"^%{INT:w} %{WORD:p} %{DATA:i}/x$"#, "5 two-part in/x", "%{WORD:p}",
                ""),
            Case(#"^port %{INT:n}$"#, "PORT 7", "port", #"^(?i:port) %{INT:n}$"#),
            Case(#"^\[%{WORD:a}\] %{WORD:b}$"#, "(x) y", #"\["#, ""),
        ])
    func first(_ each: Case) throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let found = try #require(try compiler.explain(each.expression, line: Array(each.line.utf8)))
        let named = ExplainNearMissTests.named(found)
        if each.change.isEmpty {
            // Two elements are wrong, or another reading is as good.
            #expect(found.suggestions.isEmpty && named.contains(each.element), "\(found)")
        } else {
            #expect(named.contains(each.element), "\(named)")
            #expect(found.suggestions.first?.expression == each.change, "\(found.suggestions.map(\.expression))")
        }
    }

    @Test(
        "what is around a line's text is named, and the change allows it",
        arguments: [
            ("^%{INT:a} %{INT:n}$", "\u{1b}[32m4 5", "^(?:\\e\\[[\\d;]*[A-Za-z])*%{INT:a} %{INT:n}$"),
            ("^%{INT:a} %{INT:n}$", "\u{FEFF}4 5", "^\\uFEFF?%{INT:a} %{INT:n}$"),
            ("^%{INT:a} %{INT:n}$", "4 5\r", "^%{INT:a} %{INT:n}\\r?$"),
            ("^%{INT:a} %{INT:n}$", "4 5\0\0", "^%{INT:a} %{INT:n}\\x00*$"),
            (
                "^%{INT:a} %{INT:n}$", "\u{FEFF}\u{1b}[1m4\u{1b}[0m 5\r",
                "^\\uFEFF?(?:\\e\\[[\\d;]*[A-Za-z])*%{INT:a}(?:\\e\\[[\\d;]*[A-Za-z])* %{INT:n}\\r?$"
            ),
        ])
    func decorations(_ expression: String, _ line: String, _ change: String) throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let bytes = Array(line.utf8)
        let found = try #require(try compiler.explain(expression, line: bytes))
        #expect(!found.decorations.isEmpty)
        #expect(found.suggestions.map(\.expression) == [change])
        let fields = try #require(NearMissFields.of(change, line: bytes, compiler))
        #expect(fields.mapValues { String(decoding: bytes[$0], as: UTF8.self) } == ["a": "4", "n": "5"])
    }

    @Test(
        "no change moves the edge of another field",
        arguments: [
            // `%{NOTSPACE}` would take the port, too.
            ("^%{IP}:%{DATA:rest}$", "we~b:80:x", ["rest": "80:x"]),
            ("^%{IP}/%{DATA:path} %{INT:n}$", "we~b/a/b 7", ["path": "a/b", "n": "7"]),
            // Words are no time, however well the rest would fit behind them.
            (
                "^%{TIME:t} %{NOTSPACE:host}(?: JobId %{INT:id})?:? (?<m>Created .*)$",
                "backup-dir JobId 811: Created new", ["host": "backup-dir", "id": "811"]
            ),
        ])
    func otherFields(_ expression: String, _ line: String, _ fields: [String: String]) throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let bytes = Array(line.utf8)
        let found = try #require(try compiler.explain(expression, line: bytes))
        #expect(!found.suggestions.isEmpty)
        for remedy in found.suggestions {
            let taken = try #require(NearMissFields.of(remedy.expression, line: bytes, compiler.applying(remedy)))
            for (name, value) in fields {
                let text = taken[name].map { String(decoding: bytes[$0], as: UTF8.self) }
                #expect(text == value, "\(name) by \(remedy.expression)")
            }
        }
    }

    @Test(
        "no change is offered where more of the line may belong to the element",
        arguments: [
            // A second word is the level's, or the message's.
            (
                "^%{TIME:t} (?<level>[DIWEF]) (?:-|%{WORD:part})%{SPACE}(?:\\[%{DATA:context}\\])? %{GREEDYDATA:m}$",
                "05:06:07 two words NET  [conn12] end"
            ),
            (#"^(?<query>\{.*\} n) %{WORD:key}:%{INT:b}$"#, "{ x } two words:1"),
            ("^%{WORD:kind} IN %{INT:type} %{DATA:flags} \\(%{IP:server}\\)$", "q IN two words +E (192.0.2.1)"),
            // A mark by itself is a value, and no mark too much.
            (#"^%{INT:a}(?: \[%{WORD:b}\])? %{WORD:c}$"#, "12 - word"),
            // The half of the day would be a class, and the class be cut in two.
            (
                #"^%{TIME:t} %{JAVACLASS:class}(?: (?<function>[a-z]+))?\s*(?<m>.*)$"#,
                "6.22.44 PM org.example.Pool start"
            ),
            // Half of a pair of quotes would be in a value.
            ("^%{WORD:level} +%{NOTSPACE:logger} - %{GREEDYDATA:m}$", "WARN\"  \"org.example - x"),
            // `/` is in the value before, too.
            (
                "^%{WORD:fe} %{NOTSPACE:be}/%{WORD:server} %{INT:tq}/%{INT:tw}/%{INT:tc} %{INT:status}$",
                "front api-pool/s1/0/30 200"
            ),
        ])
    func doubtful(_ expression: String, _ line: String) throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let found = try #require(try compiler.explain(expression, line: Array(line.utf8)))
        #expect(found.suggestions.isEmpty, "\(found.suggestions.map(\.expression))")
    }

    @Test("a change is offered once, in however many ways it may be written")
    func once() throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        for (expression, line) in [
            ("%{IP:a} %{WORD:b}:%{INT:c}", "10.0.0.1 hello;42"), ("%{IP:a}, %{WORD:b}", "10.0.0.1; hello"),
        ] {
            let found = try #require(try compiler.explain(expression, line: Array(line.utf8)))
            let advice = found.suggestions.map(\.advice)
            #expect(!advice.isEmpty && advice.count == Set(advice).count, "\(found.suggestions.map(\.expression))")
        }
    }

    @Test("a change inside a definition is shown as the definition to write")
    func definition() throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let line = Array("I, [2026-11-24T18:22:44.615172 4801]  INFO -- app: order 17".utf8)
        let found = try #require(try compiler.explain("%{RUBY_LOGGER}", line: line))
        let remedy = try #require(found.suggestions.first)
        #expect(remedy.expression == "%{RUBY_LOGGER}" && remedy.definition?.name == "RUBY_LOGGER")
        #expect(NearMissFields.of(remedy.expression, line: line, compiler.applying(remedy))?["pid"] != nil)
    }

    @Test("brackets around a reference that make no class say what was meant")
    func brackets() {
        let compiler = GrokCompiler(library: GrokCompilerTests.library("D [0-9]+[a-z]\n"))
        #expect {
            _ = try compiler.compile("[%{D:d}-z] %{D:e}")
            _ = try compiler.compile("[z-%{D:d}]")
        } throws: { error in
            (error as? GrokError)?.hint?.contains("write \\[ and \\]") == true
        }
    }
}
