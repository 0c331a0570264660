import TestSupport
import Testing
import YAML

@Suite("YAML documents")
struct YAMLDocumentTests {
    /// `{a: "b", c: [1]}` with plain scalars bare.
    private func shown(_ node: YAMLNode?) -> String {
        switch node?.content {
        case nil: "nothing"
        case .scalar(let text, let isPlain): isPlain ? text : "\"\(text)\""
        case .sequence(let items): "[" + items.map(shown).joined(separator: ", ") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\($0.key): \(shown($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    @Test(
        "sequences, mappings and scalars in every style",
        arguments: [
            ("", "nothing"), ("# only a comment\n", "nothing"), ("a: 1\nb: 'x'\n", #"{a: 1, b: "x"}"#),
            ("- a\n- [b, {c: d}]\n", "[a, [b, {c: d}]]"), ("a: |\n  two\n  lines\n", "{a: \"two\nlines\n\"}"),
            ("a: >-\n  folded\n  text\n", #"{a: "folded text"}"#), ("a:\nb: ~\n", "{a: , b: ~}"),
            (#"a: "\u00e4\n""#, "{a: \"ä\n\"}"), ("ä: ö", "{ä: ö}"),
        ])
    func styles(text: String, expected: String) throws {
        #expect(shown(try YAMLDocument.parse(Array(text.utf8))) == expected)
    }

    @Test("places are lines, columns and letters") func places() throws {
        let text = "ä: x\nlist:\n  - one\n  - two\n"
        let node = try #require(try YAMLDocument.parse(Array(text.utf8)))
        let two = try #require(node["list"]?.items?.last)
        #expect(two.place.line == 4 && two.place.column == 5)
        #expect(String(String.UnicodeScalarView(Array(text.unicodeScalars)[two.place.offset..<two.endOffset])) == "two")
        #expect(node["list"]?.endOffset == two.endOffset)
    }

    @Test(
        "what no file of ours needs is an error with its place",
        arguments: [
            ("a: &x 1\nb: *x\n", "2:4: aliases"), ("a: 1\na: 2\n", "2:1: the key 'a'"), ("[1]: 2\n", "1:1: a key"),
            ("a: 1\n---\nb: 2\n", "2:1: a second document"), ("a: [1\n", "2:1: "), ("a: \"x\n", "2:1: "),
            (String(repeating: "[", count: 100), "1:66: more than 64"),
        ])
    func errors(text: String, expected: String) {
        let error = #expect(throws: YAMLError.self) { _ = try YAMLDocument.parse(Array(text.utf8)) }
        #expect(error?.description.hasPrefix(expected) == true, "\(error?.description ?? "")")
    }

    @Test("noise is read or refused", arguments: 0..<20) func noise(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let letters = Array("ab: -[]{}\"'\n\t|>&*#!%@~\u{0}\u{FF}ä\\,".utf8)
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0..<60, using: &random)).map { _ in letters.randomElement(using: &random)! }
            _ = try? YAMLDocument.parse(bytes)
        }
    }
}

@Suite("YAML aliases and tags")
struct YAMLAliasTests {
    private func texts(_ text: String) throws -> [String?] {
        try #require(try YAMLDocument.parse(Array(text.utf8), takesAliases: true)?.items).map(\.text)
    }

    @Test("an alias is the node that was named last") func aliases() throws {
        #expect(try texts("[&x a, *x, &x b, *x]") == ["a", "a", "b", "b"])
    }

    @Test(
        "tags are as they are written", arguments: [("!include x", "!include"), ("!!str x", "tag:yaml.org,2002:str")])
    func tags(text: String, tag: String) throws {
        #expect(try YAMLDocument.parse(Array(text.utf8))?.tag == tag)
        #expect(try YAMLDocument.parse(Array("[\(text)]".utf8))?.items?.first?.tag == tag)
        #expect(try YAMLDocument.parse(Array("x".utf8))?.tag == nil)
    }

    @Test(
        "an alias of nothing, of what is around it, and too many of them are errors",
        arguments: [
            "[*x]", "&x [*x]", "&x {a: *x}",
            "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                + "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
            "a: &a \(String(repeating: "[", count: 40))1\(String(repeating: "]", count: 40))\n"
                + "b: \(String(repeating: "[", count: 40))*a\(String(repeating: "]", count: 40))\n",
        ])
    func refused(_ text: String) {
        #expect(throws: YAMLError.self) { _ = try YAMLDocument.parse(Array(text.utf8), takesAliases: true) }
    }
}
