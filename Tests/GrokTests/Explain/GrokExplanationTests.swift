import Grok
import Testing

@Suite struct GrokExplanationTests {
    private func explain(_ expression: String, _ line: String) throws -> GrokExplanation? {
        let library = GrokCompilerTests.library("W \\b\\w+\\b\nN \\d+\nDATE %{N:y}-%{N:m}\nANY .*\n")
        return try GrokCompiler(library: library).explain(expression, line: Array(line.utf8))
    }

    @Test("a line that matches has nothing to explain")
    func match() throws {
        #expect(try explain("%{W:a} %{N:n}", "x 5") == nil)
    }

    @Test("the part the line does not follow is found, with the text before it")
    func parts() throws {
        let literal = try #require(try explain("user=%{W:u} id=%{N:n}", "- user=bob uid=5"))
        #expect(literal.expressionRange == 12..<15)
        #expect(literal.lineRange == 2..<11)
        let reference = try #require(try explain("%{W:u}: %{N:n}", "bob: x"))
        #expect(reference.expressionRange == 8..<14 && reference.path == ["N"])
        #expect(reference.lineRange == 0..<5)
        let inner = try #require(try explain("on %{DATE}!", "é on 2026/11!"))
        #expect(inner.expressionRange == 3..<10 && inner.path == ["DATE"])
        #expect(inner.lineRange == 3..<10)
        let first = try #require(try explain("id=%{N:n}", "nothing"))
        #expect(first.lineRange == nil || first.lineRange?.isEmpty == false)
        let referenced = try #require(try explain("(?<q>')%{W:w}\\k<q> %{N:n}", "'a' b"))
        #expect(referenced.expressionRange.lowerBound == 19)
    }
}
