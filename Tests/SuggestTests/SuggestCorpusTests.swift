import Suggest
import TestSupport
import Testing

/// The corpus, scored: how many of the values that a reader would name are a field of their line, and whether the
/// proposal for one sample holds for another.
@Suite struct SuggestCorpusTests {
    struct Score {
        var found = 0
        var expected = 0
        var share: Double { expected == 0 ? 1 : Double(found) / Double(expected) }
    }

    private static func text(_ format: CorpusFormat, _ lines: [CorpusLine]) -> [UInt8] {
        Array((format.header + lines.map(\.text)).joined(separator: "\n").utf8) + [0x0A]
    }

    private static func score(_ format: CorpusFormat, seed: UInt64 = 1) throws -> (
        score: Score, suggestion: GrokSuggestion
    ) {
        let lines = format.lines(seed: seed)
        let suggestion = try SuggestSupport.suggest(text(format, lines))
        let section = try PrintedSection(suggestion.configuration)
        var score = Score()
        for line in lines {
            let fields = section.fields(Array(line.text.utf8)) ?? [:]
            let values = Set(fields.values)
            score.expected += line.expected.count
            score.found += line.expected.count { values.contains($0) || isNumber($0, in: values) }
        }
        return (score, suggestion)
    }

    /// A number is the same in another form: `12.50` as 12.5.
    private static func isNumber(_ text: String, in values: Set<String>) -> Bool {
        guard let number = Double(text), text.first?.isNumber == true || text.first == "-" else { return false }
        return values.contains { Double($0) == number }
    }

    @Test("a format's values are found, by few patterns", arguments: Corpus.formats)
    func format(_ format: CorpusFormat) throws {
        let (score, suggestion) = try Self.score(format)
        #expect(
            score.share >= format.floor, "\(format): \(score.found) of \(score.expected)\n\(suggestion.configuration)")
        let counts = suggestion.proposals.map(\.lineCount).sorted(by: >)
        let most = counts.prefix(5).reduce(0, +)
        #expect(most * 100 >= suggestion.lineCount * 95, "\(format): \(counts)\n\(suggestion.configuration)")
    }

    @Test("of all values of the corpus at least 95 of 100 are found")
    func total() throws {
        #expect(Corpus.formats.count >= 40)
        var score = Score()
        for format in Corpus.formats {
            let own = try Self.score(format).score
            score.found += own.found
            score.expected += own.expected
        }
        #expect(score.share >= 0.95, "\(score.found) of \(score.expected)")
    }

    @Test("what is proposed for one sample holds for another", arguments: Corpus.formats)
    func generalisation(_ format: CorpusFormat) throws {
        let suggestion = try SuggestSupport.suggest(Self.text(format, format.lines(seed: 1, count: 60)))
        let section = try PrintedSection(suggestion.configuration)
        let others = format.lines(seed: 2)
        let refused = others.filter { section.fields(Array($0.text.utf8)) == nil }
        #expect(
            refused.count * 100 <= others.count * 5,
            "\(format): \(refused.count) of \(others.count), \(refused.first?.text ?? "")\n\(suggestion.configuration)")
    }

    @Test("a claim is what the printed section does", arguments: Corpus.formats)
    func claims(_ format: CorpusFormat) throws {
        let lines = format.lines(seed: 3)
        let suggestion = try SuggestSupport.suggest(Self.text(format, lines))
        let text = Array(lines.map(\.text).joined(separator: "\n").utf8)
        // A line of names is no row: the parser takes it all the same, and it is counted with them.
        let header = format.header.count { !$0.hasPrefix("#") }
        #expect(try SuggestSupport.taken(suggestion, of: text) + header == suggestion.coveredCount)
    }

    @Test("two thousand lines take less than half a second")
    func speed() throws {
        let format = try #require(Corpus.formats.first { $0.name == "log4j, thread first" })
        let text = Self.text(format, format.lines(seed: 1, count: 2000))
        let start = ThreadTime.seconds
        let suggestion = try SuggestSupport.suggest(text)
        let elapsed = ThreadTime.seconds - start
        #expect(suggestion.coveredCount == 2000)
        #if DEBUG
            // Unoptimised code is some ten times slower; this only catches what does not end.
            #expect(elapsed < 30)
        #else
            #expect(elapsed < 1.5)
        #endif
    }
}
