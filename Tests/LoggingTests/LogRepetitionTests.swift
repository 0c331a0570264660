import Logging
import Synchronization
import TestSupport
import Testing

@Suite struct LogRepetitionTests {
    private let place = LogPlace(file: "a.swift", line: 1)
    private var refused: LogKind { LogKind(place: place, name: "refused") }

    /// Drives one kind with subjects, and returns which lines were written.
    private func written(
        _ repetition: inout LogRepetition, _ kind: LogKind, _ subjects: [String], at seconds: Int64 = 0
    ) -> [String] {
        subjects.filter { subject in
            let isWritten = repetition.admit(kind, subject: subject, at: seconds).verdict == .write
            if isWritten { repetition.remember(kind.name, .warn, for: kind) }
            return isWritten
        }
    }

    @Test("the first lines of a window are written and the rest counted") func counting() {
        var repetition = LogRepetition(limits: .init(linesPerWindow: 3, windowSeconds: 60))
        let verdicts = (0..<10).map { _ in repetition.admit(refused, at: 100).verdict }
        #expect(verdicts == Array(repeating: .write, count: 3) + Array(repeating: .suppress, count: 7))
        repetition.remember("refused", .warn, for: refused)
        #expect(repetition.due(at: 159, all: false).isEmpty)
        #expect(repetition.due(at: 160, all: false).map(\.text) == ["refused … repeated 7 times in the last 60 s"])
        #expect(repetition.windowCount == 0)
    }

    @Test("the next line after a window brings the window's count") func nextWindow() {
        var repetition = LogRepetition(limits: .init(linesPerWindow: 1, windowSeconds: 60))
        _ = repetition.admit(refused, at: 0)
        repetition.remember("refused", .error, for: refused)
        for _ in 0..<3412 { _ = repetition.admit(refused, at: 1) }
        let next = repetition.admit(refused, at: 60)
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
        var repetition = LogRepetition(limits: .init(linesPerWindow: 1))
        for _ in 0...count { _ = repetition.admit(refused, at: 0) }
        repetition.remember("m", .warn, for: refused)
        #expect(repetition.due(at: 60, all: false).map(\.text) == ["m … repeated \(expected) in the last 60 s"])
    }

