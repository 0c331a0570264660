import TestSupport
import Testing

/// What `Tests/Fuzz/Cases` feeds on and has found, and changes of it that need no fuzzer.
///
/// One after the other: they share a plan that is tried.
@Suite(.serialized) struct CasesFuzzReplayTests {
    private static let inputs = GoldenData.fuzzInputs("Cases/Corpus") + GoldenData.failCases("Cases")

    @Test("files of cases of any bytes are refused, or updated to what passes")
    func files() {
        #expect(Self.inputs.count >= 2)
        for (name, bytes) in Self.inputs {
            #expect(CasesExercise.fault(of: bytes) == nil, "\(name)")
        }
    }

    @Test("files with parts of others in them", arguments: 0..<4 as Range<UInt64>)
    func mixed(_ seed: UInt64) {
        let spliced = SplicedInputs(
            Self.inputs,
            words: [
                "cases:\n", "- {tag: app.a, record: {took: 2}}\n", "- tag: app.b\n  line: '{\"n\":\"/x+/\"}'\n",
                "  expect: [{output: es, record: {a: [1]}}] # c\n", "  expect: []\n", "  expect:\n", "  tag: other\n",
                "- ? tag\n  : other\n  line: x\n", "  record: {\"...\": 1, \"a\\u0085b\": \"\\u2028\"}\n", "\t", "\"",
                "'",
                "[", "]", "{", "}", ": ", "# ", "|\n", ">-\n", "&a ", "*a ", "!!str ", "---\n", "...\n", "\u{FEFF}",
                "\r\n",
                "    ", "- ", "tag: app.held\n", "ä", "\u{7F}", "/^1/", "line: ", "lines: [a, b]\n", "expect",
            ])
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<(LongTests.areOn ? 20_000 : 200) {
            let text = spliced.next(using: &generator)
            let fault = CasesExercise.fault(of: text)
            #expect(fault == nil, "\(String(decoding: text, as: UTF8.self))")
        }
    }
}
