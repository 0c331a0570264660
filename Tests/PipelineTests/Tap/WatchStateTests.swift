import Events
import Monitor
import Testing

@testable import Pipeline

@Suite("Tap: what a watch may see") struct WatchStateTests {
    private func event(_ record: String = "{}") -> TapEvent {
        TapEvent(tag: "a", time: EventTime(seconds: 0), label: "@ROOT", record: record)
    }

    @Test("so many events a second are shown and so many looked at, and the others are counted as missed")
    func rate() {
        var state = WatchState(perSecond: 10, now: 0)
        #expect(state.grant(100_000, now: 0) == WatchState.examinedPerSecond)
        for _ in 0..<20 { state.add(event()) }
        let answer = state.answer(since: 0, now: 0)
        #expect(answer.events.count == 10)
        #expect(answer.missed == 100_000 - WatchState.examinedPerSecond + 10)
        // Nothing more is looked at until something may be shown again.
        #expect(state.grant(5, now: 0) == 0)
        #expect(state.grant(5, now: 1000) == 5)
    }

    @Test("of a batch no more is granted than is followed, and what is not followed is missed and stays in the budget")
    func most() {
        var state = WatchState(perSecond: 10, now: 0)
        #expect(state.grant(1000, atMost: 64, now: 0) == 64)
        #expect(state.answer(since: 0, now: 0).missed == 1000 - 64)
        // The budget has lost the ones that were looked at, and no others.
        #expect(state.grant(100_000, now: 0) == WatchState.examinedPerSecond - 64)
    }

    @Test("an answer has what came since the last one, and keeps the watch alive")
    func since() {
        var state = WatchState(perSecond: 10, now: 0)
        state.add(event(#"{"n":0}"#))
        #expect(state.answer(since: nil, now: 0).events.isEmpty)
        let first = state.answer(since: 0, now: 0)
        #expect(first.events.map(\.number) == [0])
        state.add(event(#"{"n":1}"#))
        #expect(state.answer(since: first.next, now: 4000).events.map(\.event.record) == [#"{"n":1}"#])
        #expect(state.endsAt == 4000 + TapBoard.leaseMilliseconds)
        #expect(state.grant(1, now: 4000 + TapBoard.leaseMilliseconds) == 0)
    }

    @Test("what waits for the next question has a bound in events and in bytes")
    func bounds() {
        var state = WatchState(perSecond: 100, now: 0)
        var now: Int64 = 0
        for _ in 0..<30 {
            _ = state.answer(since: nil, now: now)
            _ = state.grant(100, now: now)
            for _ in 0..<100 { state.add(event(String(repeating: "x", count: 10_000))) }
            now += 1000
        }
        let kept = state.answer(since: 0, now: now)
        #expect(kept.next == 3000)
        #expect(kept.events.count * 10_000 <= WatchState.keptBytesLimit)
        #expect(kept.events.last?.number == 2999)
    }

    @Test("a pattern that is none, and too many watches, are refused with a sentence")
    func refusals() throws {
        let board = TapBoard()
        var query = TapQuery()
        query.tag = "{a"
        #expect(throws: TapRefusal.self) { try board.answer(query, since: nil) }
        for number in 0..<TapBoard.watchLimit {
            query.tag = "tag\(number)"
            _ = try board.answer(query, since: nil)
        }
        query.tag = "one.more"
        #expect(throws: TapRefusal("16 others are watching: one of them must end first")) {
            try board.answer(query, since: nil)
        }
    }
}