    @Test("what is suppressed is listed by subject, in the order it came") func subjects() {
        var repetition = LogRepetition()
        #expect(
            written(&repetition, refused, (0..<8).reversed().map { "tag=t\($0)" })
                == ["tag=t7", "tag=t6", "tag=t5", "tag=t4", "tag=t3"])
        #expect(
            repetition.due(at: 60, all: false).map(\.text) == ["refused … in the last 60 s 3 more: tag=t2, t1, t0"])
    }

    @Test("a flood about one subject does not keep another from being named") func newSubject() {
        var repetition = LogRepetition()
        _ = written(&repetition, refused, Array(repeating: "tag=flood", count: 1000))
        #expect(written(&repetition, refused, ["tag=other", "tag=other"]) == ["tag=other"])
        #expect(
            repetition.due(at: 60, all: false).map(\.text)
                == ["refused … in the last 60 s 996 more: tag=flood (995), other"])
    }

    @Test("subjects beyond the bound are counted together") func manySubjects() {
        var repetition = LogRepetition()
        _ = written(&repetition, refused, (0..<1000).map { "tag=\($0)" })
        let text = repetition.due(at: 60, all: false).map(\.text).joined()
        #expect(text.hasPrefix("refused … in the last 60 s 995 more: tag=5, 6, 7,"))
        #expect(text.hasSuffix(", 19, others (980)"))
    }

    @Test("a line that stands for several things counts as many") func severalAtOnce() {
        var repetition = LogRepetition(limits: .init(linesPerWindow: 1))
        for _ in 0..<3 { _ = repetition.admit(refused, subject: "tag=a", count: 100, at: 0) }
        repetition.remember("m", .warn, for: refused)
        #expect(repetition.due(at: 60, all: true).map(\.text) == ["m … in the last 60 s 200 more: tag=a (200)"])
    }

    @Test("kinds, places and components are counted apart", arguments: [2, 16, 40])
    func apart(_ kinds: Int) {
        var repetition = LogRepetition()
        for turn in 0..<100 {
            for number in 0..<kinds {
                let kind = LogKind(place: place, name: "kind \(number)")
                let verdict = repetition.admit(kind, at: 0).verdict
                if turn == 0 { #expect(verdict == .write, "the first line of kind \(number) is written") }
                if verdict == .write { repetition.remember(kind.name, .warn, for: kind) }
            }
        }
        let texts = repetition.due(at: 60, all: false).map(\.text)
        #expect(texts.count == kinds)
        for number in 0..<kinds {
            let count = number < repetition.limits.talkativeKinds ? 95 : 99
            #expect(texts.contains("kind \(number) … repeated \(count) times in the last 60 s"))
        }
        #expect(
            repetition.admit(LogKind(place: LogPlace(file: "a", line: 2), name: "refused"), at: 0).verdict == .write)
        let component = LogPlace(file: "a", line: 2, context: [LogField("source", "b")])
        #expect(repetition.admit(LogKind(place: component, name: "refused"), at: 0).verdict == .write)
    }

    @Test("a window in which nothing was suppressed ends in silence") func silence() {
        var repetition = LogRepetition()
        _ = repetition.admit(refused, subject: "tag=a", at: 0)
        #expect(repetition.due(at: 1000, all: true).isEmpty)
        #expect(repetition.windowCount == 0)
    }

    @Test("however many kinds strangers invent, memory and log are bounded, and every line is counted")
    func manyKinds() {
        var repetition = LogRepetition()
        var written = 0
        for number in 0..<40_000 {
            let kind = LogKind(place: place, name: "kind \(number)" + String(repeating: "x", count: 5000))
            let verdict = repetition.admit(kind, subject: "s\(number)", level: .error, at: Int64(number) / 1000).verdict
            if verdict == .write { written += 1 }
        }
        let limits = repetition.limits
        #expect(repetition.windowCount == limits.kindsPerPlace + 1)
        #expect(written == limits.kindsPerPlace)
        let due = repetition.due(at: 100, all: true)
        #expect(due.map(\.level) == [.error])
        let text = due.map(\.text).joined()
        #expect(text.contains(" 39,936 more: kind 64xxx"))
        #expect(text.hasSuffix("; others (39,916)"))
        #expect(text.utf8.count < 3000)
    }

    @Test("nothing is lost: written and suppressed lines are all of them, for random kinds, subjects and times")
    func accounts() {
        var random = SeededGenerator(seed: 13)
        for _ in 0..<20 {
            var repetition = LogRepetition(limits: .init(linesPerWindow: 3, windowSeconds: 10))
            var written = 0
            var summaries: [LogRepetition.Summary] = []
            var now: Int64 = 0
            let total = 5000
            for _ in 0..<total {
                now += Int64.random(in: 0...100, using: &random) / 100
                let kind = LogKind(place: place, name: "k\(Int.random(in: 0..<100, using: &random))")
                let subject = "s=\(Int.random(in: 0..<40, using: &random))"
                let (verdict, due) = repetition.admit(kind, subject: subject, at: now)
                if verdict == .write { written += 1 }
                summaries += due
            }
            summaries += repetition.due(at: now, all: true)
            let suppressed = summaries.reduce(0) { sum, summary in
                let words = summary.text.split(separator: " ")
                let number = words.firstIndex(of: "more:").map { words[$0 - 1].filter { $0 != "," } } ?? ""
                return sum + (Int(number) ?? 0)
            }
            #expect(written + suppressed == total)
            #expect(repetition.windowCount == 0)
        }
    }

    @Test("the line about kinds beyond the bound has the level of the worst of them") func worstOfOthers() {
        let limits = LogRepetition.Limits()
        var repetition = LogRepetition(limits: limits)
        for number in 0..<limits.kindsPerPlace {
            _ = repetition.admit(LogKind(place: place, name: "k\(number)"), at: 0)
        }
        for level in [LogLevel.warn, .error, .debug] {
            _ = repetition.admit(LogKind(place: place, name: "further \(level)"), level: level, at: 0)
        }
        let summaries = repetition.due(at: 60, all: true)
        #expect(summaries.map(\.level) == [.error])
    }

    @Test(
        "without a kind it is the part of a message that does not vary",
        arguments: [
            ("message of 812 bytes exceeds chunk_size_limit (900)", "message of 9 bytes exceeds chunk_size_limit (1)"),
            ("field 'a' = 'x' is no long", "field 'b' = '' is no long"),
            ("no label \"x y\"", "no label \"\""), ("reason [1:660] failed", "reason [2] failed"),
        ])
    func constantPart(_ one: String, _ other: String) {
        #expect(LogKind.constantPart(of: one) == LogKind.constantPart(of: other))
        #expect(!LogKind.constantPart(of: one).contains("812"))
    }

    @Test("an apostrophe quotes nothing, and words stay") func apostrophe() {
        #expect(LogKind.constantPart(of: "Fluentd's format, it isn't read") == "Fluentd's format, it isn't read")
        #expect(LogKind.constantPart(of: "no map") != LogKind.constantPart(of: "no array"))
        #expect(
            LogKind.constantPart(of: String(repeating: "é", count: 5000)).utf8.count <= LogKind.maximumNameBytes + 3)
    }

    @Test("a log writes, counts and reports with an injected clock, and evaluates only what it writes")
    func throughTheLog() {
        let recorder = LogRecorder()
        let box = SecondsBox()
        let log = Log(
            handler: recorder,
            clock: LogClock(wall: { LogTime(seconds: 0) }, steadySeconds: { box.seconds.load(ordering: .relaxed) }),
            repetition: LogRepetition(limits: .init(linesPerWindow: 2, windowSeconds: 60))
        ).with("output", "es")
        var evaluated = 0
        func message() -> String {
            evaluated += 1
            return "cannot connect"
        }
        for _ in 0..<1000 {
            log.limited(.warn, kind: "connect", subject: ["host": "h\u{1b}"], message(), ["port": 9200])
        }
        #expect(evaluated == 2)
        log.limited(.warn, "took \(1) ms")
        for number in 0..<3 { log.limited(.warn, "took \(number) ms") }
        log.reportRepetitions()
        box.seconds.store(60, ordering: .relaxed)
        log.reportRepetitions()
        let line = #"[warn]: cannot connect output=es host="h\u001b" port=9200"#
        #expect(
            recorder.lines == [
                line, line, "[warn]: took 1 ms output=es", "[warn]: took 0 ms output=es",
                "[warn]: took 1 ms output=es",
                #"[warn]: cannot connect … in the last 60 s 998 more: host=h\u001b (998) output=es"#,
                "[warn]: took 1 ms … repeated once more in the last 60 s output=es",
            ])
    }
}

/// A clock's hand that a test moves.
private final class SecondsBox: Sendable {
    let seconds = Atomic<Int64>(0)
}
