import Foundation
import Grok
import TestSupport
import Testing

/// What an expression's own program finds is what PCRE2 finds.
@Suite struct LineProgramTests {
    @Test(
        "every shipped definition gives what PCRE2 gives on its own sample and on others",
        arguments: PatternSeries.allCases)
    func shipped(_ series: PatternSeries) throws {
        let draws = try LineProgramDraws(series)
        let exercise = LineProgramExercise()
        var generator = SeededGenerator(seed: 1)
        var differences: [String] = []
        for name in draws.names {
            guard let pattern = try? draws.compiler.compile("%{\(name):all}") else { continue }
            let own = draws.compiler.library.definition(of: name)?.sample.map { [Array($0.utf8)] } ?? []
            for line in own + (0..<6).map({ _ in draws.line(&generator) }) {
                if let difference = exercise.difference(pattern.regex, line) {
                    differences.append("\(name) on \(String(decoding: line, as: UTF8.self)): \(difference)")
                }
            }
        }
        #expect(differences.isEmpty, "\(differences.prefix(20).joined(separator: "\n"))")
        #expect(exercise.decided > 20 * exercise.unsure, "\(exercise.decided) decided, \(exercise.unsure) unsure")
    }

    @Test("random expressions of shipped parts give what PCRE2 gives", arguments: 0..<2)
    func random(_ seed: UInt64) throws {
        let draws = try LineProgramDraws(seed % 2 == 0 ? .legacy : .ecsV1)
        let exercise = LineProgramExercise()
        var generator = SeededGenerator(seed: seed)
        var differences: [String] = []
        for _ in 0..<60 {
            let expression = draws.expression(&generator)
            guard let pattern = try? draws.compiler.compile("(?<all>\(expression))") else { continue }
            for _ in 0..<20 {
                let line = draws.line(&generator)
                if let difference = exercise.difference(pattern.regex, line) {
                    differences.append("\(expression) on \(String(decoding: line, as: UTF8.self)): \(difference)")
                }
            }
        }
        #expect(differences.isEmpty, "\(differences.prefix(20).joined(separator: "\n"))")
        #expect(exercise.decided > exercise.unsure, "\(exercise.decided) decided, \(exercise.unsure) unsure")
    }

