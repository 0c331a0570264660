import Grok
import TestSupport
import Testing

/// No expression and no line makes the explanation crash, hang or point outside.
@Suite struct ExplainFuzzTests {
    private static let library: PatternLibrary = {
        var library = PatternLibrary()
        library.add(
            text:
                "# word — ab\nW \\b\\w+\\b\nN (?:[+-]?\\d+)\nL %{W:[a][b]} %{N:n:integer}\nO (?:-|%{N})\nBAD (\nC c%{C}?\n",
            file: "test")
        return library
    }()

    private func run(_ expression: String, _ line: [UInt8]) {
        func check(_ places: [GrokPlace]) {
            for place in places {
                #expect(place.range.upperBound <= place.text.utf8.count, "\(place) for /\(expression)/")
            }
        }
        do {
            guard let found = try GrokCompiler(library: Self.library).explain(expression, line: line) else { return }
            check(found.places)
            #expect(found.expressionRange.upperBound <= expression.utf8.count, "/\(expression)/")
            // A regexp between slashes cannot stand in a group.
            for remedy in found.suggestions where !remedy.expression.hasPrefix("/") {
                let compiler = GrokCompiler(library: Self.library).applying(remedy)
                #expect(
                    NearMissFields.of("(?<whole>\(remedy.expression))", line: line, compiler) != nil
                        || line.contains(0xFF),
                    "\(remedy) for /\(expression)/ on \(line)")
            }
            for range in [found.lineRange, found.taken, found.found].compactMap(\.self) {
                #expect(range.upperBound <= line.count, "/\(expression)/ on \(line)")
            }
        } catch {
            check(error.places)
        }
    }

    @Test("random expressions and lines", arguments: 0..<4)
    func random(_ seed: UInt64) {
        let pieces = [
            "a", "é", " ", "\\w", "\\b", "[a-c]", "(?:", ")", "(?<n>", "(?<=a)", "(?!b)", "(?i)", "|", "*", "+", "?",
            "{2,3}", "\\k<n>", "\\g<n>", "(?(<n>)a|b)", "^", "$", ".", ".*", "-", "=", ":", "%{W:w}", "%{N:n:integer}",
            "%{L}", "%{O:o}", "%{L}?", "%{BAD}", "%{C}", "%{NOPE:x}", "(?~ab)", "\\R", "\\X", "/", "(?:%{W:w} )?",
            "(?<q>%{N}-%{N})", "\\K", "]",
        ]
        let letters: [[UInt8]] = [
            [0x61], [0x62], [0xC3, 0xA9], [0x20], [0x20], [0x0A], [0x31], [0x2D], [0x3D], [0xE2, 0x98, 0x83], [0xFF],
        ]
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            let expression = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined()
            let line = (0..<Int.random(in: 0...16, using: &generator)).flatMap { _ in
                letters[Int.random(in: 0..<letters.count, using: &generator)]
            }
            run(expression, line)
        }
    }

    @Test(
        "golden lines cut and changed at random places, with the shipped definitions", arguments: ["legacy", "ecs-v1"])
    func changedLines(_ series: String) throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: try #require(PatternSeries(rawValue: series))))
        var generator = SeededGenerator(seed: 7)
        for (index, name) in compiler.library.names.enumerated() where index % 4 == 0 {
            guard var line = compiler.library.definition(of: name)?.sample.map({ Array($0.utf8) }), !line.isEmpty else {
                continue
            }
            let place = Int.random(in: 0..<line.count, using: &generator)
            if line[place] < 0x80 { line[place] = UInt8(ascii: "~") }
            if SubjectText.classify(line.span) == .invalid { continue }
            let began = ThreadTime.seconds
            let found = try compiler.explain("^%{\(name):whole} %{INT:x}$", line: line)
            #expect(ThreadTime.seconds - began < 10, "\(name) takes too long")
            if let found { #expect(!found.places.isEmpty && !found.wanted.isEmpty) }
        }
    }

    @Test("what fuzzing starts from, and what it found")
    func fuzzed() {
        let inputs = GoldenData.fuzzInputs("Explain/Corpus") + GoldenData.failCases("Explain")
        #expect(!inputs.isEmpty)
        for (_, bytes) in inputs {
            let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            guard let expression = String(validating: parts[0], as: UTF8.self) else { continue }
            run(expression, parts.count > 1 ? Array(parts[1]) : [])
        }
    }

    @Test("lines that make a backtracking engine explode end in time")
    func catastrophic() throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        for object in try GoldenFile.objects("catastrophic.jsonl") {
            guard let expression = object["expression"]?.string else { continue }
            let began = ThreadTime.seconds
            _ = try compiler.explain(expression, line: object.line)
            #expect(ThreadTime.seconds - began < 10, "\(object["id"]?.string ?? "?")")
        }
    }

    @Test("every shipped definition has a sample line, which it matches", arguments: PatternSeries.allCases)
    func samples(_ series: PatternSeries) throws {
        let library = try PatternLibrary(series: series)
        let compiler = GrokCompiler(library: library)
        for name in library.names {
            let definition = try #require(library.definition(of: name))
            let sample = try #require(definition.sample, "\(name) has no sample in the comment above it")
            let line = Array(sample.utf8)
            let set = try GrokSet([.init("%{\(name):whole.match}")], compiler: compiler)
            #expect(
                GrokMatcher(set).match(line.span, as: SubjectText.classify(line.span)) == .hit(member: 0),
                "\(name) on \(sample)")
        }
    }
}
