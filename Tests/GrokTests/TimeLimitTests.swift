import Grok
import TestSupport
import Testing

/// No expression on any line takes much longer than the time limit, and what takes longer is told from "no match".
@Suite(.serialized) struct TimeLimitTests {
    /// An expression and lines that it has trouble with, of any length.
    struct Attack: Sendable, CustomTestStringConvertible {
        let expression: String
        let line: @Sendable (_ bytes: Int) -> [UInt8]
        var testDescription: String { expression }

        init(_ expression: String, _ part: String, end: String = "") {
            self.expression = expression
            let part = Array(part.utf8)
            let end = Array(end.utf8)
            line = { bytes in Array(repeatElement(part, count: bytes / part.count).joined()) + end }
        }

        /// Half of one, half of the other.
        init(_ expression: String, halves first: String, _ second: String) {
            self.expression = expression
            let parts = [Array(first.utf8), Array(second.utf8)]
            line = { bytes in
                parts.flatMap { part in Array(repeatElement(part, count: bytes / 2 / part.count).joined()) }
            }
        }
    }

    static let attacks = [
        Attack("%{JAVACLASS:c}[|;]", "a"), Attack("%{JAVACLASS:c}[|;]", "a."),
        Attack("%{JAVACLASS:c}[|;]", halves: " ", "a"), Attack("%{IPORHOST:h}[|;]", "a.", end: "!"),
        Attack("%{HOSTNAME:h}[|;]", "a-"), Attack("%{HOSTNAME:h}[|;]", "a."),
        Attack("%{SYSLOGHOST:h}[|;]", "a.", end: "!"),
        Attack("%{HOSTNAME:h}%{GREEDYDATA:m}END", "a."), Attack("%{URIPATHPARAM:p}<", "/a"),
        Attack("%{URIPATHPARAM:p}<", "/?a"), Attack("%{URI:u}<", "http://a/?"), Attack("%{PATH:p}<", "/a"),
        Attack("%{UNIXPATH:p}<", "/a"), Attack("%{WINPATH:p}<", "a:\\a"), Attack("%{QUOTEDSTRING:q}<", "\""),
        Attack("%{QUOTEDSTRING:q}<", "\"'"), Attack("%{QUOTEDSTRING:q}<", "\\\""), Attack("%{EMAILADDRESS:e}<", "a."),
        Attack("%{DATA:a},%{DATA:b},%{DATA:c},%{DATA:d};", ","),
        Attack("%{GREEDYDATA:a},%{GREEDYDATA:b},%{GREEDYDATA:c};", ","),
        Attack("x%{GREEDYDATA:a}y%{GREEDYDATA:b}z%{GREEDYDATA:c}!", "xyz"),
        Attack("%{NUMBER:n}[|;]", "1"), Attack("%{BASE16FLOAT:n}[|;]", "1"), Attack("%{IP:i}[|;]", "1:"),
        Attack("%{TIMESTAMP_ISO8601:t}[|;]", "2026-11-24T18:22:44"), Attack("%{USERNAME:u}[|;]", "a"),
        Attack("%{NOTSPACE:u}[ ][|;]", "a"), Attack("%{SPACE}(?<n>x)", " "),
        Attack("%{COMBINEDAPACHELOG}", "1.1.1.1 - a ["),
        Attack("(?<x>(a+)+)$", "a", end: "!"), Attack("(?<x>(?:a|aa)+)$", "a", end: "!"), Attack("(?<x>(?:a*)*)b", "a"),
        Attack("(?<x>(?:a|b)*)c.*d.*e.*f", "ab"), Attack("(?<x>(?:.*,)*)!", ","),
        Attack("(?<x>(.*)(.*)(.*)(.*))!", "a"),
        Attack("(?<x>a*)\\k<x>b", "a"), Attack("(?<x>.+)\\k<x>\\k<x>!", "ab"),
        Attack("(?<x>(?=(?:a+)+$)b|c)", "a", end: "!"),
        Attack("(?<!b)(?<x>a+)(?<=a)(?:a+)+c", "a"), Attack("(?<x>(?!.*!!).*?)@", "a!"),
        Attack("(?<p>\\((?:a|\\g<p>)*\\))!", "(a"), Attack("(?<p>a\\g<p>?b?)!", "a"),
        Attack("(?<x>(?:a{0,60}){0,60})b", "a"),
        Attack("(?<x>(?:a?){40}a{40})b", "a"), Attack("(?<x>\\X+)!", "e\u{301}"), Attack("(?<x>(?i)(?:ß|s)+)!", "sß"),
        Attack("(?<x>[[:alpha:]]+)[|;]", "é"), Attack("%{WORD:w}%{GREEDYDATA:d}[|;]", "é a"),
        Attack("(?<x>(?~ab))!", "aab"),
        Attack("\\G(?<x>(?:a|b)*)c", "ab"), Attack("(?m)(?<x>^.*$\\n)+!", "a\n"),
        Attack("(?<x>[^\"]*)\"(?<y>[^\"]*)\"!", "\"a"),
    ]
    static let library = try? PatternLibrary(series: .legacy)