    @Test(
        "each rule gives what PCRE2 gives, and decides it",
        arguments: [
            // A run gives back, a lazy one takes more, a possessive one does neither.
            ("(?<a>\\w+)(?<b>\\w\\d)-", ["abc12-", "12-", "a1-", "é12-"]),
            ("(?<a>.*)(?<b>, )(?<c>.*)", ["a, b, c", ", ", "a,b"]),
            ("(?<a>.*)foo(?<b>.*)", ["foofoo", "fo foo\nfoo", "xfo"]),
            ("(?<a>[a-c]{2,3})(?<b>c*)", ["abcc", "ab", "abccc"]),
            ("(?<a>.*?)(?<b>: )(?<c>.*?)$", ["a: b: c", ": ", "a:b\nc: d"]), ("(?<a>\\d*+)(?<b>1?)", ["11", "", "a"]),
            ("(?<a>[^ ]+?)(?<b>\\.?) ", ["a.b. c", ". ", "é. "]), ("(?<a>.+)é(?<b>.)", ["aéb", "ééé", "é"]),
            // The first alternative that leads on counts, also after others were tried.
            ("(?<a>a|ab)(?<b>c|bcd)(?<c>d*)", ["abcd", "acd", "abc"]),
            ("(?<a>(?:ab|a)+)(?<b>b?)$", ["aab", "abab", "aabb"]),
            ("(?<m>0?[1-9]|1[0-2])(?<r>.*)", ["12", "1", "09", "13", "0"]),
            ("(?<o>25[0-5]|2[0-4]\\d|[01]?\\d{1,2})\\.", ["255.", "256.", "25.", "0.", "099."]),
            ("(?<h>2[0-3]|[01]?\\d)(?<m>[0-5]\\d)", ["235", "2359", "959", "29"]),
            // What is atomic never gives back, whatever follows.
            ("(?>a|ab)(?<c>c)", ["abc", "ac"]), ("(?>\\d+|\\w+)(?<c>x)", ["1x", "abx", "12x3"]),
            ("(?>a*)(?<c>a|b)", ["aa", "aab"]),
            // A run before an atomic group that can be empty gives back.
            ("(?<a>\\d+)(?>(?:x|y)?)(?<b>\\d)", ["1234", "1x2", "1"]),
            ("(?<a>\\d+)(?>x*|y)(?<b>\\d)", ["1234", "1xx2"]), ("(?<a>\\d+)(?:xz)?+(?<b>\\d)", ["1234", "1xz2"]),
            ("(?<a>\\d+)(?:(?>(?:xz)?)|q)(?<b>\\d)", ["1234", "1q2"]),
            ("(?<a>\\d+)q?(?>|x)(?<b>\\d)", ["1234", "1q2"]),
            // Groups in loops and alternatives are unset or keep their last round.
            ("(?:(?<a>\\d)|(?<b>[a-z]))+", ["1a2", "a", "1b"]),
            ("(?:(?<a>x)y|(?<b>x)z|(?<c>x))(?<d>z?)", ["xy", "xz", "x", "xq"]),
            ("(?<a>a)?(?<b>b)?(?<c>a)?", ["aba", "b", "", "ba"]), ("(?:(?<a>a)(?<b>b)?){2}", ["aba", "aab", "abab"]),
            ("(?:(?<n>a)|(?<n>b))(?<c>c)", ["ac", "bc"]), ("(?<a>(?<i>x)|y){2}", ["xy", "yx"]),
            // Places: words, lines, the ends.
            ("\\b(?<w>\\w+)\\b", ["ab cd", " a", "éa", "aé", "-"]), ("(?<a>\\d*)\\b(?<b>.?)", ["12", "a1", ""]),
            ("^(?<a>.*)$", ["a\nb", "", "a\n"]), ("(?<a>b)$", ["b\nc", "ab", "ba"]), ("\\A(?<a>.*)\\z", ["a", "a\nb"]),
            ("(?<a>x)\\Z", ["x\n", "x", "x\n\n"]),
            ("(?<!\\d)(?<a>\\d\\d)(?!\\d)", ["123 45", "12", "é12é"]), ("(?<=[a-c])(?<a>.)", ["xay", "é", "cé"]),
            ("(?<a>^x|y)", ["ay\nx", "x"]),
            ("(?<a>\\B.)", ["ab", "a", "é"]),
            // Where a match begins: the first place at which it can.
            ("(?<a>[a-z]+)\\d", ["ab cd1", "a", "é1 z1"]), ("(?<a>.*)1", ["x\ny1", "x"]),
            ("(?<a>service)=(?<b>\\w+)", ["service service=ui", "servic"]),
            ("(?<a>ab|cd)(?<b>1?)", ["a ab", "c cd1", "éab"]), ("(?<a>\\S+) (?<b>\\S+)", ["é b", " a b", "a"]),
            // Some of its beginnings begin a word, the others do not.
            (
                "(?<a>\\b(?:Jan|M(?:a|ä)r|Sep)|\\d\\d-)(?<b>.)",
                ["xJan Jan1", "_Sep- 12-x", "a12-x", "é Mär!", "xMär -Mar", "a1 b12- ", "Jan", "1Sep2-"]
            ),
            ("\\b(?<a>\\b[a-c]{2}|\\B-)", ["xab ab", "b-", "-ab"]),
            // More beginnings than are told apart.
            (
                "(?<a>\\b(?:aq|bq|cq|dq|eq|fq|gq|hq|iq|jq|kq|lq|mq|nq)|oq|pq|qq|rq|\\bsq|tq)(?<b>\\d)",
                ["xaq1 aq2", "xtq3", "xsq4 rq5", "sq6", "aq", "tq7 "]
            ),
            // Characters beyond ASCII where a set does not know them, and where it does.
            ("(?<a>[^\"]*)\"", ["é\"", "\"", "a"]), ("(?<a>.)(?<b>.)", ["éa", "a☃", "é"]),
            ("(?<a>M(?:a|ä)?r)", ["Mär", "Mar", "Mr"]),
            ("(?<a>[a-z]{2,3}.)", ["abé", "abcd"]), ("(?<a>(?:é|e)+)", ["eée", "x"]),
            // Parts with steps of their own.
            ("(?<a>%{NUMBER})(?<b>.*)", ["1.5", "-.5", "+", "1.", ".", "1.2.3", "1é"]),
            ("(?<a>%{QS})(?<b>.*)", ["\"a\\\"b\" c", "'x' 'y'", "\"a", "\"é\\é\"", "\"\\\n\"", "`12345678\\`9`0"]),
            (
                "(?<a>%{IP})(?<b>.*)",
                ["192.0.2.1", "256.1.1.1", "1.2.3.4.5", "::1", "2001:db8::1 x", "1.2.3", "01.002.3.255"]
            ),
        ])
    func rules(_ expression: String, _ lines: [String]) throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let regex = try compiler.compile(expression.contains("(?<") ? expression : "(?<all>\(expression))").regex
        let exercise = LineProgramExercise()
        for line in lines {
            let difference = exercise.difference(regex, Array(line.utf8))
            #expect(difference == nil, "/\(expression)/ on \(line): \(difference ?? "")")
        }
        #expect(exercise.decided > 0, "/\(expression)/ has no program that decides a line")
    }

    @Test("what a program cannot know it leaves to PCRE2")
    func unsure() throws {
        let scratch = MatchScratch()
        for (expression, line) in [
            ("(?<a>[[:alpha:]]+)", "é"), ("(?<a>\\w+)\\b", "aé b"), ("(?<a>\\b.)", "éa"), ("(?i)(?<a>k)", "é k"),
            ("(?<a>.{2,3})", "éa"),
            ("(?<a>a)\\k<a>", "aa"), ("(?<a>(?=ab)a)", "ab"),
        ] {
            let line = Array(line.utf8)
            let regex = try Regex(expression)
            #expect(regex.lineOutcome(line.span, as: SubjectText.classify(line.span), scratch) == nil, "\(expression)")
            #expect(regex.match(line.span, as: SubjectText.classify(line.span), scratch) == .matched, "\(expression)")
        }
    }

    @Test("work out of proportion to the line is left to PCRE2, which has its limits")
    func linear() throws {
        let scratch = MatchScratch()
        let line = [UInt8](repeating: UInt8(ascii: "a"), count: 400)
        for expression in ["(?<a>(?:a|aa)+)b", "(?<a>a*a*a*a*b)", "(?<a>(?:a+?)+?,)"] {
            let regex = try Regex(expression)
            #expect(regex.lineOutcome(line.span, as: .ascii, scratch) == nil, "\(expression)")
        }
    }

    @Test("what fuzzing found stays fixed")
    func failCases() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../Fuzz/Programs/FailCases")
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let exercise = LineProgramExercise()
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() where !file.hasPrefix(".")
        {
            let data = try Data(contentsOf: folder.appendingPathComponent(file))
            #expect(exercise.fault(of: Array(data), compiler) == nil, "\(file)")
        }
    }
}
