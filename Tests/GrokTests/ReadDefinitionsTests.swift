import TestSupport
import Testing

@testable import Grok

@Suite("Definitions that are read once")
struct ReadDefinitionsTests {
    /// What PCRE2 gets for both kinds of subjects, and the groups; or the error.
    private static func outcome(
        _ compiler: GrokCompiler, _ expression: String, sharing: Bool
    ) -> Result<[String], GrokError> {
        do throws(GrokError) {
            let pattern = try compiler.read(expression, multiline: false, sharing: sharing).pattern
            let texts = [false, true].map { (try? pattern.translated(unicode: $0)) ?? "too hard" }
            return .success(texts + pattern.groups.names.map { "\($0.name) \($0.numbers)" })
        } catch {
            return .failure(error)
        }
    }

    /// Each expression with what the ones before it have left, and alone.
    private static func check(_ library: PatternLibrary, _ expressions: [String]) {
        let compiler = GrokCompiler(library: library)
        for expression in expressions {
            let alone = outcome(compiler, expression, sharing: false)
            let shared = outcome(compiler, expression, sharing: true)
            switch (alone, shared) {
            case (.success(let one), .success(let other)): #expect(one == other, "\(expression)")
            case (.failure, .failure): break
            default: Issue.record("\(expression): \(alone), with definitions read before: \(shared)")
            }
        }
    }

    @Test("an expression means the same whatever was read before it", arguments: PatternSeries.allCases)
    func random(_ series: PatternSeries) throws {
        let draws = try LineProgramDraws(series)
        var generator = SeededGenerator(seed: 11)
        let expressions = (0..<300).map { _ in draws.expression(&generator) }
        Self.check(draws.compiler.library, expressions)
    }

    @Test("and so does one whose definitions depend on what stands around them")
    func awkward() {
        var library = PatternLibrary()
        for (name, expression) in [
            ("WORD", #"\w+"#), ("SPACED", "a b # c"), ("OPENS", "(?:x"), ("CLOSES", "y)"), ("BACK", #"\k<first>"#),
            ("PLAIN", "(a)(b)"), ("OCTAL", #"\12"#), ("RELATIVE", #"\g<-1>"#), ("NAMED", "(?<inner>z)"),
            ("TAIL", "q\\"),
            ("CLASS", "[a"), ("SWITCH", "(?i)k|l"), ("OUTER", "%{NAMED:out} %{WORD} %{PLAIN}"), ("CALL", #"\g<inner>"#),
            ("CONDITION", #"(?(<first>)a|b)"#),
            ("DEEP", String(repeating: "(?:", count: 120) + "d" + String(repeating: ")", count: 120)),
        ] { library.add(name: name, expression: expression) }
        let deep = { (depth: Int) in
            String(repeating: "(?:", count: depth) + "%{DEEP:d}" + String(repeating: ")", count: depth)
        }
        Self.check(
            library,
            [
                "%{WORD:a}", "%{WORD:a} %{WORD:b}", "(?i)%{WORD:a}%{SPACED:s}", "(?x)%{SPACED:s}", "(?x: %{SPACED:s} )",
                "%{SPACED:s}", "%{OPENS}%{CLOSES}%{WORD:w}", "%{OPENS:o}", "%{CLOSES:c}", "(?<first>a)%{BACK:b}",
                "%{BACK:b}",
                "%{BACK:b}(?<first>a)", "%{PLAIN}%{PLAIN}%{OCTAL:o}", "%{OCTAL:o}", "(a)%{RELATIVE}", "%{RELATIVE}",
                "%{PLAIN}%{RELATIVE}", "%{NAMED:n}%{CALL}", "%{CALL:c}", "%{NAMED:n}%{NAMED:m}%{CALL}", "%{TAIL:t})",
                "%{TAIL:t}",
                "%{CLASS:c}]x", "%{CLASS:c}", "%{SWITCH:s}m", "a%{SWITCH:s}", "%{OUTER:o}%{OUTER:p}%{CALL}",
                "(?<first>f)?%{CONDITION:c}", "%{CONDITION:c}", deep(1), deep(120), deep(140), deep(100), deep(129),
                deep(130),
                "(?m)%{WORD:a}.", "/%{WORD:a}/i", "/%{WORD:a}b/", "[%{WORD:a}]", "%{PLAIN}(c)\\3",
                "%{OUTER:o}\\k<inner>",
            ])
    }

    @Test("an error has the place in its own expression")
    func places() throws {
        var library = PatternLibrary()
        for (name, expression) in [
            ("WORD", #"\w+"#), ("BEHIND", "(?<=a+)b"), ("BOTH", "%{WORD} %{BEHIND}"), ("HUGE", "(?:(?:ab){200}c){400}"),
        ] {
            library.add(name: name, expression: expression)
        }
        for expression in [
            "%{BEHIND:x}", "%{WORD:a} and %{BOTH:b}", "%{WORD:a}%{WORD:b} %{HUGE:h}", "%{WORD:w}(?<=b*)",
        ] {
            var errors: [GrokError] = []
            // Alone, and twice behind others that have read the same definitions.
            for before in [[], ["%{WORD:longer_name}"], ["xx %{WORD:a}", "yyyy %{BOTH:b}", "%{HUGE:h}"]] {
                var copy = library
                copy.add(name: "ITS_OWN", expression: "x")
                let compiler = GrokCompiler(library: copy)
                for other in before { _ = try? compiler.compile(other) }
                do {
                    _ = try compiler.compile(expression)
                    Issue.record("\(expression) compiles")
                } catch {
                    errors.append(error)
                }
            }
            #expect(errors.count == 3 && errors.allSatisfy { "\($0)" == "\(errors[0])" }, "\(expression): \(errors)")
        }
    }

    @Test("a definition that is replaced is read again")
    func replaced() throws {
        var library = PatternLibrary()
        library.add(name: "X", expression: "a")
        _ = try GrokCompiler(library: library).compile("%{X:x}")
        let before = library
        library.add(name: "X", expression: "b")
        for (library, letter) in [(library, "b"), (before, "a")] {
            let reading = try GrokCompiler(library: library).read("%{X:x}", multiline: false, sharing: true)
            #expect(try reading.pattern.translated() == "(\(letter))")
        }
    }
}
