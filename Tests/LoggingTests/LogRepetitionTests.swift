import Logging
import Synchronization
import Testing

@Suite struct LogRepetitionTests {
    private let site = LogSite(file: "a.swift", line: 1)

    @Test("the first lines of a window are written and the rest counted") func counting() {
        var repetition = LogRepetition(linesPerWindow: 3, windowSeconds: 60)
        let verdicts = (0..<10).map { _ in repetition.admit(site, at: 100).verdict }
        #expect(verdicts == Array(repeating: .write, count: 3) + Array(repeating: .suppress, count: 7))
        repetition.remember("refused", .warn, for: site)
        #expect(repetition.due(at: 159, all: false).isEmpty)
        #expect(repetition.due(at: 160, all: false).map(\.text) == ["refused … repeated 7 times in the last 60 s"])
        #expect(repetition.siteCount == 0)
    }

    @Test("the next line after a window brings the window's count") func nextWindow() {
        var repetition = LogRepetition(linesPerWindow: 1, windowSeconds: 60)
        _ = repetition.admit(site, at: 0)
        repetition.remember("refused", .error, for: site)
        for _ in 0..<3412 { _ = repetition.admit(site, at: 1) }
        let next = repetition.admit(site, at: 60)
        #expect(next.verdict == .write)
        #expect(next.due.map(\.text) == ["refused … repeated 3,412 times in the last 60 s"])
        #expect(next.due.map(\.level) == [.error])
    }

    @Test(
        "counts are grouped by thousands",
        arguments: [
            (1, "once more"), (2, "2 times"), (999, "999 times"), (1000, "1,000 times"), (12_345, "12,345 times"),
        ])
    func grouping(_ count: Int, _ expected: String) {
        var repetition = LogRepetition(linesPerWindow: 1)
        for _ in 0...count { _ = repetition.admit(site, at: 0) }
        repetition.remember("m", .warn, for: site)
        #expect(repetition.due(at: 60, all: false).map(\.text) == ["m … repeated \(expected) in the last 60 s"])
    }

    @Test("sites and components are counted apart") func apart() {
        var repetition = LogRepetition(linesPerWindow: 1)
        #expect(repetition.admit(LogSite(file: "a", line: 1), at: 0).verdict == .write)
        #expect(repetition.admit(LogSite(file: "a", line: 2), at: 0).verdict == .write)
        #expect(
            repetition.admit(LogSite(file: "a", line: 1, context: [LogField("source", "b")]), at: 0).verdict == .write)
        #expect(repetition.admit(LogSite(file: "a", line: 1), at: 0).verdict == .suppress)
    }

    @Test("a window in which nothing was suppressed ends in silence") func silence() {
        var repetition = LogRepetition()
        _ = repetition.admit(site, at: 0)
        #expect(repetition.due(at: 1000, all: true).isEmpty)
        #expect(repetition.siteCount == 0)
    }

    @Test("memory is bounded: the oldest window is closed early, with its count") func bounded() {
        var repetition = LogRepetition(linesPerWindow: 1, windowSeconds: 60, maximumSites: 2)
        _ = repetition.admit(site, at: 0)
        repetition.remember("old", .warn, for: site)
        _ = repetition.admit(site, at: 5)
        _ = repetition.admit(LogSite(file: "b", line: 1), at: 6)
        let third = repetition.admit(LogSite(file: "c", line: 1), at: 10)
        #expect(third.due.map(\.text) == ["old … repeated once more in the last 10 s"])
        #expect(repetition.siteCount == 2)
    }

    @Test("a log writes, counts and reports with an injected clock, and evaluates only what it writes")
    func throughTheLog() {
        let recorder = LogRecorder()
        do {
            let box = SecondsBox()
            let log = Log(
                handler: recorder,
                clock: LogClock(wall: { LogTime(seconds: 0) }, steadySeconds: { box.seconds.load(ordering: .relaxed) }),
                repetition: LogRepetition(linesPerWindow: 2, windowSeconds: 60)
            ).with("output", "es")
            var evaluated = 0
            func message() -> String {
                evaluated += 1
                return "cannot connect"
            }
            for _ in 0..<1000 { log.limited(.warn, message(), ["port": 9200]) }
            #expect(evaluated == 2)
            log.reportRepetitions()
            box.seconds.store(60, ordering: .relaxed)
            log.reportRepetitions()
            #expect(
                recorder.lines == [
                    "[warn]: cannot connect output=es port=9200", "[warn]: cannot connect output=es port=9200",
                    "[warn]: cannot connect … repeated 998 times in the last 60 s output=es",
                ])
        }
    }
}

/// A clock's hand that a test moves.
private final class SecondsBox: Sendable {
    let seconds = Atomic<Int64>(0)
}
