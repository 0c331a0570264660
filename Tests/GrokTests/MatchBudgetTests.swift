import Synchronization
import Testing

@testable import Grok

@Suite("The time of one text, and patterns one after the other")
struct MatchBudgetTests {
    /// A clock that a test sets.
    private final class HandClock: Sendable {
        let nanoseconds = Mutex<Int64>(0)
        func set(_ value: Int64) { nanoseconds.withLock { $0 = value } }
    }

    private let clock = HandClock()

    private func budget() -> MatchBudget {
        MatchBudget(timeoutNanoseconds: 1000) { [clock] in clock.nanoseconds.withLock { $0 } }
    }

    @Test("a search has its share of the time that is left, and what it did not use is there for the next")
    func shares() {
        var budget = budget()
        budget.begin()
        budget.grant(oneOf: 2)
        let first = budget.nanosecondsLeft()
        clock.set(499)
        let isEarly = budget.look()
        clock.set(500)
        let isOver = budget.look()
        budget.returnGrant()
        let goesOn = !budget.look()
        budget.grant(oneOf: 2)
        let second = budget.nanosecondsLeft()
        budget.grant(oneOf: 1)
        let rest = budget.nanosecondsLeft()
        clock.set(1000)
        let isEnd = budget.look()
        #expect(first == 500 && !isEarly && isOver && goesOn && second == 250 && rest == 500 && isEnd)
    }

    @Test("each text has all of the time, from its own first look on") func anew() {
        var budget = budget()
        budget.begin()
        budget.grant(oneOf: 4)
        clock.set(5000)
        budget.begin()
        let first = budget.look()
        clock.set(5999)
        let isEarly = budget.look()
        clock.set(6000)
        let isOver = budget.look()
        #expect(!first && !isEarly && isOver)
    }

    private func set(_ sources: [GrokSet.Source]) throws -> GrokSet {
        try GrokSet(sources, compiler: GrokCompiler(library: PatternLibrary()))
    }

    private func match(_ matcher: GrokMatcher, _ line: String) -> GrokMatcher.Result {
        Array(line.utf8).withUnsafeBytes { matcher.match($0, as: .ascii) }
    }

    @Test("after a pattern that gave up the later ones are tried; without a match it is said which gave up")
    func later() throws {
        var limits = MatchLimits()
        limits.matchSteps = 100
        let slow = GrokSet.Source("^(?<x>(?:a|aa)+)$")
        let line = String(repeating: "a", count: 60) + "!"
        let matcher = GrokMatcher(try set([slow, .init("^(?<m>.*)$")]), scratch: MatchScratch(limits: limits))
        #expect(match(matcher, line) == .hit(member: 1))
        let none = GrokMatcher(
            try set([.init("^(?<b>b)"), slow, .init("^(?<c>c)")]), scratch: MatchScratch(limits: limits))
        #expect(match(none, line) == .gaveUp(member: 1, .matchLimit))
    }

    @Test("a later section takes the place of one of the same name") func sameName() throws {
        let set = try set([.init("^(?<v>a)", name: "x"), .init("^(?<v>b)", name: "y"), .init("^(?<v>c)", name: "x")])
        #expect(set.members.map(\.name) == ["x", "y"] && set.members.map(\.index) == [2, 1])
        #expect(match(GrokMatcher(set), "a") == .noMatch)
        #expect(match(GrokMatcher(set), "c") == .hit(member: 0))
    }

    @Test("a literal is found behind however many of its single letters") func literal() throws {
        let matcher = GrokMatcher(try set([.init("zq(?<n>[0-9]+)")]))
        let letters = String(repeating: "z", count: 150) + " " + String(repeating: "q", count: 150)
        #expect(match(matcher, letters + " zq5") == .hit(member: 0))
        #expect(match(matcher, letters) == .noMatch)
    }
}
