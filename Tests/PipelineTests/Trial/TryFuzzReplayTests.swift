import TestSupport
import Testing

/// What `Tests/Fuzz/Try` feeds on and has found, and changes of it that need no fuzzer.
@Suite struct TryFuzzReplayTests {
    private static let inputs = GoldenData.fuzzInputs("Try/Corpus") + GoldenData.failCases("Try")

    @Test("configurations and lines of any bytes are refused, or each line is read, held or refused")
    func inputs() {
        #expect(Self.inputs.count >= 2)
        for (name, bytes) in Self.inputs {
            #expect(TryExercise.fault(of: bytes) == nil, "\(name)")
        }
    }

    @Test("configurations and lines with parts of others in them", arguments: 0..<2 as Range<UInt64>)
    func mixed(_ seed: UInt64) {
        let spliced = SplicedInputs(
            Self.inputs,
            words: [
                "%%\n", "@type json\n", "@type none\n", "@type multiline\n", "tag app.*\n", "@label @X\n",
                "</parse>\n", "<parse>\n", "<filter **>\n", "</filter>\n", "key_name message\n", "time_key t\n",
                "types a:integer\n", "\0", "\u{FEFF}", "\r\n", "{\"a\":1}\n", "\\", "\"", "#{1}", "${tag}", "ä",
            ])
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<(LongTests.areOn ? 5_000 : 60) {
            let text = spliced.next(using: &generator)
            let fault = TryExercise.fault(of: text)
            #expect(fault == nil, "\(String(decoding: text, as: UTF8.self))")
        }
    }
}
