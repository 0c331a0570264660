import Pipeline
import Testing

@Suite struct TagPatternTests {
    /// Probed with Fluentd's matcher (`fluent/match.rb`).
    static let table: [(String, matches: [String], refuses: [String])] = [
        ("a.*", ["a.b", "a."], ["a", "a.b.c", "b.b"]),
        ("a*c", ["ac", "abc", "abbc"], ["a.c", "ab", "xac"]),
        ("*", ["a", ""], ["a.b"]),
        ("a.**", ["a", "a.b", "a.b.c", "a."], ["ab", "ab.c", "xa"]),
        ("a**", ["a", "ab", "ab.c", "a.b"], ["ba"]),
        ("**.b", ["b", "a.b", "a.c.b"], ["xb", "b.a", "a.xb"]),
        ("a.**.b", ["a.b", "a.x.b", "a.x.y.b"], ["ab", "a.xb", "a.b.c", "axb"]),
        ("**", ["", "a", "a.b.c"], []),
        ("*.**", ["a", "a.b", "a.b.c", ""], []),
        ("{a,b}.c", ["a.c", "b.c"], ["c.c", "a.b", ".c"]),
        ("{a.{b,c},d}", ["a.b", "a.c", "d"], ["a", "b", "a.d"]),
        ("a{b,}", ["ab", "a"], ["b", "abb"]),
        ("{a.*,b.**}.z", ["a.x.z", "b.z", "b.x.y.z"], ["a.x.y.z", "z"]),
        ("{*,**.x}", ["a", "a.b.x"], ["a.b"]),
        (#"a\*b"#, ["a*b"], ["axb", "ab"]),
        (#"a\{b"#, ["a{b"], ["ab"]),
        ("a-b?[c]", ["a-b?[c]"], ["a-bxc"]),
        ("/a\\d+/", ["a1", "a12"], ["a", "xa1", "a1x"]),
        ("/a|bc/", ["a", "bc"], ["ac", "abc"]),
        ("a b.*", ["a", "b.c"], ["a b.c", "b"]),
        ("a\tb", ["a", "b"], ["ab"]),
        ("", ["a", "a.b"], []),
        ("a.b.*.**", ["a.b.c", "a.b.c.d"], ["a.b", "a.c.b"]),
        ("äöü.*", ["äöü.x"], ["äöü", "a.x"]),
    ]

    @Test("a pattern matches what Fluentd's matcher does", arguments: table.indices)
    func matches(_ index: Int) throws {
        let (text, matching, refused) = Self.table[index]
        let pattern = try TagPattern(text)
        for tag in matching { #expect(pattern.matches(Array(tag.utf8)), "'\(text)' on '\(tag)'") }
        for tag in refused { #expect(!pattern.matches(Array(tag.utf8)), "'\(text)' on '\(tag)'") }
    }

    @Test("braces that are never closed are an error at the brace")
    func unclosed() {
        for (text, offset) in [("a.{b,c", 2), ("x.y {b,c", 4)] {
            let error = #expect(throws: TagPattern.SyntaxError.self) { try TagPattern(text) }
            #expect(error?.offset == offset)
            #expect(error?.message == "'{' is never closed in the tag pattern")
        }
        #expect(throws: TagPattern.SyntaxError.self) { try TagPattern("/a(/") }
    }

    @Test("a pattern that would expand to thousands is refused, not expanded")
    func explosion() {
        let text = String(repeating: "{a,b,c,d}", count: 12)
        #expect(throws: TagPattern.SyntaxError.self) { try TagPattern(text) }
    }

    @Test("deep nesting is no way to the end of the stack")
    func nesting() throws {
        let depth = 500
        let pattern = try TagPattern(String(repeating: "{", count: depth) + "a" + String(repeating: "}", count: depth))
        #expect(pattern.matches(Array("a".utf8)))
    }
}
