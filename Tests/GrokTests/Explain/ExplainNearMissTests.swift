import Grok
import Testing

/// One element of a line that matches is changed: does the explanation name that element?
@Suite struct ExplainNearMissTests {
    /// An expression, a line that matches, the same line with one thing broken, and the element that was broken: in the
    /// operator's expression or in a definition.
    struct NearMiss: Sendable {
        let expression: String
        let good: String
        let bad: String
        let element: String
    }

    private static func list(_ expression: String, _ good: String, _ changes: (String, String)...) -> [NearMiss] {
        changes.map { NearMiss(expression: expression, good: good, bad: $0.0, element: $0.1) }
    }

    static let all: [NearMiss] =
        list(
            "%{IP:client} %{WORD:method} %{URIPATHPARAM:request} %{INT:bytes:integer} %{NUMBER:duration:float}",
            "55.3.244.1 GET /index.html 15824 0.043",
            ("55.3.244.1GET /index.html 15824 0.043", " "),
            ("55.3.244.300 GET /index.html 15824 0.043", "%{IP:client}"),
            ("55.3.244 GET /index.html 15824 0.043", "%{IP:client}"),
            ("55.3.244.1 G-T /index.html 15824 0.043", "%{WORD:method}"),
            ("55.3.244.1 GET index.html 15824 0.043", "%{URIPATHPARAM:request}"),
            ("55.3.244.1 GET /index.html 15k24 0.043", "%{INT:bytes:integer}"),
            ("55.3.244.1 GET /index.html - 0.043", "%{INT:bytes:integer}"),
            ("55.3.244.1 GET /index.html 15824 fast", "%{NUMBER:duration:float}"),
            ("55.3.244.1 GET /index.html 15824", " "),
            ("55.3.244.1 GET  /index.html 15824 0.043", " "),
            ("55.3.244.1 GET 15824 0.043", "%{URIPATHPARAM:request}"),
            ("55.3.244.1 /index.html 15824 0.043", "%{WORD:method}"),
            ("55.3.244.1\tGET /index.html 15824 0.043", " "))
        + list(
            "\\[%{TIMESTAMP_ISO8601:at}\\] %{LOGLEVEL:level}: %{GREEDYDATA:message}",
            "[2026-11-24T18:22:44Z] ERROR: disk full",
            ("2026-11-24T18:22:44Z] ERROR: disk full", "\\["),
            ("[2026-11-24T18:22:44Z ERROR: disk full", "\\]"),
            ("[2026-11-24T18:22:44Z]ERROR: disk full", " "),
            ("[2026-11-24T18:22:44Z] ERROR disk full", ":"),
            ("[2026-11-24T18:22:44Z] ERR0R: disk full", "%{LOGLEVEL:level}"),
            ("[2026-13-24T18:22:44Z] ERROR: disk full", "%{MONTHNUM}"),
            ("[2026-11-44T18:22:44Z] ERROR: disk full", "%{MONTHDAY}"),
            ("[2026/11/24T18:22:44Z] ERROR: disk full", "-"),
            ("[2026-11-24T28:22:44Z] ERROR: disk full", "%{HOUR}"),
            ("[2026-11-24T18:72:44Z] ERROR: disk full", "%{MINUTE}"),
            ("[2026-11-24T18:22:44Z] ERROR:disk full", " "),
            ("(2026-11-24T18:22:44Z] ERROR: disk full", "\\["))
        + list(
            "user=%{USERNAME:user} id=%{INT:id} took=%{NUMBER:ms}ms", "user=bob id=17 took=3.5ms",
            ("usr=bob id=17 took=3.5ms", "user="), ("user=bob uid=17 took=3.5ms", "id="),
            ("user=bob id=x17 took=3.5ms", "%{INT:id}"), ("user=bob id=17 took=3.5s", "ms"),
            ("user=bob id=17 took=3.5 ms", "ms"), ("user=b~b id=17 took=3.5ms", "%{USERNAME:user}"),
            ("user=bob id= took=3.5ms", "%{INT:id}"), ("user=bob, id=17 took=3.5ms", " "),
            ("user=bob id=17 took=abcms", "%{NUMBER:ms}"), ("user=bob took=3.5ms", "id="),
            ("user:bob id=17 took=3.5ms", "user="), ("user=bob id=17took=3.5ms", " "))
        + list(
            #"^dev "%{WORD:device}" in %{INT:slot}(?:\(%{DATA:user}\))? %{WORD:w} for %{USERNAME:name} at %{IP:ip}/%{INT:port}$"#,
            #"dev "disk" in 4 seen for jane at 192.0.2.1/443"#,
            (#"dev ""disk"" in 4 seen for jane at 192.0.2.1/443"#, "%{WORD:device}"),
            (#"dev "disk" in 4ms seen for jane at 192.0.2.1/443"#, "%{INT:slot}"),
            (#"dev "disk" in 4, seen for jane at 192.0.2.1/443"#, " "),
            (#"dev "disk" in 4 seenfor jane at 192.0.2.1/443"#, " "),
            (#"dev "disk" in 4 seen for at 192.0.2.1/443"#, "%{USERNAME:name}"),
            (#"dev "disk" in 4 for jane at 192.0.2.1/443"#, "%{WORD:w}"),
            (#"dev "disk" in 4 seen for jane at 192.0.2.1443"#, "/"))
        + list(
            #"^flow %{DATA:a} %{INT:n}\(%{DATA:b}\) %{INT:m}\(%{DATA:c}\) end$"#, "flow x 14(18) 19(20) end",
            ("flow x 14(18] 19(20) end", #"\)"#))
        + list(
            "^%{INT:a}/%{INT:b}/%{NOTSPACE:retries} %{INT:q}/%{INT:r} end$", "4/2/0 0/1 end",
            ("4/2/ 0/1 end", "%{NOTSPACE:retries}"))
        + list(
            "^%{MONGO_QUERY:query} %{WORD}:%{INT:n} .*end$", "{ a: 1 } ntoreturn:7 skip:5 n:1 end",
            ("{ a: 1 } zoë:7 skip:5 n:1 end", "%{WORD}"))
        + list(
            "%{HOSTNAME:host} kernel%{NOTSPACE:mark} %{WORD:rule} IN=%{WORD:in}$", "gw kernel: drop IN=eth0",
            ("gw kernel drop IN=eth0", "%{NOTSPACE:mark}"))
        + list(
            #"^%{DATA:zone} %{DATA:user} %{DATA:id} %{POSINT:pid}$"#, "UTC app 4.2 2211", ("UTC app 2211", " "))
        + list(
            "%{COMBINEDAPACHELOG}",
            "203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] \"GET /x HTTP/1.1\" 200 5120 \"-\" \"curl/8\"",
            (
                "203.0.113.44 - carol [24/Nvo/2026:18:22:44 +0000] \"GET /x HTTP/1.1\" 200 5120 \"-\" \"curl/8\"",
                "%{MONTH}"
            ),
            (
                "203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] \"GET /x HTTP/1.1\" 2x0 5120 \"-\" \"curl/8\"",
                "%{NUMBER:response}"
            ),
            (
                "203.0.113.44 - carol 24/Nov/2026:18:22:44 +0000] \"GET /x HTTP/1.1\" 200 5120 \"-\" \"curl/8\"", "\\["
            ),
            (
                "203.0.113.44 - carol [24/Nov/2026:18:22:44] \"GET /x HTTP/1.1\" 200 5120 \"-\" \"curl/8\"",
                "%{INT}"
            ),
            (
                "203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] \"GET /x HTTP/1.1\" 200 5120 \"-\"", " "
            ),
            (
                "203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] \"GET /x HTTP/1.1\" 200 5120 - \"curl/8\"",
                "%{QS:referrer}"
            ),
            (
                "203.0.113.44 carol [24/Nov/2026:18:22:44 +0000] \"GET /x HTTP/1.1\" 200 5120 \"-\" \"curl/8\"",
                "%{HTTPDUSER:auth}"
            ),
            (
                "203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] \"GET /x HTTP/1.1\" 200 \"-\" \"curl/8\"",
                "(?:-|%{NUMBER:bytes})"
            ))
        + list(
            "%{RUBY_LOGGER}", "I, [2026-11-24T18:22:44.615172 #4801]  INFO -- app: order 17",
            ("I [2026-11-24T18:22:44.615172 #4801]  INFO -- app: order 17", ","),
            ("I, [2026-11-24T18:22:44.615172 4801]  INFO -- app: order 17", "#"),
            ("I, [2026-11-24T18:22:44.615172 #48x1]  INFO -- app: order 17", "%{POSINT:pid}"),
            ("I, [2026-11-24T18:22:44.615172 #4801]  NOTE -- app: order 17", "%{RUBY_LOGLEVEL:loglevel}"),
            ("I, [2026-11-24T18:22:44.615172 #4801]  INFO - app: order 17", "--"),
            ("X, [2026-11-24T18:22:44.615172 #4801]  INFO -- app: order 17", "[DIWEF]"),
            ("I, [2026-11-24 #4801]  INFO -- app: order 17", "%{TIMESTAMP_ISO8601:timestamp}"),
            ("I, [2026-11-24T18:22:44.615172 #4801]  INFO -- app order 17", ":"))
        + list(
            "^%{SYSLOGTIMESTAMP:at} %{SYSLOGHOST:host} %{WORD:program}\\[%{POSINT:pid}\\]: (?<event>start|stop) of %{QUOTEDSTRING:unit}$",
            "Nov 24 18:22:44 web-1 sshd[311]: start of \"cron\"",
            ("Nov 24 18:22:44 web-1 sshd[0311]: start of \"cron\"", "%{POSINT:pid}"),
            ("Nov 24 18:22:44 web-1 sshd-x[311]: start of \"cron\"", "%{WORD:program}"),
            ("Nov 24 18:22:44 web-1 sshd[311]: begin of \"cron\"", "(?<event>start|stop)"),
            ("Nov 24 18:22:44 web-1 sshd[311]: start of cron", "%{QUOTEDSTRING:unit}"),
            ("Nov 24 18:22:44 web-1 sshd[311]: start of \"cron\" now", "$"),
            ("Nov 24 18:22:44 web-1 sshd: start of \"cron\"", "\\["),
            ("<6>Nov 24 18:22:44 web-1 sshd[311]: start of \"cron\"", "^"),
            ("Nov 24 18.22.44 web-1 sshd[311]: start of \"cron\"", "%{TIME}"),
            ("Nov 24 18:22:44 sshd[311]: start of \"cron\"", "%{SYSLOGHOST:host}"),
            ("Nov 24 18:22:44 web-1 sshd[311] start of \"cron\"", ":"),
            ("Nov 24 18:22:44 web-1 sshd[311]: start \"cron\"", "of"),
            ("Noe 24 18:22:44 web-1 sshd[311]: start of \"cron\"", "%{MONTH}"))
        + list(
            "(?<kind>[A-Z]{3})-(?<number>\\d{4}) %{UUID:id} %{MAC:mac}",
            "ABC-1234 6f9619ff-8b86-d011-b42d-00cf4fc964ff 00:1a:2b:3c:4d:5e",
            ("AbC-1234 6f9619ff-8b86-d011-b42d-00cf4fc964ff 00:1a:2b:3c:4d:5e", "(?<kind>[A-Z]{3})"),
            ("ABC_1234 6f9619ff-8b86-d011-b42d-00cf4fc964ff 00:1a:2b:3c:4d:5e", "-"),
            ("ABC-12x4 6f9619ff-8b86-d011-b42d-00cf4fc964ff 00:1a:2b:3c:4d:5e", "(?<number>\\d{4})"),
            ("ABC-1234 6f9619ff-8b86-d011-b42d-00cf4fc964fg 00:1a:2b:3c:4d:5e", "%{UUID:id}"),
            ("ABC-1234 6f9619ff-8b86-d011-b42d-00cf4fc964ff 00:1a:2b:3c:4d:zz", "%{MAC:mac}"),
            ("ABC-123 6f9619ff-8b86-d011-b42d-00cf4fc964ff 00:1a:2b:3c:4d:5e", "(?<number>\\d{4})"))

    /// The written elements on the way to what is blamed.
    static func named(_ found: GrokExplanation) -> [String] {
        found.places.map { String(decoding: Array($0.text.utf8)[$0.range], as: UTF8.self) }
    }

    @Test("of one broken element at least 95 of 100 are named")
    func share() throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        var wrong: [String] = []
        for miss in Self.all {
            #expect(try compiler.explain(miss.expression, line: Array(miss.good.utf8)) == nil, "\(miss.good) matches")
            guard let found = try compiler.explain(miss.expression, line: Array(miss.bad.utf8)) else {
                Issue.record("\(miss.bad) matches too")
                continue
            }
            let names = Self.named(found)
            if !names.contains(miss.element) {
                wrong.append("\(miss.bad)\n   wanted \(miss.element), got \(names)")
            }
        }
        #expect(Self.all.count >= 60)
        let share = Double(Self.all.count - wrong.count) / Double(Self.all.count)
        print("explain names \(Self.all.count - wrong.count) of \(Self.all.count) broken elements")
        #expect(share >= 0.95, "\(wrong.joined(separator: "\n"))")
        if !wrong.isEmpty { print("not named:\n\(wrong.joined(separator: "\n"))") }
    }

    @Test("what is proposed makes the line match")
    func suggestions() throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        var count = 0
        for miss in Self.all {
            let line = Array(miss.bad.utf8)
            for suggestion in try compiler.explain(miss.expression, line: line)?.suggestions ?? [] {
                count += 1
                #expect(
                    NearMissFields.of("(?<whole>\(suggestion.expression))", line: line, compiler.applying(suggestion))
                        != nil,
                    "\(suggestion) on \(miss.bad)")
            }
        }
        #expect(count >= 40)
    }

    @Test("the rest of a number is the number's, not what may stand behind it")
    func decimalComma() throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        for text in ["12,5", "1,234"] {
            let line = Array("took \(text) done".utf8)
            let found = try #require(try compiler.explain("took %{INT:n}(?<unit>[a-z]*) done", line: line))
            #expect(found.expressionRange == 5..<13, "\(text)")
        }
    }

    @Test("another mark in a list is named where it stands, also behind what takes anything but the right one")
    func otherSeparator() throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let expression = "^%{WORD:k}: (?<host>[^;]*);(?<service>[^;]*);(?<state>[^;]*);%{DATA:handler}$"
        for place in [9, 14] {
            for other in [",", "|"] {
                var line = Array("ALERT: db;Load;CRITICAL;re-start".utf8)
                #expect(line[place] == UInt8(ascii: ";"))
                line[place] = other.utf8.first!
                let found = try #require(try compiler.explain(expression, line: line))
                #expect(found.found == place..<(place + 1), "\(place) \(other)")
                // No value has such a mark of its own, so that nothing else can be meant.
                #expect(found.suggestions.allSatisfy { $0.advice == "allow '\(other)' in the place of ';'" })
                line[24] = other.utf8.first!
                let unclear = try #require(try compiler.explain(expression, line: line))
                #expect(unclear.suggestions.isEmpty, "one of two marks: \(unclear.suggestions)")
            }
        }
    }
}

extension GrokCompiler {
    /// The compiler with the definition of a change.
    func applying(_ remedy: GrokRemedy) -> GrokCompiler {
        guard let definition = remedy.definition else { return self }
        var library = library
        library.add(name: definition.name, expression: definition.expression)
        return GrokCompiler(library: library)
    }
}
