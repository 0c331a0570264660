import ConfigFile
import Testing

/// A reader for the first section of a text.
struct Read {
    let parsed: Parsed
    let reader: SectionReader

    init(_ lines: String) throws {
        parsed = Parsed("<filter a>\n@type t\n\(lines)\n</filter>")
        reader = SectionReader(try #require(parsed.root.sections.first), diagnostics: parsed.diagnostics)
    }
    var messages: [String] { parsed.messages }
    var hints: [String] { parsed.hints }
}

@Suite struct SectionReaderTests {
    @Test(
        "sizes are bytes or whole numbers with a unit",
        arguments: [
            ("8m", 8 << 20), ("8MB", 8 << 20), ("8MiB", 8 << 20), ("1k", 1024), ("2G", 2 << 30), ("1t", 1 << 40),
            ("100", 100), ("1_000", 1000), ("-1", -1), ("0", 0),
        ])
    func sizes(_ text: String, _ bytes: Int) throws {
        let read = try Read("k \(text)")
        #expect(read.reader.size("k")?.value == bytes)
        #expect(read.messages == [])
    }

    @Test(
        "what Fluentd would silently misread is an error with what to write",
        arguments: [
            ("size", "1.5m", "only whole numbers take a unit; write 1536k"),
            ("size", "1.5k", "only whole numbers take a unit; write 1536"),
            ("size", "eight", "write bytes, or a whole number with k, m, g or t, such as 8m"),
            ("size", "8 m", "write bytes, or a whole number with k, m, g or t, such as 8m"),
            ("size", "9999999999g", "that is more than fits into 64 bits"),
            ("size", "", "write bytes, or a whole number with k, m, g or t, such as 8m"),
            ("time", "100ms", "milliseconds are written as seconds: 0.1"),
            ("time", "1.5m", "only whole numbers take a unit; write 90"),
            ("time", "1.5h", "only whole numbers take a unit; write 5400"),
            ("time", "10 s", "write 10s"),
            ("time", "5M", "write 5m"),
            ("time", "soon", "write seconds, such as 0.5, or a whole number with s, m, h or d, such as 10s"),
            ("time", "inf", "write seconds, such as 0.5, or a whole number with s, m, h or d, such as 10s"),
            ("int", "12x", "write digits, such as 10"),
            ("int", "1.5", "write digits, such as 10"),
            ("int", "99999999999999999999", "write digits, such as 10"),
            ("int", "-1", "at least 0"),
            ("int", "70000", "at most 65535"),
            ("float", "nan", "write a number, such as 0.5"),
            ("enum", "jsn", "did you mean 'json'? valid are json, ltsv"),
            ("enum", "nothing", "valid are json, ltsv"),
            ("array", "[1", nil),
            ("array", "[]x", nil),
            ("hash", "a:1,b", "write k:v,k:v or a JSON object"),
            ("json", "abc", "text is written in quotes: \"…\""),
            ("regexp", "/a/q", "options are i, m and x; write /…/i"),
            ("regexp", "/", "write /\\//"), ("regexp", "/health", "write /\\/health/"),
            ("regexp", "/api/health", #"a pattern that begins with a slash needs two more around it: /\/api\/health/"#),
        ])
    func errors(_ kind: String, _ text: String, _ hint: String?) throws {
        let read = try Read("k \(text)")
        switch kind {
        case "size": #expect(read.reader.size("k", default: 7) == 7)
        case "time": #expect(read.reader.time("k", default: 7) == 7)
        case "int": #expect(read.reader.int("k", default: 7, range: 0...65535) == 7)
        case "float": #expect(read.reader.float("k", default: 7) == 7)
        case "enum": #expect(read.reader.enumeration("k", ["json": 1, "ltsv": 2], default: 7) == 7)
        case "array": _ = read.reader.array("k")
        case "hash": #expect(read.reader.hash("k") == nil)
        case "json": #expect(read.reader.jsonValue("k") == nil)
        default: #expect(read.reader.regexp("k") == nil)
        }
        #expect(read.parsed.diagnostics.errorCount >= 1)
        if let hint { #expect(read.hints == [hint]) }
    }

    @Test(
        "times are seconds",
        arguments: [
            ("10", 10), ("0.5", 0.5), ("10s", 10), ("5m", 300), ("2h", 7200), ("1d", 86400), ("1e3", 1000),
            ("10sec", 10), ("5min", 300), ("2hours", 7200), ("1day", 86400),
        ]
            as [(String, Double)])
    func times(_ text: String, _ seconds: Double) throws {
        let read = try Read("k \(text)")
        #expect(read.reader.time("k")?.value == seconds)
        #expect(read.messages == [])
    }

    @Test(
        "true and false have few spellings; others count as not set and are warned about",
        arguments: [
            ("k true", true), ("k yes", true), ("k", true), ("k #x", true), ("k false", false), ("k no", false),
            ("k ture", nil), ("k 1", nil), ("", nil),
        ] as [(String, Bool?)])
    func bools(_ line: String, _ expected: Bool?) throws {
        let read = try Read(line)
        #expect(read.reader.bool("k")?.value == expected)
        #expect(read.parsed.diagnostics.warningCount == (["k ture", "k 1"].contains(line) ? 1 : 0))
    }

    @Test("lists and hashes are JSON or separated by commas")
    func collections() throws {
        let read = try Read(
            "a [\"x\", 1, {\"y\": null}]\nb  x , y,z\nc {\"k\": \"v\", \"n\": 1}\nd k:v:w, l:\ne\nf {\"k\":\"a\",\"k\":\"b\"}"
        )
        #expect(read.reader.array("a")?.value == ["x", "1", #"{"y":null}"#])
        #expect(read.reader.array("b")?.value == ["x", "y", "z"])
        #expect(read.reader.hash("c")?.value.map { "\($0.key)=\($0.value)" } == ["k=v", "n=1"])
        #expect(read.reader.hash("d")?.value.map { "\($0.key)=\($0.value)" } == ["k=v:w", "l="])
        #expect(read.reader.array("e")?.value == [])
        #expect(read.reader.hash("f")?.value.map { "\($0.key)=\($0.value)" } == ["k=b"])
        #expect(
            read.reader.jsonValue("c")?.value
                == .object([.init(key: "k", value: .string("v")), .init(key: "n", value: .number("1"))]))
        #expect(read.messages == [])
    }

    @Test("a regular expression comes apart, and an offset in its body leads to the file")
    func regexps() throws {
        let read = try Read("a /^a(b\\/c$/im\nb ^x/y$\nc '/a(/'")
        let a = try #require(read.reader.regexp("a"))
        #expect(a.value.body == "^a(b\\/c$")
        #expect(a.value.isCaseInsensitive && a.value.dotMatchesNewline && !a.value.isExtended)
        let place = read.reader.place(ofOffset: a.value.bodyOffset + 2, in: a.parameter)
        #expect((place.line, place.column, place.text) == (3, 6, "("))
        #expect(read.reader.regexp("b")?.value == RegexpText(body: "^x/y$", options: "", bodyOffset: 0))
        let c = try #require(read.reader.regexp("c"))
        #expect(read.reader.place(ofOffset: c.value.bodyOffset + 1, in: c.parameter).text == "(")
    }

    @Test("what nobody asked for is an error when it is nearly a known name, a warning otherwise")
    func unknown() throws {
        let read = try Read(
            "grok_patern x\nsomething y\nsomething z\nkey_name log\n@id a\nlog_level info\n<pars>\n</pars>\n<other>\n</other>"
        )
        _ = read.reader.type()
        _ = read.reader.string("grok_pattern")
        _ = read.reader.string("key_name")
        #expect(!read.reader.has("reserve_data"))
        _ = read.reader.sections(named: "parse")
        read.reader.finish()
        #expect(
            read.messages == [
                "3:1 error unknown parameter 'grok_patern' in <filter a> of type t",
                "4:1 warning unknown parameter 'something' in <filter a> of type t is not used",
                "9:2 error unknown section <pars> in <filter a> of type t",
                "11:2 warning unknown section <other> in <filter a> of type t is not used",
            ])
        #expect(read.hints[0] == "did you mean 'grok_pattern'?")
        #expect(read.hints[2] == "did you mean <parse>?")
        #expect(
            read.parsed.rendered.hasPrefix(
                """
                fluent.conf:3:1: error: unknown parameter 'grok_patern' in <filter a> of type t
                    3 | grok_patern x
                      | ^~~~~~~~~~~
                      hint: did you mean 'grok_pattern'?

                """))
    }

