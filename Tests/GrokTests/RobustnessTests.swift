import Foundation
import Grok
import TestSupport
import Testing

@Suite struct RobustnessTests {
    private static let library: PatternLibrary = {
        var library = PatternLibrary()
        library.add(text: "W \\b\\w+\\b\nN (?:[+-]?\\d+)\nL %{W:[a][b]} %{N:n:integer}\nBAD (\n", file: "test")
        return library
    }()

    private func run(_ expression: String, _ line: [UInt8]) {
        let pattern: GrokPattern
        do {
            pattern = try GrokCompiler(library: Self.library).compile(expression)
        } catch {
            let size = expression.utf8.count
            #expect(
                error.offset >= 0 && error.length >= 0 && error.offset + error.length <= size,
                "place outside /\(expression)/: \(error)")
            return
        }
        var limits = MatchLimits()
        limits.matchSteps = 10_000
        let set = GrokSet([GrokSet.Member(name: nil, pattern: pattern, index: 0)])
        let matcher = GrokMatcher(set, scratch: MatchScratch(limits: limits))
        guard case .hit = matcher.match(line.span, as: SubjectText.classify(line.span)) else { return }
        for index in pattern.fields.indices {
            let range = matcher.range(of: index)
            #expect(!range.isSet || Int(range.end) <= line.count, "offsets outside the line for /\(expression)/")
        }
    }

    @Test("random expressions compile or are refused within themselves, and match within the line", arguments: 0..<4)
    func randomExpressions(_ seed: UInt64) {
        let pieces = [
            "a", "é", "\\w", "\\b", "[", "]", "[^", "&&", "(", ")", "(?:", "(?<n>", "(?<=", "(?!", "(?i)", "(?x:", "|",
            "*",
            "+", "?", "{", "}", "{2,3}", "{,", ",", "\\", "\\k<n>", "\\g<n>", "(?(<n>)", "[:alpha:]", "\\p{", "L}",
            "\\u{", "1F600}", "\\x",
            "^", "$", ".", "-", " ", "#", "%{", "W", "N:x", "L}", ":integer}", "%{W:w}", "%{N:n:integer}", "%{BAD}",
            "(?~", "\\R", "\\X", "\\Z", "/",
        ]
        let letters: [[UInt8]] = [[0x61], [0xC3, 0xA9], [0x20], [0x0A], [0x31], [0xFF], [0x2D], [0xE2, 0x98, 0x83]]
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let expression = (0..<Int.random(in: 1...14, using: &generator)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined()
            let line = (0..<Int.random(in: 0...12, using: &generator)).flatMap { _ in
                letters[Int.random(in: 0..<letters.count, using: &generator)]
            }
            run(expression, line)
        }
    }

    @Test("every truncation of a rich expression is taken or refused within itself")
    func truncations() {
        let rich = Array(
            "/(?<a.b>[^\\p{L}&&[:^alpha:]é-ü]{2,3}+?)(?x) # c\n (?~ab)\\k<a.b>|(?(<a.b>)x|y)\\u{1F600 61}%{L:[x][y]:time:%H:%M}(?<=a|bc)\\g<a.b>\\M-a"
                .utf8)
        for length in 0...rich.count {
            if let expression = String(validating: rich.prefix(length), as: UTF8.self) {
                run(expression, Array("ab é 12".utf8))
            }
        }
    }

    @Test("what fuzzing found stays fixed")
    func failCases() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fuzz/Grok/FailCases")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(!files.isEmpty)
        for file in files where !file.hasPrefix(".") {
            let data = try Data(contentsOf: folder.appendingPathComponent(file))
            let parts = Array(data).split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            guard let expression = String(validating: parts[0], as: UTF8.self) else { continue }
            run(expression, parts.count > 1 ? Array(parts[1]) : [])
        }
    }
}
