import Events
import Filters
import TestSupport
import Testing

@Suite struct DetectExceptionsTests {
    /// What comes out of lines, one batch each or all in one, and what is left at the end.
    private func joined(
        _ lines: [String], languages: [String] = ["all"], inOneBatch: Bool,
        _ change: (inout DetectExceptionsEmitter.Settings) -> Void = { _ in }
    ) throws -> [String] {
        var settings = DetectExceptionsEmitter.Settings(rules: try TraceRules(languages: languages))
        settings.removedPrefix = Array("raw".utf8)
        settings.separator = Array("|".utf8)
        change(&settings)
        let target = LineTaker()
        let emitter = DetectExceptionsEmitter(settings, target: target, limits: HeldLimits())
        let tag = Events.Tag("raw.app")
        var batch = EventBatch()
        for line in lines {
            var json = ByteBuffer()
            json.appendJSONString(line)
            try batch.add(#"{"log":\#(json.text)}"#)
            if inOneBatch { continue }
            _ = emitter.emit(Events.Batch(tag), storage: &batch.storage, rows: &batch.rows)
            batch = EventBatch()
        }
        _ = emitter.emit(Events.Batch(tag), storage: &batch.storage, rows: &batch.rows)
        let moment = StageMoment(milliseconds: 0, time: EventTime(seconds: 0), isLast: true)
        _ = emitter.release(at: moment) { batch, storage, rows in
            target.emit(batch, storage: &storage, rows: &rows)
        }
        #expect(emitter.heldEvents == 0)
        return target.lines
    }

    private static let traces: [(language: String, lines: [String])] = [
        (
            "java",
            [
                "java.lang.RuntimeException: a", "\tat a.B.c(B.java:1)", "\t... 3 more",
                "Caused by: java.io.IOException: b",
                "\tat d.E.f(E.java:2)", "\tSuppressed: x", "\tat g.H.i(H.java:3)",
            ]
        ),
        ("js", ["TypeError: x is no function", "    at eval (a.js:1:2)", "    at b.js:3:4"]),
        (
            "csharp",
            [
                "System.Exception: a ---> b", "  at A.B () in x.cs:1", "   --- End of inner exception stack trace ---",
                "  at A.C ()",
            ]
        ),
        (
            "python",
            ["Traceback (most recent call last):", "  File \"a.py\", line 1, in f", "    g()", "ValueError: bad"]
        ),
        (
            "php",
            [
                "PHP Fatal error: Uncaught", "Stack trace:", "#0 a.php(1): f()", "#1 {main}",
                "  thrown in a.php on line 1",
            ]
        ),
        (
            "go",
            [
                "panic: boom", "", "goroutine 1 [running]:", "main.f(0x1)", "\t/a/main.go:1 +0x1", "created by main.g",
                "\t/a/b.go:2",
            ]
        ),
        ("ruby", ["NoMethodError (undefined method):", "  app/a.rb:1:in `b'", "  app/c.rb:2:in `d'"]),
        (
            "dart",
            ["Unhandled exception:", "RangeError: 1", "#0   main (file:///a.dart:1)", "<asynchronous suspension>"]
        ),
    ]

    @Test("a trace of each language is one event, however its lines come", arguments: [true, false])
    func traces(_ inOneBatch: Bool) throws {
        for (language, lines) in Self.traces {
            let all = ["before"] + lines + ["after"]
            let whole = ["before", lines.joined(separator: "|"), "after"]
            #expect(try joined(all, inOneBatch: inOneBatch) == whole, "\(language)")
            #expect(try joined(all, languages: [language], inOneBatch: inOneBatch) == whole, "\(language)")
            let other = language == "php" ? "go" : "php"
            #expect(
                try joined(all, languages: [other], inOneBatch: inOneBatch) == all,
                "\(language) by the rules of \(other)")
        }
    }

    @Test("one trace behind the other are two events") func twice() throws {
        let lines = Self.traces[0].lines
        let whole = lines.joined(separator: "|")
        #expect(try joined(lines + lines, inOneBatch: false) == [whole, whole])
        #expect(try joined(lines, inOneBatch: true) == [whole])
    }

    @Test("a trace has an end at its limits") func limits() throws {
        let lines = Self.traces[0].lines
        #expect(
            try joined(lines, inOneBatch: true) { $0.maximumLines = 3 }.first == lines[0..<3].joined(separator: "|"))
        #expect(
            try joined(lines, inOneBatch: true) { $0.maximumBytes = 60 }.first == lines[0..<3].joined(separator: "|"))
    }

    @Test("a tag without the prefix would come back, and is refused; to another label it goes") func tags() throws {
        var settings = DetectExceptionsEmitter.Settings(rules: try TraceRules(languages: ["all"]))
        settings.removedPrefix = Array("raw".utf8)
        for isRefused in [true, false] {
            settings.needsNewTag = isRefused
            let target = LineTaker()
            let emitter = DetectExceptionsEmitter(settings, target: target, limits: HeldLimits())
            let batch = EventBatch(tag: "rawx.app")
            try batch.add(#"{"log":"x"}"#)
            _ = emitter.emit(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
            #expect(batch.rows.rejections.count == (isRefused ? 1 : 0))
            #expect(target.tags == (isRefused ? [] : ["rawx.app"]))
        }
    }
}

/// The texts of what it is given.
private final class LineTaker: Emitter {
    private(set) var lines: [String] = []
    private(set) var tags: [String] = []

    func emit(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        for record in rows.records {
            tags.append(batch.tag.text)
            for index in record.fieldRange {
                var text = ByteBuffer()
                text.appendText(rows.fields[index].value, storage)
                lines.append(text.text)
            }
        }
        return .accepted
    }
}
