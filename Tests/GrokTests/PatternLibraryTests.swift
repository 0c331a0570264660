import Foundation
import Grok
import Testing

@Suite struct PatternLibraryTests {
    @Test("a file's lines are read as the plugin reads them")
    func lines() {
        var library = PatternLibrary()
        library.add(text: "# comment\n\nA \\d+ \nB\t x y\r\n  # no comment\nEMPTY\nA2 é\nA [a-z]\n", file: "f")
        #expect(library.names == ["A", "B", "A2"])
        #expect(library.definition(of: "A")?.expression == "[a-z]")
        #expect(library.definition(of: "A")?.line == 8)
        #expect(library.definition(of: "B")?.expression == "x y")
        #expect(library.definition(of: "EMPTY") == nil)
        library.add(text: "T x ", file: "f")
        #expect(library.definition(of: "T")?.expression == "x ")
    }

    @Test("files and folders are read, a missing one is an error that names it")
    func paths() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("grok-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("inner"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "A 1\nB 1\n".write(to: folder.appendingPathComponent("10-first"), atomically: true, encoding: .utf8)
        try "B 2\n".write(to: folder.appendingPathComponent("20-second"), atomically: true, encoding: .utf8)
        try "C 3\n".write(to: folder.appendingPathComponent(".hidden"), atomically: true, encoding: .utf8)
        var library = PatternLibrary()
        try library.add(path: folder.path)
        #expect(library.names == ["A", "B"])
        #expect(library.definition(of: "B")?.expression == "2")
        #expect {
            try library.add(path: folder.path + "/missing")
        } throws: { error in
            (error as? PatternLibraryError)?.description.contains("/missing: No such file") == true
        }
    }

    @Test("both series are found and their names compile", arguments: PatternSeries.allCases)
    func series(_ series: PatternSeries) throws {
        let library = try PatternLibrary(series: series)
        #expect(library.names.count > 50)
        let compiler = GrokCompiler(library: library)
        for name in library.names {
            #expect(throws: Never.self, "\(name)") { _ = try compiler.compile("%{\(name):value}") }
        }
    }

    @Test("the embedded copy is what Sources/Grok/Patterns/embed-patterns writes now")
    func embeddedCopy() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let embedded = try String(
            contentsOf: root.appendingPathComponent("Sources/Grok/Patterns/EmbeddedPatterns.swift"), encoding: .utf8)
        for series in ["legacy", "ecs-v1"] {
            let folder = root.appendingPathComponent("patterns/\(series)")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }
            #expect(!files.isEmpty)
            for file in files.sorted() {
                var text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
                if text.hasSuffix("\n") { text.removeLast() }
                #expect(
                    embedded.contains("(\"\(series)/\(file)\", ####\"\"\"\n\(text)\n\"\"\"####),"),
                    "\(series)/\(file) is stale: run Sources/Grok/Patterns/embed-patterns")
            }
        }
    }

    @Test("types convert as Ruby does")
    func conversion() {
        func integer(_ text: String) -> String { CaptureValue.leadingInteger(Array(text.utf8)) }
        func float(_ text: String) -> Double { CaptureValue.leadingFloat(Array(text.utf8)) }
        func parts(_ text: String, _ separator: String) -> [String] {
            CaptureValue.parts(Array(text.utf8), separator: Array(separator.utf8)).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(
            ["12abc", "abc", "", " -007", "1_000", "1__0", "0x1f", "+5", "-"].map(integer) == [
                "12", "0", "0", "-7", "1000", "1", "0", "5", "0",
            ])
        #expect(
            ["1_000.5", ".5", "1.", "-0", "1e3", "1e", " 7.25 ", "abc", "-2.5x"].map(float) == [
                1000.5, 0.5, 1, -0.0, 1000, 1, 7.25, 0, -2.5,
            ])
        #expect(float("-0").sign == .minus)
        #expect(parts("a,,b,", ",") == ["a", "", "b"] && parts("", ",") == [] && parts("aé", "") == ["a", "é"])
        #expect(CaptureValue(Array("YES".utf8), as: .bool) == .bool(true))
        #expect(CaptureValue(Array("no".utf8), as: .bool) == .bool(false))
    }
}