    @Test("a missing parameter is reported at the tag, use_nil counts as missing, use_default as not there")
    func missing() throws {
        let read = try Read("b \"#{use_nil}\"\nc \"#{use_default}\"")
        #expect(read.reader.string("a", required: true) == nil)
        #expect(read.reader.string("b", required: true) == nil)
        #expect(read.reader.int("c", default: 4) == 4)
        #expect(
            read.messages == [
                "1:1 error 'a' is required in <filter a> of type t",
                "3:1 error 'b' is required in <filter a> of type t",
            ])
    }

    @Test("aliases are one parameter, ignored ones are explained, sections stand once")
    func aliases() throws {
        let read = try Read("host a\nhosts b\nslow 1\n<buffer>\n</buffer>\n<buffer>\n</buffer>\n<p>\n</p>")
        #expect(read.reader.string("host", aliases: ["hosts"])?.value == "a")
        read.reader.ignore(["slow", "absent"], reason: "there is nothing slow here")
        #expect(read.reader.section(named: "buffer") != nil)
        #expect(read.reader.section(named: "inject", required: true) == nil)
        _ = read.reader.allSections()
        read.reader.finish()
        #expect(
            read.messages == [
                "1:1 error <filter a> of type t needs a section <inject>",
                "4:1 warning 'hosts' and 'host' in <filter a> of type t are the same parameter",
                "5:1 warning 'slow' in <filter a> of type t has no effect: there is nothing slow here",
                "8:1 error <buffer> stands a second time in <filter a> of type t",
            ])
    }

    @Test("the dump is what Fluentd prints, and never shows a secret")
    func dump() throws {
        let read = try Read(
            "key_name log\nport 24224\npassword p\nmy_key s\npattern a\\|'b'\nunread x\n<parse>\n@type json\n</parse>")
        _ = read.reader.type()
        _ = read.reader.string("key_name")
        _ = read.reader.int("port")
        _ = read.reader.string("password")
        _ = read.reader.secret("my_key")
        _ = read.reader.string("pattern")
        _ = SectionReader(try #require(read.reader.section(named: "parse")), diagnostics: read.parsed.diagnostics)
            .type()
        #expect(
            read.parsed.root.dump(read.parsed.diagnostics) == """
                <ROOT>
                  <filter a>
                    @type t
                    key_name "log"
                    port 24224
                    password xxxxxx
                    my_key xxxxxx
                    pattern "a\\\\|\\'b\\'"
                    unread x
                    <parse>
                      @type "json"
                    </parse>
                  </filter>
                </ROOT>

                """)
    }
}
