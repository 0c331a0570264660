import Expressions
import Testing

/// What is refused when the configuration is read: the place and the nearest way to write it.
@Suite struct SyntaxTests {
    private func refused(_ source: String) -> ExpressionError? {
        do {
            _ = try Expression(source)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "what is not covered is refused at its place",
        arguments: [
            (#"record["x"] = 1"#, 12, "assignments"), ("tag = 1", 4, "assigned anew"),
            ("record['n'] += 1", 12, "assignments"),
            ("record['n'] ||= 1", 12, "assignments"), ("1; )", 3, "not expected"),
            ("require 'json'", 0, "require"), ("`id`", 0, "commands"), ("system('id')", 0, "commands"),
            ("eval('1')", 0, "run time"),
            ("puts 1", 0, "writes nothing"), ("sleep 1", 0, "wait"), ("File.read('/x')", 0, "files"),
            ("File.basenames('/x')", 0, "files"), ("File.exist?(File.basename('/x'))", 0, "files"),
            ("Net::HTTP.get('x')", 0, "network"),
            ("TCPSocket.new('x', 1)", 0, "network"), ("Foo.bar", 0, "'Foo'"), ("Time.nowx", 5, "Time.nowx"),
            ("'a'.upcas", 4, "upcas"),
            ("'a'.blank?", 4, "blank?"), ("'a'.gsub!('a', 'b')", 4, "gsub!"),
            ("record['a'].push(1)", 12, "would change the record"),
            ("record['a'] << 1", 12, "would change the record"), ("record.dig('a').pop", 16, "would change the record"),
            ("while true do 1 end", 0, "loops"), ("1 while true", 2, "loops"), ("-> { 1 }", 0, "lambdas"),
            ("lambda { 1 }", 0, "lambdas"),
            ("def x; end", 0, "'def'"), ("@x", 0, "instance variables"), ("$stdout", 0, "global variables"),
            ("<<EOS", 0, "here-documents"),
            ("/#{1}/", 1, "regular expression"), ("/(/", 1, ""), ("/a/q", 3, "option"), ("'abc", 0, "missing"),
            ("\"a#{1", 5, "missing"),
            ("[1, 2", 5, "missing"), ("{1 => 2", 0, "missing"), ("(1", 0, "missing"), ("1 +", 2, "nothing follows"),
            ("1 2", 2, "not expected"),
            ("a ? b", 5, "':'"), ("if true then 1", 0, "'end'"), ("case 1 end", 7, "'when'"), ("record[", 7, "missing"),
            ("1.", 2, ""), ("foo(1)", 0, "'foo'"),
            ("99999999999999999999", 0, "64 bits"), ("12abc", 0, "number"), ("[*a]", 1, "'*'"),
            ("rand(5)", 0, "chance"), ("self", 0, "self"),
        ]) func refusals(_ source: String, _ offset: Int, _ words: String) throws
    {
        let error = try #require(refused(source), "\(source) was taken")
        #expect(error.offset == offset, "\(source): \(error)")
        #expect(words.isEmpty || error.message.contains(words), "\(source): \(error)")
        #expect(error.offset + error.length <= source.utf8.count, "\(source): \(error)")
    }

    @Test("names that nothing is known by are told")
    func unknownNames() throws {
        let expression = try Expression("message || level.upcase")
        #expect(expression.unknownNames.map(\.name) == ["message", "level"])
        #expect(expression.unknownNames.map(\.offset) == [0, 11])
        #expect(try Expression("[1].map { |message| message }").unknownNames.isEmpty)
    }

    @Test(
        "texts with code are cut at its braces",
        arguments: [
            ("plain", ["plain"]), ("${1}", ["<1>"]), ("a ${1} b", ["a ", "<1>", " b"]), ("#{1}${2}", ["<1>", "<2>"]),
            (#"${ {"a"=>1}.to_json }"#, [#"< {"a"=>1}.to_json >"#]), (#"${"}"}x"#, [#"<"}">"#, "x"]),
            ("100% $x {y} ${", ["100% $x {y} ${"]),
            (#"a\tb\${1}"#, ["a\tb${1}"]), ("", [""]),
            ("${[1].map { |x| \"#{x}\" }}.", ["<[1].map { |x| \"#{x}\" }>", "."]),
        ]) func templates(_ text: String, _ parts: [String]) throws
    {
        let shown = try ExpressionTemplate(text).parts.map { part in
            switch part {
            case .text(let bytes): String(decoding: bytes, as: UTF8.self)
            case .expression(let expression): "<\(expression.source)>"
            }
        }
        #expect(shown == parts)
    }

    @Test(
        "what is nested without end is refused and not followed",
        arguments: [
            "(", "[", "!", "-", "not ", "1 + (", "{a: ", "if ", "\"#{", "a ? ", "[1].map { |x| ", "case ", "begin ",
        ])
    func deep(_ opener: String) {
        #expect(refused(String(repeating: opener, count: 100_000)) != nil)
        #expect(refused(String(repeating: opener, count: 100_000) + "1") != nil)
    }

    @Test("long chains are refused before they are too long for the stack")
    func long() {
        #expect(refused("1" + String(repeating: " + 1", count: 100)) == nil)
        #expect(refused("1" + String(repeating: " + 1", count: 100_000)) != nil)
        #expect(refused("'a'" + String(repeating: ".to_s", count: 100_000)) != nil)
        #expect(refused(String(repeating: "a || ", count: 100_000) + "b") != nil)
    }
}
