import Grok
import Testing

@Suite struct GrokCompilerTests {
    static func library(_ text: String) -> PatternLibrary {
        var library = PatternLibrary()
        library.add(text: text, file: "test")
        return library
    }

    private func error(_ expression: String, _ definitions: String) -> GrokError? {
        do {
            _ = try GrokCompiler(library: Self.library(definitions)).compile(expression)
            return nil
        } catch {
            return error
        }
    }

    @Test("fields come in order with their types, aliases of Logstash included")
    func fields() throws {
        let compiler = GrokCompiler(library: Self.library("W \\w+\nN \\d+\nBOTH %{W:[a][w]} %{N:[a][n]:integer}\n"))
        let pattern = try compiler.compile(
            "%{N:i:int} %{BOTH} %{N:l:long} %{N:d:double} %{W:b:boolean} %{W:t:time:%H:%M} %{W:s:array:;} (?<x>y)")
        #expect(
            pattern.fields == [
                GrokField(name: "i", type: .integer), GrokField(name: "a.w", type: .string),
                GrokField(name: "a.n", type: .integer), GrokField(name: "l", type: .integer),
                GrokField(name: "d", type: .float), GrokField(name: "b", type: .bool),
                GrokField(name: "t", type: .time(format: "%H:%M")), GrokField(name: "s", type: .array(separator: ";")),
                GrokField(name: "x", type: .string),
            ])
    }

    @Test("an unknown name says where it is and what may have been meant")
    func unknownName() throws {
        let found = try #require(error("ab %{WROD:x}", "WORD \\w+\n"))
        #expect(found.kind == .unknownName)
        #expect(found.offset == 3 && found.length == 9)
        #expect(found.hint == "did you mean WORD?")
        let inner = try #require(error("%{OUT:x}", "OUT a%{MID}\nMID %{INNER}\n"))
        #expect(inner.path == ["OUT", "MID"])
        #expect(inner.offset == 0 && inner.length == 8)
    }

    @Test("a definition that leads back to itself is an error that shows the way")
    func cycle() throws {
        let found = try #require(error("%{A:x}", "A a%{B}\nB b%{A}?\n"))
        #expect(found.kind == .cycle)
        #expect(found.message.contains("A → B → A"))
        #expect(error("%{A:x}", "A a%{A}?\n")?.message.contains("A → A") == true)
    }

    @Test("a bad regular expression is placed in the operator's expression, through every level")
    func places() throws {
        let own = try #require(error("x%{W:w}[z-a]", "W \\w+\n"))
        #expect(own.offset == 8 && own.length == 3 && own.path.isEmpty)
        let inside = try #require(error("ab%{OUT:x}c", "OUT -%{BAD}-\nBAD a(b\n"))
        #expect(inside.offset == 2 && inside.length == 8)
        #expect(inside.path == ["OUT", "BAD"])
        #expect(inside.kind == .badExpression)
        let after = try #require(error("%{W:a}%{W:b})", "W \\w+\n"))
        #expect(after.offset == 12 && after.length == 1)
    }

    @Test("what captures nothing, has a wrong type or grows without bound is refused")
    func refusals() {
        #expect(error("%{W}", "W x\n")?.kind == .noField)
        #expect(error("%{W:a:number}", "W x\n")?.kind == .unknownType)
        #expect(error("%{W:a:b:integer}", "W x\n")?.kind == .unknownType)
        #expect(error("%{W:a:array:,} %{W:b}", "W x\n")?.kind == .unknownType)
        #expect(error("/a/%{W:x}", "W x\n")?.kind == .badExpression)
        var laughs = "L0 aaaaaaaaaa\n"
        for level in 1...9 { laughs += "L\(level) " + String(repeating: "%{L\(level - 1)}", count: 10) + "\n" }
        #expect(error("%{L9:x}", laughs)?.kind == .tooLarge)
    }

    @Test("a list keeps its good patterns, counts per pattern, and the first hit wins")
    func lists() throws {
        let compiler = GrokCompiler(library: Self.library("W [a-z]+\nN \\d+\n"))
        let set = try GrokSet(
            [.init("n=%{N:n}", name: "numbers"), .init("(%{W:x}"), .init("w=%{W:w}"), .init("%{W:any}-%{N:n}")],
            compiler: compiler)
        #expect(set.rejected.map(\.index) == [1])
        #expect(set.members.map(\.index) == [0, 2, 3])
        let matcher = GrokMatcher(set)
        func run(_ line: String) -> GrokMatcher.Result {
            let bytes = Array(line.utf8)
            return matcher.match(bytes.span, as: SubjectText.classify(bytes.span))
        }
        #expect(run("n=5") == .hit(member: 0))
        #expect(matcher.range(of: 0) == FieldRange(start: 2, end: 3))
        #expect(run("w=é a-7") == .hit(member: 2))
        #expect(run("???") == .noMatch)
        let invalid: [UInt8] = [0xFF]
        let other = GrokMatcher(set)
        #expect(other.match(invalid.span, as: SubjectText.classify(invalid.span)) == .gaveUp(member: 0, .invalidUTF8))
        #expect((0..<3).map { matcher.counters(of: $0).hits } == [1, 0, 1])
        #expect((0..<3).map { matcher.counters(of: $0).misses } == [2, 2, 1])
        #expect(throws: GrokError.self) { _ = try GrokSet([.init("%{W:w}"), .init("%{NOPE:x}")], compiler: compiler) }
        #expect(throws: GrokError.self) { _ = try GrokSet([.init("(%{W:w}")], compiler: compiler) }
    }

    @Test("a pattern finds its line also behind others that were none of its")
    func afterMisses() throws {
        let compiler = GrokCompiler(library: Self.library("W [a-z]+\nN \\d+\n"))
        let set = try GrokSet([.init("%{W:w} took %{N:n}"), .init("^%{N:n}!"), .init("%{W:any}")], compiler: compiler)
        let matcher = GrokMatcher(set)
        let lines: [(String, Int?)] = [
            ("it took 5", 0), ("it gave", 2), ("-", nil), ("it took 6", 0), ("it took", 2), ("7 took 7", 2), ("7!", 1),
            ("a took 8", 0), ("!", nil), ("é took 9", 2), ("- took 9", 2), ("b took 9", 0),
        ]
        // Often enough for the programs of the expressions to be made.
        for _ in 0..<20 {
            for (line, member) in lines {
                let bytes = Array(line.utf8)
                let result = matcher.match(bytes.span, as: SubjectText.classify(bytes.span))
                #expect(result == member.map { .hit(member: $0) } ?? .noMatch, "\(line)")
            }
        }
        #expect((0..<3).map { matcher.counters(of: $0).hits } == [80, 20, 100])
        #expect((0..<3).map { matcher.counters(of: $0).misses } == [160, 140, 40])
    }

    @Test("a line that exceeds the limit is given up and counted")
    func limits() throws {
        let set = try GrokSet([.init("^(?<x>(?:a+,?)+)$")], compiler: GrokCompiler(library: PatternLibrary()))
        var limits = MatchLimits()
        limits.matchSteps = 1_000
        let matcher = GrokMatcher(set, scratch: MatchScratch(limits: limits))
        let line = Array((String(repeating: "a", count: 60) + "b").utf8)
        #expect(matcher.match(line.span, as: .ascii) == .gaveUp(member: 0, .matchLimit))
        #expect(matcher.counters(of: 0).gaveUp == 1)
    }

    @Test("more groups than the scratch has room for make it grow")
    func manyGroups() throws {
        let expression = (0..<150).map { "(?<f\($0)>a)" }.joined()
        let set = try GrokSet([.init(expression)], compiler: GrokCompiler(library: PatternLibrary()))
        let matcher = GrokMatcher(set, scratch: MatchScratch(captures: 1))
        let line = Array(String(repeating: "a", count: 150).utf8)
        #expect(matcher.match(line.span, as: .ascii) == .hit(member: 0))
        #expect(matcher.range(of: 149) == FieldRange(start: 149, end: 150))
    }
}
