import ConfigFile
import Testing

@Suite struct RendererTests {
    private func diagnostic(_ text: String, _ start: Int, _ end: Int) -> Diagnostic {
        Diagnostic(.error, at: Place(SourceFile(path: "f", text: text), start, end), "m")
    }

    @Test("the caret stands under its character, behind tabs and wide characters")
    func caret() {
        #expect(
            DiagnosticRenderer().render(diagnostic("\ta\tbcd", 3, 5))
                == "f:1:4: error: m\n    1 | \ta\tbcd\n      | \t \t^~\n")
        #expect(
            DiagnosticRenderer().render(diagnostic("äöb\r\nx", 4, 5)) == "f:1:3: error: m\n    1 | äöb\n      |   ^\n")
        #expect(DiagnosticRenderer().render(diagnostic("ab", 2, 2)) == "f:1:3: error: m\n    1 | ab\n      |   ^\n")
        #expect(DiagnosticRenderer().render(diagnostic("", 0, 9)) == "f:1:1: error: m\n    1 | \n      | ^\n")
        #expect(DiagnosticRenderer().render(diagnostic("ab\ncd", 1, 5)).hasSuffix(" ^\n"))
    }

    @Test("a long line is cut around the caret, wherever that is", arguments: [0, 1, 50, 150, 298, 299])
    func long(_ offset: Int) throws {
        let text = String(repeating: "a", count: offset) + "X" + String(repeating: "b", count: 299 - offset)
        let lines = DiagnosticRenderer(maximumWidth: 40).render(diagnostic(text, offset, offset + 300)).split(
            separator: "\n")
        #expect(lines[1].count <= 8 + 40)
        let caret = try #require(lines[2].firstIndex(of: "^"))
        let column = lines[2].distance(from: lines[2].startIndex, to: caret)
        #expect(lines[1][lines[1].index(lines[1].startIndex, offsetBy: column)] == "X")
        #expect(lines[2].count <= lines[1].count)
    }

    @Test("colours are there when asked for, and control characters of a file never are")
    func colours() {
        #expect(
            !DiagnosticRenderer().render(diagnostic("a\u{1B}[31mb\u{0}", 0, 1)).contains {
                $0 == "\u{1B}" || $0 == "\u{0}"
            })
        #expect(DiagnosticRenderer(colour: true).render(diagnostic("a", 0, 1)).contains("\u{1B}[31;1merror:\u{1B}[0m"))
    }

    @Test("the last line counts")
    func counts() {
        let diagnostics = Diagnostics()
        #expect(DiagnosticRenderer().render(diagnostics, file: "f") == "")
        diagnostics.add(Diagnostic(.note, file: "f", "n"))
        #expect(DiagnosticRenderer.summary(diagnostics, file: "f") == "1 note in f")
        diagnostics.add(diagnostic("a", 0, 1))
        diagnostics.add(diagnostic("a", 0, 1))
        #expect(DiagnosticRenderer.summary(diagnostics, file: "f") == "1 error in f")
        diagnostics.add(diagnostic("b", 0, 1))
        diagnostics.add(Diagnostic(.warning, file: "f", "w"))
        #expect(DiagnosticRenderer.summary(diagnostics, file: "f") == "2 errors, 1 warning in f")
    }
}
