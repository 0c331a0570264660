import Testing

@testable import Grok

/// Which marks are taken for a slip of the pen.
@Suite struct MarkFamilyTests {
    @Test(
        "marks of a kind are alike",
        arguments: [(":", "="), (",", ";"), ("|", ";"), ("-", "_"), ("#", "@"), ("(", "["), ("}", ")"), ("\"", "'")])
    func alike(_ one: String, _ other: String) {
        #expect(MarkFamily.areAlike(Array(one.utf8)[0], Array(other.utf8)[0]))
        #expect(MarkFamily.areAlike(Array(other.utf8)[0], Array(one.utf8)[0]))
    }

    @Test(
        "marks of two kinds, and what is no mark, are not",
        arguments: [
            ("\"", "{"), ("(", ")"), (":", "$"), ("[", ":"), ("a", ":"), (":", "7"), ("a", "b"), (" ", ":"),
            ("<", "'"), ("#", "-"),
        ])
    func unlike(_ one: String, _ other: String) {
        #expect(!MarkFamily.areAlike(Array(one.utf8)[0], Array(other.utf8)[0]))
        #expect(!MarkFamily.areAlike(Array(other.utf8)[0], Array(one.utf8)[0]))
    }

    @Test("a quote that is missing before a brace is not changed into one")
    func braceForQuote() throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let line = Array("7 {} GET /cart".utf8)
        let found = try #require(try compiler.explain(#"^%{INT:n} (?:\{\})? ?"%{WORD:verb}"#, line: line))
        #expect(found.suggestions.allSatisfy { !$0.expression.contains("{]") && !$0.expression.contains("[\"{") })
    }
}