    static func set(_ expressions: [String]) throws -> GrokSet {
        try GrokSet(
            expressions.map { GrokSet.Source($0) }, compiler: GrokCompiler(library: try #require(library)))
    }

    /// The time a line takes, the least of some attempts, without what is compiled once.
    static func seconds(_ matcher: GrokMatcher, _ line: [UInt8]) -> (best: Double, result: GrokMatcher.Result) {
        let text = SubjectText.classify(line.span)
        var best = Double.infinity
        var result = GrokMatcher.Result.noMatch
        for _ in 0..<3 {
            let start = ThreadTime.seconds
            result = matcher.match(line.span, as: text)
            best = min(best, ThreadTime.seconds - start)
            if best < 0.06 { break }
        }
        return (best, result)
    }

    @Test("one line takes little more than the time limit", arguments: LongTests.sample(attacks.indices, count: 16))
    func bounded(_ index: Int) throws {
        let attack = Self.attacks[index]
        let matcher = GrokMatcher(try Self.set([attack.expression]))
        for bytes in LongTests.areOn ? [40, 200, 500, 520, 4_000, 16_000, 100_000, 1_000_000] : [510, 4_000, 60_000] {
            let line = attack.line(bytes)
            let (seconds, result) = Self.seconds(matcher, line)
            #expect(seconds < 0.1, "\(attack.expression) on \(bytes) bytes took \(seconds) s and gave \(result)")
        }
    }

    @Test("the time is for a line, over all expressions of a list")
    func lists() throws {
        let expressions = Self.attacks.prefix(30).map(\.expression)
        for attack in LongTests.areOn ? [0, 1, 8, 13, 20, 26] : [0, 13] {
            let matcher = GrokMatcher(try Self.set(expressions))
            for bytes in [300, 510, 3_000, 100_000] {
                let (seconds, result) = Self.seconds(matcher, Self.attacks[attack].line(bytes))
                #expect(seconds < 0.1, "\(bytes) bytes of \(Self.attacks[attack]) took \(seconds) s and gave \(result)")
            }
        }
    }

    @Test("after an expression gave up the later ones are tried", arguments: [1_000, 10_000_000] as [UInt32])
    func laterOnes(_ steps: UInt32) throws {
        let set = try Self.set(["(?:(?<x>a+)+)+[!?]", "(?:(?<y>a+)+)+[?!]", "c(?<z>!)"])
        var limits = MatchLimits()
        limits.matchSteps = steps
        // With few steps these are what ends them, else the time: by a clock that goes on with each look.
        let matcher = GrokMatcher(
            set,
            scratch: steps == 1_000
                ? MatchScratch(limits: limits)
                : MatchScratch(limits: limits, now: { [looks = Looks(milliseconds: 1)] in looks.now() }))
        let line = Array((String(repeating: "a", count: 400) + "c!").utf8)
        #expect(matcher.match(line.span, as: .ascii) == .hit(member: 2))
        #expect(matcher.range(of: 0) == FieldRange(start: 401, end: 402))
        #expect((0..<3).map { matcher.counters(of: $0).gaveUp } == [1, 1, 0])
        // Without a hit the first that gave up is named, and not "no match".
        let other = Array((String(repeating: "a", count: 400) + "c?").utf8)
        #expect(
            matcher.match(other.span, as: .ascii) == .gaveUp(member: 0, steps == 1_000 ? .matchLimit : .timeout))
        #expect((0..<3).map { matcher.counters(of: $0).gaveUp } == [2, 2, 0])
        #expect(matcher.counters(of: 2).misses == 1)
    }

    /// A clock that goes on by some milliseconds at each look.
    private final class Looks: @unchecked Sendable {
        // One thread alone uses it.
        private(set) var count = 0
        let milliseconds: Int64

        init(milliseconds: Int64) { self.milliseconds = milliseconds }

        func now() -> Int64 {
            count += 1
            return Int64(count) * milliseconds * 1_000_000
        }
    }

    @Test("the clock decides, whatever the length", arguments: [100, 510, 3_000, 15_000, 200_000])
    func clock(_ bytes: Int) throws {
        let regex = try Regex("(?:(a+)+)+!|%")
        let line = [UInt8](repeating: UInt8(ascii: "a"), count: bytes) + Array("$".utf8)
        let fast = Looks(milliseconds: 7)
        let scratch = MatchScratch(limits: MatchLimits(), now: { fast.now() })
        #expect(regex.match(line.span, as: .ascii, scratch) == .gaveUp(.timeout))
        #expect(fast.count < 20)
    }

    @Test("a line that matches at once never asks for the time")
    func noLooks() throws {
        let set = try Self.set(["^%{TIMESTAMP_ISO8601:t} %{LOGLEVEL:l} %{GREEDYDATA:m}$", "%{NUMBER:n}"])
        let looks = Looks(milliseconds: 1)
        let matcher = GrokMatcher(set, scratch: MatchScratch(now: { looks.now() }))
        let line = Array(("2026-11-24T18:22:44Z INFO " + String(repeating: "x", count: 300)).utf8)
        for _ in 0..<100 { #expect(matcher.match(line.span, as: .ascii) == .hit(member: 0)) }
        #expect(looks.count == 0)
    }

    /// An expression, the text it stands in, and where it must match: behind so many bytes of padding, or not at all.
    struct Placed: Sendable {
        let expression: String
        let text: String
        let offset: Int?
    }

    static let placed = [
        Placed(expression: "(?<=-)a", text: "a-a", offset: 2), Placed(expression: "(?<!-)b", text: "-bb", offset: 2),
        Placed(expression: "^x", text: "x\nx", offset: 2), Placed(expression: "\\Ax", text: "x", offset: nil),
        Placed(expression: "\\Gx", text: "x", offset: nil),
        Placed(expression: "\\bfoo\\b", text: "_foo foo", offset: 5),
        Placed(expression: "a\\Kx", text: "ax", offset: 1), Placed(expression: "é(?=x)", text: "éyéx", offset: 3),
        Placed(expression: "(?<=é)x", text: "xéx", offset: 3),
        Placed(expression: "(?i)straße", text: "STRASSE", offset: 0),
        Placed(expression: "(?<q>['\"])[^'\"]*\\k<q>", text: "'a\" 'b'", offset: 4),
        Placed(expression: "(?<p>\\((?:[^()]|\\g<p>)*\\))", text: "(a (b(c)) d", offset: 3),
        Placed(expression: "x(?:a|aa)+y", text: "xaaay", offset: 0),
        Placed(expression: "y(?!z)", text: "yzy", offset: 2),
        Placed(expression: "(?>x+)x|q", text: "xxxq", offset: 3), Placed(expression: "x++y", text: "xxy", offset: 0),
        Placed(expression: "(?~ab)ab", text: "\nab", offset: 1),
        Placed(expression: "\\R\\X", text: "\r\ne\u{301}", offset: 0),
    ]

    @Test("a long line matches where a short one does", arguments: placed.indices)
    func places(_ index: Int) throws {
        let one = Self.placed[index]
        let regex = try Regex(one.expression)
        let scratch = MatchScratch()
        for pad in ["#", "é"] {
            for (before, after) in [
                (3, 3), (300, 300), (520, 0), (2_000, 2_000), (9_000, 9_000), (60_000, 10), (1, 70_000),
            ] {
                func padding(_ bytes: Int) -> [UInt8] {
                    Array(repeatElement(Array(pad.utf8), count: bytes / pad.utf8.count).joined())
                }
                let front = padding(before) + [0x23]
                let line = front + Array(one.text.utf8) + [0x23] + padding(after)
                let outcome = regex.match(line.span, as: SubjectText.classify(line.span), scratch)
                #expect(
                    outcome == (one.offset == nil ? .noMatch : .matched), "/\(one.expression)/ behind \(before) bytes")
                guard outcome == .matched, let offset = one.offset else { continue }
                // An expression that may match nothing matches before the text; what is asked is where it ends up.
                if one.expression.hasPrefix("(?~") { continue }
                #expect(scratch.start(of: 0) == front.count + offset, "/\(one.expression)/ behind \(before) bytes")
            }
        }
    }

    @Test("an empty match at the very end of a line is found", arguments: [10, 600, 5_000, 20_000])
    func end(_ bytes: Int) throws {
        let regex = try Regex("(?:a|aa)*?\\z")
        let scratch = MatchScratch()
        let line = [UInt8](repeating: UInt8(ascii: "b"), count: bytes)
        #expect(regex.match(line.span, as: .ascii, scratch) == .matched)
        #expect(scratch.start(of: 0) == bytes && scratch.end(of: 0) == bytes)
    }

    @Test("a group that goes round for each byte of a long line is no reason to give up")
    func largeStack() throws {
        let regex = try Regex("(?<p>\\((?:[^()]|\\g<p>)*\\))")
        let line = Array(("(" + String(repeating: "#", count: 70_000) + ")").utf8)
        #expect(regex.match(line.span, as: .ascii, MatchScratch()) == .matched)
        var limits = MatchLimits()
        limits.largeStackBytes = limits.stackBytes
        #expect(regex.match(line.span, as: .ascii, MatchScratch(limits: limits)) == .gaveUp(.stackLimit))
    }

    @Test("what an explanation tries ends in time too")
    func explanation() throws {
        let compiler = GrokCompiler(library: try #require(Self.library))
        for attack in [0, 3, 18, 30] {
            let line = Self.attacks[attack].line(20_000)
            let start = ThreadTime.seconds
            _ = try compiler.explain(Self.attacks[attack].expression, line: line)
            #expect(ThreadTime.seconds - start < 6, "\(Self.attacks[attack])")
        }
    }

    @Test("an explanation whose time is over says so, and asks for the time no more often than that takes")
    func explanationCutShort() throws {
        let compiler = GrokCompiler(library: try #require(Self.library))
        for (bytes, milliseconds, isCutShort) in [(20, 1, false), (20_000, 100, true)] as [(Int, Int64, Bool)] {
            let looks = Looks(milliseconds: milliseconds)
            let found = try compiler.explain(
                "%{DATA:a},%{DATA:b},%{DATA:c}[;!]", line: [UInt8](repeating: UInt8(ascii: ","), count: bytes),
                now: { looks.now() })
            #expect(found?.isCutShort == isCutShort)
            #expect(looks.count < 1_000)
        }
    }
}
