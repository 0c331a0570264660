import Grok
import Suggest
import TestSupport
import Testing

/// What a suggestion says it covers is what the parser of the printed section takes: not more, not less.
@Suite struct SuggestClaimTests {
    private static let files = [
        "apache-combined", "app-text", "custom-app", "haproxy", "json", "log4j", "logfmt", "ltsv", "nginx-error",
        "postgresql", "rails", "ruby-logger", "sentence", "syslog",
    ]

    private func expectTrue(_ text: [UInt8], _ series: PatternSeries = .legacy) throws -> GrokSuggestion {
        let suggestion = try SuggestSupport.suggest(text, series)
        guard !suggestion.proposals.isEmpty else { return suggestion }
        #expect(
            try SuggestSupport.taken(suggestion, of: text) == suggestion.coveredCount, "\(suggestion.configuration)")
        return suggestion
    }

    @Test("of the sample files", arguments: files, PatternSeries.allCases)
    func samples(_ file: String, _ series: PatternSeries) throws {
        let suggestion = try expectTrue(try SuggestSupport.sample(file), series)
        #expect(suggestion.uncoveredCount == 0)
    }

    @Test(
        "of lines with something around the text",
        arguments: [
            "\u{FEFF}2026-03-04 05:06:07 INFO Server started\n2026-03-04 05:06:08 WARN Disk is full",
            "2026-03-04 05:06:07 INFO Server started\r\n2026-03-04 05:06:08 WARN Disk is full\r\n",
            "a\t1\tok\r\nb\t2\tbad\r\n", "level=info took=5\r\nlevel=warn took=7\r\n",
            "\u{1b}[36m2026-03-04T05:06:07Z\u{1b}[0m DEBUG cache warm\n\u{1b}[31m2026-03-04T05:06:08Z\u{1b}[0m ERROR disk gone",
            "\u{FEFF}{\"a\":1}\n{\"a\":2}\n",
        ])
    func surroundings(_ text: String) throws {
        let suggestion = try expectTrue(Array(text.utf8))
        #expect(suggestion.coveredCount >= 1)
    }

    @Test(
        "of times that are none",
        arguments: [
            "2026-13-45 05:06:07 INFO a b c\n2026-03-04 05:06:07 INFO d e",
            "31/02/2026 05:06:07 x\n30/02/2026 05:06:08 y",
            "time=yesterday level=info\ntime=today level=warn", "Feb 30 05:06:07 web-1 sshd[1]: x y",
            "{\"time\":\"yesterday\",\"a\":1}\n{\"time\":\"2026-03-04T05:06:07Z\",\"a\":2}",
            "2026-03-04T25:06:07Z INFO a\n2026-03-04T05:06:07Z INFO b",
        ])
    func badTimes(_ text: String) throws { _ = try expectTrue(Array(text.utf8)) }

    @Test("what its type cannot hold is not claimed for that type")
    func unheldValues() throws {
        // An operator's own definition takes more than its name says; the daemon would store 0.
        var library = try #require(SuggestSupport.libraries[.legacy])
        library.add(name: "INT", expression: "\\w+")
        let text = "Mar  4 05:06:07 web-1 sshd[abc]: gone"
        let suggestion = GrokSuggester(library: library, series: .legacy).suggest(SampleLines(text: Array(text.utf8)))
        for field in suggestion.proposals.flatMap(\.fields) where field.type == .integer {
            for value in field.values {
                #expect(Int64(String(decoding: value, as: UTF8.self)) != nil, "\(field.name)")
            }
        }
    }

    @Test("of what fuzzing starts from, and of what it found")
    func fuzzed() throws {
        let inputs = GoldenData.fuzzInputs("Suggest/Corpus") + GoldenData.failCases("Suggest")
        #expect(!inputs.isEmpty)
        for (name, bytes) in inputs {
            let suggestion = try SuggestSupport.suggest(bytes)
            let claimed = suggestion.proposals.reduce(0) { $0 + $1.lineCount }
            #expect(claimed + suggestion.uncoveredCount == suggestion.lineCount, "\(name)")
            #expect(try SuggestSupport.taken(suggestion, of: bytes) >= suggestion.coveredCount, "\(name)")
            #expect(!IngestPipeline(suggestion).json.isEmpty)
        }
    }

    @Test("of noise", arguments: 0..<12 as Range<UInt64>)
    func noise(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var known: [[UInt8]] = []
        for name in Self.files { known += try SuggestSupport.sample(name).split(separator: 0x0A).map { Array($0) } }
        let pieces = [
            "[", "]", "(", ")", "\"", "'", "=", "a=", " | ", "{", "}", "<", "2026-11-24T18:22:44Z", "1.2.3.4", "::",
            "-", "\t", "  ", "INFO", "\\", "%{", "#", "é", "word", "Word", "17ms", "/a?b", "x=\"", ",", ";", "9", "*",
            "^$", "\r", "\u{1b}[1m", "tag[1]:", "time=", "1772600767",
        ].map { Array($0.utf8) }
        var text: [UInt8] = []
        for _ in 0..<40 {
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                text += (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                    UInt8.random(in: 0x20...0x7E, using: &generator)
                }
            case 1:
                for _ in 0..<Int.random(in: 0...20, using: &generator) {
                    text += pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                }
            default:
                var line = known[Int.random(in: 0..<known.count, using: &generator)]
                for _ in 0..<Int.random(in: 0...4, using: &generator) where !line.isEmpty {
                    let place = Int.random(in: 0..<line.count, using: &generator)
                    line.replaceSubrange(
                        place...place, with: pieces[Int.random(in: 0..<pieces.count, using: &generator)])
                }
                text += line
            }
            text.append(0x0A)
        }
        // Parsers of a mixed text take each other's lines, so more may be taken than is claimed, and never less.
        let suggestion = try SuggestSupport.suggest(text)
        let taken = try SuggestSupport.taken(suggestion, of: text)
        #expect(taken >= suggestion.coveredCount, "\(taken) of \(suggestion.coveredCount)\n\(suggestion.configuration)")
        #expect(suggestion.proposals.reduce(suggestion.uncoveredCount) { $0 + $1.lineCount } == suggestion.lineCount)
    }
}
