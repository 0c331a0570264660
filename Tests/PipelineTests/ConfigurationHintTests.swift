import ConfigFile
import Pipeline
import Testing

/// Mistakes whose cure is known: the hint names it.
@Suite struct ConfigurationHintTests {
    private static func elasticsearch(_ lines: String) -> Checked {
        Checked("<source>\n@type forward\n</source>\n<match **>\n@type elasticsearch\n\(lines)\n</match>\n")
    }

    @Test(
        "what to write is said",
        arguments: [
            ("index_name ${team}", "write ${team} and make the field a chunk key: <buffer tag, team>"),
            ("index_name ${taq}", "did you mean '${tag}'?"),
            ("index_name ${servce}\n<buffer service>\n</buffer>", "did you mean '${service}'?"),
            ("host [::1]", "put an address with brackets in quotes: '[::1]'"),
            ("hosts [fe80::1]:9200", "put an address with brackets in quotes: '[fe80::1]:9200'"),
            ("hosts [1, 2", "a value that begins with '[' is JSON; if it is text, put it in single quotes"),
            ("remove_keys $.a.", "write $.a.b, or a key without '$' in front"),
        ])
    func hints(_ lines: String, _ hint: String) {
        let checked = Self.elasticsearch(lines)
        #expect(checked.diagnostics.all.map(\.hint) == [hint], "\(checked.rendered)")
    }

    @Test(
        "an IPv6 address has brackets in the URL, whether it was written with them or not",
        arguments: ["::1", "'[::1]'"])
    func addresses(_ host: String) {
        let checked = Self.elasticsearch("host \(host)")
        #expect(checked.rendered == "")
        #expect(PlanReport.text(checked.plan, path: "f").contains("http://[::1]:9200"))
    }

    @Test("a host that holds a password is named without it", arguments: ["https://eve:abcsecret", "h:9200abc"])
    func hostWithoutPassword(_ value: String) {
        let environment = ConfigEnvironment(variables: ["SEARCH": value])
        let document = ConfigDocument.parse(
            "<match>\n@type elasticsearch\nhosts \"#{ENV['SEARCH']}\"\n</match>", environment: environment)
        _ = PlanBuilder.build(document, environment: environment)
        let messages = document.diagnostics.errors.map(\.message)
        #expect(messages.count == 1 && messages[0].contains("xxxxxx' is no host"), "\(messages)")
        #expect(!messages[0].contains("abc"))
    }

    @Test("code behind the colon of a JSON object gives its value; elsewhere '#' begins a comment")
    func codeInJSON() throws {
        let environment = ConfigEnvironment(variables: ["TEAM": "a\"b"])
        for (text, expected) in [
            (##"{"X-Team":#{ENV['TEAM'].inspect}}"##, #"{"X-Team":"a\"b"}"#),
            (##"{"X-Team": #{1 + 1}}"##, #"{"X-Team":2}"#),
            ("{\"a\":1, #{ENV['TEAM']}\n\"b\":2}", #"{"a":1,"b":2}"#),
        ] {
            let document = ConfigDocument.parse(
                "<match>\n  custom_headers \(text)\n</match>", environment: environment)
            #expect(document.diagnostics.all.isEmpty, "\(document.diagnostics.all)")
            #expect(document.root.sections.first?.parameters.first?.text == expected)
        }
        let refused = ConfigDocument.parse("<match>\n  custom_headers {\"a\":#{'x'}}\n</match>")
        #expect(refused.diagnostics.errors.map(\.message) == ["not valid JSON: what the code gives is no JSON"])
    }

    @Test(
        "brackets around a reference are told to be a class; escaped ones, groups and classes without one are not",
        arguments: [
            ("x [%{WORD:level}] %{INT:n}", "5:20", #"\[%{WORD:level}\]"#),
            (#"%{INT:n} \[x\] [%{WORD:level} x]"#, "5:33", #"\[%{WORD:level} x\]"#),
            (#"\[%{WORD:level}\] [a-z]+ (%{INT:n})?"#, nil, ""),
        ] as [(String, String?, String)])
    func brackets(_ expression: String, _ place: String?, _ text: String) {
        let rendered = Checked(
            "<filter>\n@type parser\nkey_name log\n<parse>\n  grok_pattern   \(expression)\n  @type grok\n</parse>\n</filter>"
        ).rendered
        #expect(rendered.contains("these brackets are a class") == (place != nil), "\(rendered)")
        if let place {
            #expect(rendered.contains(":\(place): warning") && rendered.contains("for text write \(text)\n"))
        }
    }
}
