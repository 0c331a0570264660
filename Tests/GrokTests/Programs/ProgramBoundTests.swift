import TestSupport
import Testing

@testable import Grok

@Suite("What PCRE2 needs at most")
struct ProgramBoundTests {
    private static func check(_ pattern: RubyPattern, _ name: String) throws {
        let bound = try ProgramBound(pattern.root)
        for unicode in [false, true] where bound.isSure(unicode: unicode) {
            let program = try CompiledPattern(pattern.emitted(unicode: unicode).text, unicode: unicode)
            // What PCRE2 keeps beside the steps of a program.
            let heading = 200
            #expect(
                program.size <= (unicode ? bound.unicode : bound.ascii) + heading,
                "\(name), \(unicode ? "UTF-8" : "ASCII")")
        }
    }

    @Test(
        "no shipped pattern takes more than its bound, and nearly all are small for sure",
        arguments: PatternSeries.allCases)
    func shipped(_ series: PatternSeries) throws {
        let library = try PatternLibrary(series: series)
        let compiler = GrokCompiler(library: library)
        var sure = 0
        for name in library.names {
            let pattern = try compiler.read("%{\(name):x}", multiline: false).pattern
            try Self.check(pattern, name)
            if try ProgramBound(pattern.root).isSure(unicode: false) { sure += 1 }
        }
        #expect(sure * 100 >= library.names.count * 95, "\(sure) of \(library.names.count)")
    }

    @Test("nor does a random expression of shipped parts", arguments: PatternSeries.allCases)
    func random(_ series: PatternSeries) throws {
        let draws = try LineProgramDraws(series)
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            let expression = draws.expression(&generator)
            guard let reading = try? draws.compiler.read(expression, multiline: false) else { continue }
            try Self.check(reading.pattern, expression)
        }
    }

    @Test(
        "nor does an expression that PCRE2 makes longer",
        arguments: [
            "(?i)straße", "(?i)ſtop[k-s]+", "(?i)[\\u{80}-\\u{2000}]+x", "(?i)ß{3,90}", "é{2,80}",
            "(?i:(?<x>a{2,70}))(?:\\g<x>){3}", "[^\\u{0}-\\u{10ffff}]{4,90}", "(?i)[^é]*", "(?i)\\p{Lu}+",
            "[[:alpha:][:punct:]]*?",
            "[^[:space:]\\p{Greek}]+", "(?:a|bc){3,40}", "(?:(?:a{2,5}b){1,9}c){0,20}", "(?:x?){17}", "a{200,1000}",
            "[é-ö]{3,90}", "(?:[a-f]|\\d){5,}+", "\\bfoo\\B.\\b", "(?<=ab|cd)x(?<!y)", "(?~ab)c", "(?>a+|b)*",
            "(?:|a|b|)+", "(?i:K{4}\\d\\S)", "\\R{2,3}\\X", "(?a)\\b\\w+\\b", "[\\w-]{1,63}(?:\\.[\\w-]{1,63})*",
            "\\G^$\\A\\z\\Z",
            "(?<a>x(?<b>y){2,30}){4}", "(?:(?>a)(?=b)(?:cd)*+){90}",
        ])
    func awkward(_ expression: String) throws {
        let pattern = try RubyPattern(expression)
        let bound = try ProgramBound(pattern.root)
        #expect(bound.isSure(unicode: false))
        try Self.check(pattern, expression)
    }

    @Test(
        "what PCRE2 may refuse is not sure",
        arguments: ["(a)\\1", "(?<r>a\\g<r>?b)", "(?<x>a)?(?(<x>)b|c)", "(?=a\\Kb)a"])
    func unsure(_ expression: String) throws {
        #expect(try !ProgramBound(RubyPattern(expression).root).isSure(unicode: false))
    }

    @Test("an expression that is too large is refused when it is made, and so is a look-behind without a length")
    func refused() throws {
        #expect(throws: PatternError.self) { try Regex("(?:(?:ab){200}c){400}") }
        #expect(throws: PatternError.self) { try Regex("x(?<!a+)") }
        #expect(throws: PatternError.self) { try Regex("(?~a*)") }
    }
}
