import Events
import Grok
import Parsing
import Testing

@Suite("Parsers whose grok patterns are counted") struct CountedParserTests {
    private let recipe: ParserRecipe

    init() throws {
        let library = try PatternLibrary(series: .legacy)
        recipe = try ParserRecipe.grok(GrokOptions([.init("^%{INT:n}$"), .init("^%{WORD:w}$")], library: library))
    }

    private func parse(_ text: String, _ parser: any TextParser) -> ParseResult {
        var storage = ByteBuffer(capacity: 64)
        var rows = Rows(fieldCapacity: 8)
        parser.beginBatch(storage: &storage)
        let start = storage.count
        storage.append(Array(text.utf8))
        return parser.parse(Slice(offset: start, length: storage.count - start), storage: &storage, rows: &rows)
    }

    @Test("all parsers of a recipe count together, text by text, and give what others give")
    func together() throws {
        let counted = recipe.counted()
        let meter = try #require(counted.meter)
        let (one, other, plain) = (counted.makeParser(), counted.makeParser(), recipe.makeParser())
        for (text, parser) in [("1", one), ("2", other), ("a", one), ("?", other), ("3", one)] {
            #expect("\(parse(text, parser))" == "\(parse(text, plain))")
        }
        #expect(meter.reading.map(\.counters.hits) == [3, 1])
        #expect(meter.reading.map(\.counters.misses) == [2, 1])
        #expect(recipe.meter == nil && meter.reading.map(\.name) == one.patternNames)
    }

    @Test("a parser without patterns is no slower: nothing stands before it")
    func none() throws { #expect(try ParserRecipe.json().counted().meter == nil) }
}
