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
