import Testing

@testable import Grok

/// Where a change would cut what belongs together.
@Suite struct LineTokensTests {
    @Test(
        "a mark between two digits or letters joins them",
        arguments: ["1,234", "192.0", "18:22", "14/03", "eu-1", "2+1", "o'clock"])
    func joints(_ text: String) throws {
        let line = Array(text.utf8)
        let mark = try #require(line.firstIndex { !LineTokens.isWord($0) })
        #expect(LineTokens.splits(line, at: mark) && LineTokens.splits(line, at: mark + 1))
    }

    @Test(
        "a mark beside a blank, or one that separates values, joins nothing",
        arguments: ["a, b", "a+ b", "a;b", "a|b", "a(b"])
    func separators(_ text: String) throws {
        let line = Array(text.utf8)
        let mark = try #require(line.firstIndex { !LineTokens.isWord($0) })
        #expect(!LineTokens.splits(line, at: mark) && !LineTokens.splits(line, at: mark + 1))
    }

    @Test("a value is cut before the bracket that closes one in it, also where another pair stands in that one")
    func brackets() {
        func splits(_ value: String, before rest: String) -> Bool {
            PairedMarks(line: Array((value + rest).utf8)).splitsBrackets(0..<value.utf8.count)
        }
        #expect(splits("f(x", before: ")") && splits("f(g(x)", before: ")"))
        #expect(!splits("f(g(x))", before: ")") && !splits("f(x)", before: ") 7") && !splits("f(g(x)", before: "]"))
    }

    @Test("a number with its sign has no second mark but that of its fraction")
    func signedNumbers() {
        func isNumber(_ text: String) -> Bool { LineTokens.isSignedNumber(Array(text.utf8)[...]) }
        #expect(isNumber("-7") && isNumber("+1.5") && isNumber("-1,5"))
        #expect(!isNumber("7") && !isNumber("-") && !isNumber("-192.0.2.1") && !isNumber("-1a") && !isNumber("-.5"))
    }
}
