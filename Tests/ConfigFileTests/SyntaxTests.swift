import ConfigFile
import Testing

@Suite struct SyntaxTests {
    @Test(
        "a value is read as Fluentd reads it",
        arguments: [
            ("k v", "v"),
            ("k   v w  ", "v w"),
            ("k\tv\t# comment", "v"),
            ("k a#b", "a#b"),
            ("k a #b", "a"),
            ("k #a", "#a"),
            ("k #a #b", "#a"),
            ("k", ""),
            (#"k a\tb\n"#, #"a\tb\n"#),
            (#"k %{A:b} \| c"#, #"%{A:b} \| c"#),
            (#"k 'a\'b\\c\d'"#, #"a'b\c\d"#),
            (#"k "a\"b\'c\\d\[e\n\t""#, "a\"b'c\\d[e\n\t"),
            ("k \"a\nb\"", "a\nb"),
            ("k \"a\\\nb\"", "ab"),
            ("k \"a\r\nb\"", "a\nb"),
            (#"k "a" # comment"#, "a"),
            (##"k "a"# comment"##, "a"),
            (#"k """#, ""),
            (#"k "ä\ö""#, "äö"),
            (#"k "a # b""#, "a # b"),
            ("k [1, 2.5, \"a\"]", #"[1,2.5,"a"]"#),
            ("k [ # one\n  1, # two\n  2\n ] # end", "[1,2]"),
            (#"k {"a": {"b": [true, false, null]}, "c": "x # y"}"#, #"{"a":{"b":[true,false,null]},"c":"x # y"}"#),
            (#"k ["\u00e4\ud83d\ude00\n"]"#, #"["ä😀\n"]"#),
            (##"k ["#{worker_id}"]"##, #"["3"]"#),
            ("'k' v", "v"),
            ("\"k\" v", "v"),
            (#"k /\[(?<t>[^\]]*)\]  (?<l>\S+).../"#, #"/\[(?<t>[^\]]*)\]  (?<l>\S+).../"#),
            ("k 1\nk 2", "2"),
            ("k v # a # b", "v"),
        ])
    func values(_ line: String, _ expected: String) {
        let parsed = Parsed(source(line))
        #expect(parsed.text("k") == expected)
        #expect(parsed.diagnostics.errorCount == 0, "\(parsed.rendered)")
    }

    @Test("line ends, tabs and a byte order mark do not change what a file says")
    func lineEnds() {
        let plain = "<match a b>\n  @type copy\n  <store>\n    k v\n  </store>\n</match>\n"
        let expected = Parsed(plain).root.dump(Diagnostics())
        #expect(expected.contains("k v"))
        for text in [
            plain.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n"),
            "\u{FEFF}" + plain,
            String(plain.map { $0 == " " ? "\t" : $0 }).replacing("\ta\tb", with: "\ta b"),
            String(plain.dropLast()),
            "# comment\n\n   # another\n" + plain + "# the end",
        ] {
            let parsed = Parsed(text)
            #expect(parsed.messages == [])
            #expect(parsed.root.dump(Diagnostics()) == expected)
        }
    }

    @Test(
        "the argument is the trimmed text behind the name",
        arguments: [
            ("<match>", ""),
            ("<match a.**>", "a.**"),
            ("<match   a  b.*  >", "a  b.*"),
            ("<match {a,b}.*> # comment", "{a,b}.*"),
            (##"<match "app.#{ENV['X']}.*">"##, "app.x.*"),
            ("<match 'a b'>", "a b"),
            ("<match a#b>", "a#b"),
        ])
    func arguments(_ tag: String, _ expected: String) {
        let parsed = Parsed(tag + "\n</match>", environment: ["X": "x"])
        #expect(parsed.messages == [])
        #expect(parsed.root.sections.first?.argument.text == expected)
    }

    @Test("a deep tree keeps its order")
    func tree() {
        let parsed = Parsed(
            "<label @A>\n<match x>\nb 1\n<store>\nc 2\n</store>\na 3\n<store>\n</store>\n</match>\n</label>")
        let match = parsed.root.sections[0].sections[0]
        #expect(match.parameters.map(\.key) == ["b", "a"])
        #expect(match.sections(named: "store").map { $0.parameters.count } == [1, 0])
        #expect(match.sections[0].parameter("c")?.text == "2")
    }

    @Test("v0.12 names stand for the reserved ones")
    func oldNames() {
        let parsed = Parsed(source("type forward\nid a"))
        #expect(parsed.root.sections[0].type?.text == "forward")
        #expect(parsed.root.sections[0].id?.text == "a")
        #expect(parsed.root.sections[0].summary == "<source> of type forward")
    }

    @Test("places point at the characters they name")
    func places() throws {
        let text = "# ä\n<match  a.*>\n  kéy  'v\\'w' # c\n</match>"
        let section = try #require(Parsed(text).root.sections.first)
        let parameter = try #require(section.parameters.first)
        #expect((section.place.line, section.place.column, section.place.text) == (2, 1, "<match  a.*>"))
        #expect((section.argument.place.column, section.argument.place.text) == (9, "a.*"))
        #expect((parameter.keyPlace.line, parameter.keyPlace.column, parameter.keyPlace.text) == (3, 3, "kéy"))
        #expect((parameter.valuePlace.column, parameter.valuePlace.text) == (8, "'v\\'w'"))
    }

    @Test("an offset into a value leads back to the file, through escapes and embedded code")
    func offsets() throws {
        let text = source(##"k "a\n\"b#{hostname}c""##)
        let parameter = try #require(Parsed(text).root.sections.first?.parameters.first)
        #expect(parameter.text == "a\n\"bhost.examplec")
        #expect(parameter.place(ofOffset: 0).column == 4)
        #expect(parameter.place(ofOffset: 1).column == 5)
        #expect(parameter.place(ofOffset: 2).column == 8)
        #expect(parameter.place(ofOffset: 3).column == 9)
        #expect(parameter.place(ofOffset: 16).text == "c")
        let plain = try #require(Parsed(source("k /a(b/")).root.sections.first?.parameters.first)
        #expect(plain.place(ofOffset: 2, length: 2).text == "(b")
    }

    @Test("a file may hold sections 64 deep and not more")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "<match>\n", count: depth) + String(repeating: "</match>\n", count: depth)
        }
        #expect(Parsed(nested(64)).messages == [])
        #expect(Parsed(nested(65)).messages.contains("65:1 error sections are nested more than 64 deep"))
        #expect(Parsed(nested(100_000)).diagnostics.errorCount < 70)
    }

    @Test("100 messages are kept, the others counted, and errors go before warnings")
    func manyMessages() {
        let parsed = Parsed(
            "<match>\n" + String(repeating: "j # x\n", count: 150) + String(repeating: "k 'x\n", count: 120)
                + "</match>")
        #expect(parsed.diagnostics.all.count == 100)
        #expect(parsed.diagnostics.errors.count == 100)
        #expect(parsed.rendered.hasSuffix("and 170 more\n120 errors, 150 warnings in fluent.conf\n"))
    }

    @Test("a hint names what was meant when code stands outside of double quotes")
    func unquotedCode() {
        #expect(Parsed(source("k #{ENV['X']}")).hints == [##"write "#{ENV['X']}""##])
    }

    @Test("a message about a very long line or value stays short and points right")
    func longLine() throws {
        let parsed = Parsed("<match>\n  k \"" + String(repeating: "ä", count: 200_000) + "\\d\"\n</match>")
        let error = try #require(parsed.diagnostics.errors.first)
        #expect((error.line, error.column, error.lineText.utf8.count < 9000) == (2, 200_006, true))
        let lines = parsed.rendered.split(separator: "\n")
        let caret = try #require(lines[2].firstIndex(of: "^"))
        let column = lines[2].distance(from: lines[2].startIndex, to: caret)
        #expect(lines[1][lines[1].index(lines[1].startIndex, offsetBy: column)...].hasPrefix("\\d"))
        let reader = SectionReader(parsed.root.sections[0], diagnostics: parsed.diagnostics)
        _ = reader.int("k")
        #expect(parsed.diagnostics.errors[1].message.utf8.count < 1200)
    }

    @Test("a YAML file is included by YAML only")
    func yaml() {
        #expect(
            Parsed("@include a.yaml", files: ["a.yaml": ""]).messages == [
                "1:10 error 'a.yaml' is YAML, which a configuration of this format cannot include"
            ])
    }

    @Test("a section with very many parameters is read in linear time", .timeLimit(.minutes(10)))
    func manyParameters() {
        // Copying all earlier parameters for each would be 10 billion copies, many minutes.
        let parsed = Parsed("<match>\n" + String(repeating: "key value\n", count: 100_000) + "</match>")
        #expect(parsed.root.sections[0].parameters.count == 100_000)
    }
}
